import { RedisCacheTimeoutError } from '../../lib/contract/redis-errors.js';
import {
  type CacheStore,
  type Command,
  EPOCH,
  type EntryExtras,
  type Operation,
  type Reply,
  type Watch,
} from '../../lib/core/cache-store.js';
import type { Random } from '../chaos/random.js';

/** What the model looks at beside the command, when it can: the store of a simulation answers at once. */
export interface Server {
  readonly store: CacheStore;
  /** Carries a command out as it arrives. */
  arrive(command: Command): Promise<unknown>;
  /** Told of what is sent, of every answer that has come back, and of what was lost. */
  sent?(command: Command): void;
  answered?(command: Command, reply: unknown, sentAt: number): void;
  lost?(command: Command): void;
  /** Cuts a command into those that a cluster would carry out one by one; absent: none is cut. */
  split?(command: Command): readonly Command[] | undefined;
}

/** Carries out a command, or the part of one, as it arrives. */
export type Arrival<Answer> = (command: Command) => Promise<Answer>;

/** How messages travel. */
export interface Weather {
  readonly random: Random;
  /** The longest time one way, in milliseconds. */
  readonly delay: number;
  /** How likely an answer is lost. */
  readonly loss: number;
}

/** After so many milliseconds an answer is not waited for any longer. */
const PATIENCE = 60;

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** The connection of one process: what goes one way keeps its order, takes its time, and may be lost. */
export class Wire implements CacheStore {
  readonly #server: Server;
  readonly #weather: Weather;
  #lastThere: Promise<void> = Promise.resolve();
  #lastBack: Promise<void> = Promise.resolve();
  #isCut = false;
  /** Rejects what is left when everything is over. */
  #bury: (error: Error) => void = () => undefined;
  readonly #grave: Promise<never>;

  constructor(server: Server, weather: Weather) {
    this.#server = server;
    this.#weather = weather;
    this.#grave = new Promise((_resolve, reject) => {
      this.#bury = reject;
    });
    this.#grave.catch(() => undefined);
  }

  /** The process has died: what is on its way may arrive, nothing else does, and no answer comes back. */
  cut(): void {
    this.#isCut = true;
  }

  /** Lets what the dead process still waits for end, so that nothing of it stays behind. */
  bury(): void {
    this.#bury(new RedisCacheTimeoutError('REDIS_TIMEOUT', 'Its process has died.'));
  }

  roomFor(extras: EntryExtras | undefined): number {
    return this.#server.store.roomFor(extras);
  }

  execute<Op extends Operation>(command: Command<Op>): Promise<Reply<Op>> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a command of one operation is one of all
    const whole = command as Command;
    const parts = this.#server.split?.(whole);
    const arrive: Arrival<unknown> = (part) => this.#server.arrive(part);
    // Each part answers a list of one, or nothing.
    const replying = parts === undefined ? this.#send(whole, arrive) : this.#sendParts(whole, parts, arrive);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what comes back is its answer
    return replying as Promise<Reply<Op>>;
  }

  /** Takes a command that answers a list to where it arrives, in parts if the server wants parts. */
  protected carry<Item>(command: Command, arrive: Arrival<readonly Item[]>): Promise<readonly Item[]> {
    const parts = this.#server.split?.(command);
    return parts === undefined ? this.#send(command, arrive) : this.#sendParts(command, parts, arrive);
  }

  async watch(prefix: string, key: string, onChange: () => void): Promise<Watch> {
    if (this.#isCut) return await this.#grave;
    const { store } = this.#server;
    await this.#travel('there');
    // The news comes over a connection of its own: it may overtake the answer.
    const watch = await store.watch(prefix, key, () => void this.#tell(onChange));
    await this.#travel('back');
    return this.#isCut ? await this.#grave : watch;
  }

  async close(): Promise<void> {
    // Others use the store as well.
  }

  async #tell(onChange: () => void): Promise<void> {
    await pauseFor(this.#drawDelay());
    if (!this.#isCut) onChange();
  }

  async #sendParts<Item>(
    command: Command,
    parts: readonly Command[],
    arrive: Arrival<Item | readonly Item[]>,
  ): Promise<readonly Item[]> {
    const replies: (Item | readonly Item[])[] = [];
    if (command.op === 'evict') for (const part of parts) replies.push(await this.#send(part, arrive));
    else replies.push(...(await Promise.all(parts.map((part) => this.#send(part, arrive)))));
    return replies.flatMap((reply) => reply);
  }

  async #send<Answer>(command: Command, arrive: Arrival<Answer>): Promise<Answer> {
    if (this.#isCut) return await this.#grave;
    const sentAt = performance.now();
    const { random, loss } = this.#weather;
    this.#server.sent?.(command);
    if (loss > 0 && random.happens(loss)) return await this.#lose(command, arrive);
    await this.#travel('there');
    const [outcome] = await Promise.allSettled([arrive(command)]);
    await this.#travel('back');
    if (this.#isCut) return await this.#grave;
    if (outcome.status === 'rejected') throw outcome.reason;
    this.#server.answered?.(command, outcome.value, sentAt);
    return outcome.value;
  }

  /** Nobody will know whether it was carried out: at once, much later, or never. */
  async #lose(command: Command, arrive: Arrival<unknown>): Promise<never> {
    const fate = this.#weather.random.between(0, 2);
    this.#server.lost?.(command);
    if (fate > 0)
      void this.#arriveLate(command, arrive, fate === 1 ? 0 : this.#weather.random.between(50, 300));
    await pauseFor(PATIENCE);
    if (this.#isCut) return await this.#grave;
    throw new RedisCacheTimeoutError('REDIS_OUTCOME_UNKNOWN_TIMEOUT', `The answer to ${command.op} is lost.`);
  }

  async #arriveLate(command: Command, arrive: Arrival<unknown>, after: number): Promise<void> {
    await this.#travel('there');
    await pauseFor(after);
    await arrive(command).catch(() => undefined);
  }

  /** One behind the other, however long each takes. */
  #travel(way: 'there' | 'back'): Promise<void> {
    const due = performance.now() + this.#drawDelay();
    const before = way === 'there' ? this.#lastThere : this.#lastBack;
    const arrival = this.#weather.delay === 0 ? before : before.then(() => pauseFor(due - performance.now()));
    if (way === 'there') this.#lastThere = arrival;
    else this.#lastBack = arrival;
    return arrival;
  }

  #drawDelay(): number {
    return this.#weather.delay === 0 ? 0 : this.#weather.random.between(0, this.#weather.delay);
  }
}

/** What a cluster carries out one by one, and the first of an eviction before the others. */
export function splitByKey(
  command: Command,
  everything: () => readonly Command[],
): readonly Command[] | undefined {
  const { prefix } = command;
  switch (command.op) {
    case 'read':
      return command.keys.map((key) => ({ op: 'read', prefix, keys: [key] }));
    case 'remove':
      return command.keys.map((key) => ({ op: 'remove', prefix, keys: [key] }));
    case 'write':
      return command.puts.map((put) => ({ op: 'write', prefix, puts: [put] }));
    case 'versions':
      return command.tags.map((tag) => ({ op: 'versions', prefix, tags: [tag] }));
    case 'stamp':
      return command.tags.map((tag) => ({ op: 'stamp', prefix, tags: [tag], need: command.need }));
    case 'evict':
      return command.tags.map((tag) => ({ op: 'evict', prefix, tags: [tag] }));
    case 'clear':
      return everything();
    default:
      return undefined;
  }
}

/** Everything that a clear finds, in an order that nobody can rely on. */
export function clearedOneByOne(
  prefix: string,
  keys: readonly string[],
  tags: readonly string[],
  random: Random,
): readonly Command[] {
  const removals: Command[] = keys.map((key) => ({ op: 'remove', prefix, keys: [key] }));
  const evictions: Command[] = [...tags, EPOCH].map((tag) => ({ op: 'evict', prefix, tags: [tag] }));
  return random.shuffle([...removals, ...evictions]);
}

export function pauseFor(milliseconds: number): Promise<void> {
  return milliseconds > 0 ? pause(milliseconds) : Promise.resolve();
}
