import type { CacheStore, Command, Grant, Slot } from '../../lib/core/cache-store.js';
import { MemoryStore } from '../../lib/memory/memory-store.js';
import type { Random } from '../chaos/random.js';
import { type History, putIn } from './history.js';
import type { NewsLine } from './news-line.js';
import { FREE, KEPT, TAGS } from './program.js';
import { StoreEnds } from './store-ends.js';
import { clearedOneByOne, splitByKey } from './wire.js';

/** What the server granted. */
interface Given {
  readonly key: string;
  readonly writeId: string | undefined;
}

/** A refresh that failed. */
interface Failure {
  readonly writeId: string;
  readonly until: number;
}

/** One store in memory that many processes share, and that is looked at around each transition of a lease. */
export class SimulatedServer {
  readonly store: CacheStore;
  readonly ends = new StoreEnds();
  /** On which processes hear what has changed. */
  readonly lines = new Set<NewsLine>();
  readonly #history: History;
  readonly #random: Random;
  readonly #pauseFor: number;
  readonly #isSplit: boolean;
  readonly #given = new Map<string, Given>();
  readonly #failures = new Map<string, Failure>();
  /** How far its clock is ahead, in milliseconds. */
  ahead = 0;

  constructor(history: History, random: Random, pauseFor: number) {
    this.#history = history;
    this.#random = random;
    this.#pauseFor = pauseFor;
    this.#isSplit = random.happens(0.5);
    this.store = new MemoryStore({
      maxEntries: 1_000,
      maxBytes: 2 ** 24,
      clock: () => performance.now() + this.ahead,
    });
  }

  split(command: Command): readonly Command[] | undefined {
    if (!this.#isSplit) return undefined;
    const { prefix } = command;
    return splitByKey(command, () => clearedOneByOne(prefix, [...FREE, ...KEPT], TAGS, this.#random));
  }

  async arrive(command: Command, process: number): Promise<unknown> {
    // All of it is carried out before anything else can arrive.
    const before = this.#look(command);
    const replying = this.store.execute(command);
    const after = this.#look(command);
    const slots = [await before, await after] as const;
    const reply = await replying;
    this.#judge(command, reply, process, ...slots);
    this.ends.note(command, reply, ...slots);
    return reply;
  }

  /** Forgets everything, and tells everybody. */
  async flush(prefix: string): Promise<void> {
    for (const line of this.lines) line.forget();
    await this.store.execute({ op: 'clear', prefix });
    for (const line of this.lines) line.tellLoss();
  }

  #look(command: Command): Promise<Slot | undefined> {
    const key = 'key' in command ? command.key : 'put' in command ? command.put.key : undefined;
    if (key === undefined) return Promise.resolve(undefined);
    const looking = this.store.execute({ op: 'read', prefix: command.prefix, keys: [key] });
    return looking.then(([slot]) => (slot !== undefined && 'state' in slot ? slot : undefined));
  }

  #judge(
    command: Command,
    reply: unknown,
    process: number,
    before: Slot | undefined,
    after: Slot | undefined,
  ): void {
    const now = performance.now();
    if (command.op === 'write') {
      for (const put of command.puts) this.#history.confirm(putIn(put.bytes), now, now);
    } else if (command.op === 'settle' && reply === true) {
      this.#history.confirm(putIn(command.put.bytes), now, now);
    } else if (command.op === 'acquire') this.#judgeGrant(command, reply, before, after, now);
    else if (command.op === 'fulfil') this.#judgeFulfilment(command, reply, before, after, now);
    else if (command.op === 'release' && reply === true && before?.state === 'entry') {
      const run = this.#history.runs.findLast(
        ({ key, ...other }) => key === command.key && other.process === process,
      );
      // Another one may be made at once when what was loaded was outdated before it was written.
      if (run?.hasFailed !== true) return;
      this.#failures.set(command.key, { writeId: before.writeId, until: now + this.#pauseFor });
    }
  }

  #judgeGrant(
    { key, token }: Command<'acquire'>,
    reply: unknown,
    before: Slot | undefined,
    after: Slot | undefined,
    now: number,
  ): void {
    if (outcomeIn(reply) !== 'granted') return;
    this.#given.set(token, { key, writeId: writeIdIn(after) });
    const failure = this.#failures.get(key);
    if (failure !== undefined && failure.writeId === writeIdIn(before) && now < failure.until) {
      this.#history.flaws.push(
        `13: a refresh of ${key} began ${failure.until - now} ms before the pause of ${this.#pauseFor} ms was over`,
      );
    }
  }

  #judgeFulfilment(
    { put, token }: Command<'fulfil'>,
    reply: unknown,
    before: Slot | undefined,
    after: Slot | undefined,
    now: number,
  ): void {
    const given = this.#given.get(token);
    const other = leaseIn(before);
    const isReplaced =
      writeIdIn(before) === undefined ||
      writeIdIn(before) !== given?.writeId ||
      (other !== undefined && other !== '' && other !== token);
    if (reply === true) this.#history.confirm(putIn(put.bytes), now, now);
    if (isReplaced && (reply === true || writeIdIn(before) !== writeIdIn(after))) {
      this.#history.flaws.push(`2: a fulfilment of ${put.key} whose lease had been replaced changed it`);
    }
    if (!isReplaced && reply !== true) {
      this.#history.flaws.push(`3: the owner of the lease of ${put.key} was not allowed to fulfil it`);
    }
  }
}

function outcomeIn(reply: unknown): Grant['outcome'] | undefined {
  return typeof reply === 'object' && reply !== null ? Reflect.get(reply, 'outcome') : undefined;
}

function writeIdIn(slot: Slot | undefined): string | undefined {
  return slot === undefined || slot.state === 'absent' ? undefined : slot.writeId;
}

function leaseIn(slot: Slot | undefined): string | undefined {
  if (slot?.state === 'lease') return slot.lease.token;
  return slot?.state === 'entry' ? slot.refresh?.lease?.token : undefined;
}
