import { performance } from 'node:perf_hooks';
import type { ResolvedNearOptions } from '../config/resolved-redis-cache-options.js';
import type { CacheNearMetrics } from '../contract/cache-metrics.js';
import type {
  BlockingOperation,
  CacheStore,
  Command,
  CommandHandlers,
  EntryExtras,
  EntrySlot,
  Operation,
  Outcome,
  Reply,
  Slot,
  TagVersion,
  Watch,
} from '../core/cache-store.js';
import { anyCommand } from '../core/any-command.js';
import type { FollowableStore, Following, Keeping } from '../core/followable-store.js';
import type { NearTier } from '../core/near-tier.js';
import { onlyOutcome } from '../core/only-outcome.js';
import { nameOfTag, type Place } from './copies.js';
import { NearCopies } from './near-copies.js';
import { NearReads, type Question } from './near-reads.js';

/**
 * Keeps copies of what a store answered, in this process, for as long as the store tells of every change. Only reads
 * fill it: whatever this process changes itself is dropped when it is sent, and again when it has settled, because a
 * read may have come back in between.
 */
export class NearStore implements CacheStore, NearTier {
  readonly #store: FollowableStore;
  readonly #following: Following;
  readonly #copies: NearCopies;
  readonly #reads: NearReads;
  readonly executeSync: CacheStore['executeSync'];
  readonly #counts = { hits: 0, misses: 0, invalidations: 0, losses: 0 };

  readonly #handlers: CommandHandlers = {
    read: (command) => this.#read(command),
    inspect: (command) => this.#store.execute(command),
    versions: (command) => this.#versions(command),
    stamp: (command) => this.#stamp(command),
    write: (command) => this.#changeKeys(command, keysOf(command.puts)),
    remove: (command) => this.#changeKeys(command, command.keys),
    acquire: (command) => this.#changeKeys(command, [command.key]),
    renew: (command) => this.#changeKeys(command, [command.key]),
    fulfil: (command) => this.#changeKeys(command, [command.put.key]),
    release: (command) => this.#changeKeys(command, [command.key]),
    begin: (command) => this.#changeKeys(command, [command.key]),
    settle: (command) => this.#changeKeys(command, [command.put.key]),
    keep: (command) => this.#changeKeys(command, [command.key]),
    evict: (command) => this.#changeKeys(command, command.tags.map(nameOfTag)),
    clear: (command) => this.#change(command, () => this.#forgetUnder(command.prefix)),
    ping: (command) => this.#ping(command),
  };

  /**
   * @param store whose answers are kept; nobody else follows it
   * @param options bounds, and how values are handed out
   */
  constructor(store: FollowableStore, options: ResolvedNearOptions) {
    this.#store = store;
    this.#copies = new NearCopies(options);
    this.#reads = new NearReads(options.ttl);
    this.executeSync =
      store.executeSync && (<Op extends BlockingOperation>(command: Command<Op>) => this.#carryOut(command));
    this.#following = store.follow({
      onChange: (wholeKey) => this.#onChange(wholeKey),
      onVersionChange: (prefix, tag) => this.#onChange(prefix + nameOfTag(tag)),
      onLoss: () => this.#onLoss(),
    });
  }

  roomFor(extras: EntryExtras | undefined): number {
    return this.#store.roomFor(extras);
  }

  execute<Op extends Operation>(command: Command<Op>): Promise<Reply<Op>> {
    const { refusal } = this.#following;
    return refusal === undefined ? this.#handlers[command.op](command) : Promise.reject(refusal);
  }

  /** Asks at once: what is called next must not be sent before. */
  async look(prefix: string, key: string): Promise<Slot> {
    return onlyOutcome(await this.execute({ op: 'read', prefix, keys: [key] }));
  }

  async watch(prefix: string, key: string, onChange: () => void): Promise<Watch> {
    const { refusal } = this.#following;
    if (refusal !== undefined) throw refusal;
    const watch = await this.#store.watch(prefix, key, onChange);
    this.#reads.mark(prefix + key);
    this.#takeSlot({ prefix, name: key }, watch.slot);
    return watch;
  }

  async close(): Promise<void> {
    await this.#store.close();
    this.#copies.dropAll();
  }

  peek(prefix: string, key: string): EntrySlot | undefined {
    const entry = this.#copies.hit(prefix, key, performance.now());
    if (entry !== undefined) this.#counts.hits += 1;
    return entry;
  }

  metrics(): CacheNearMetrics {
    const { count: entries, bytes } = this.#copies;
    return { isTrusted: this.#following.isTrusted(performance.now()), ...this.#counts, entries, bytes };
  }

  /** Copies of what is kept, and for the rest the answers of the store, in the order of the keys. */
  async #read({ prefix, keys, absent, sure }: Command<'read'>): Promise<readonly Outcome<Slot>[]> {
    const now = performance.now();
    const near: readonly (EntrySlot | undefined)[] = keys.map((key) =>
      sure === true ? undefined : this.#copies.entry(prefix, key, now),
    );
    const missing = keys.filter((_key, index) => near[index] === undefined);
    this.#counts.hits += keys.length - missing.length;
    this.#counts.misses += missing.length;
    return await this.#fill(near, {
      prefix,
      names: missing,
      send: () => this.#store.readToKeep(prefix, missing, absent),
      take: (place, answer, keeping) => this.#takeSlot(place, answer, keeping),
    });
  }

  /** The same for versions; those that are to be sure come from the store, all of them. */
  async #versions({ prefix, tags, sure }: Command<'versions'>): Promise<readonly (TagVersion | undefined)[]> {
    const now = performance.now();
    const near = tags.map((tag) =>
      sure === true ? undefined : this.#copies.version(prefix, nameOfTag(tag), now)?.version,
    );
    const missing = tags.filter((_tag, index) => near[index] === undefined);
    return await this.#fill(near, {
      prefix,
      names: missing.map(nameOfTag),
      send: () => this.#store.versionsToKeep(prefix, missing),
      take: (place, answer, keeping) => this.#takeVersion(place, answer, keeping),
    });
  }

  /** Puts the answers of the store where nothing was near. */
  async #fill<Answer>(
    near: readonly (NoInfer<Answer> | undefined)[],
    question: Question<Answer>,
  ): Promise<readonly Answer[]> {
    const answers = question.names.length === 0 ? [] : await this.#reads.ask(question);
    let next = 0;
    return near.flatMap((one) => {
      if (one !== undefined) return [one];
      next += 1;
      return answers.slice(next - 1, next);
    });
  }

  /** They always come from the store: what is stamped with an outdated version is outdated for good. */
  async #stamp(command: Command<'stamp'>): Promise<readonly TagVersion[]> {
    const { prefix, tags } = command;
    const versions = await this.#store.execute(command);
    for (const [index, tag] of tags.entries()) {
      const place = { prefix, name: nameOfTag(tag) };
      this.#reads.mark(prefix + place.name);
      this.#takeVersion(place, versions[index]);
    }
    return versions;
  }

  /** Nothing is kept of it, and nobody reads a copy meanwhile; what is under way may be older than this answer. */
  #carryOut<Op extends BlockingOperation>(command: Command<Op>): Reply<Op> {
    const { refusal } = this.#following;
    if (refusal !== undefined) throw refusal;
    if (this.#store.executeSync === undefined) throw new TypeError('The store cannot block.');
    const plain = anyCommand(command);
    if (plain.op === 'read') this.#counts.misses += plain.keys.length;
    try {
      return this.#store.executeSync(command);
    } finally {
      if (plain.op === 'clear') this.#forgetUnder(plain.prefix);
      else for (const name of namesIn(plain)) this.#forget(plain.prefix + name);
    }
  }

  /** Both at once, so that one deadline holds for both. */
  async #ping(command: Command<'ping'>): Promise<void> {
    const listening = this.#following.ready(command.prefix);
    // What the server itself answers is told first.
    listening.catch(() => undefined);
    await this.#store.execute(command);
    await listening;
  }

  #changeKeys<Op extends Operation>(command: Command<Op>, keys: readonly string[]): Promise<Reply<Op>> {
    return this.#change(command, () => {
      for (const key of keys) this.#forget(command.prefix + key);
    });
  }

  /** Also what has failed may have been done, or may be done yet. */
  #change<Op extends Operation>(command: Command<Op>, forget: () => void): Promise<Reply<Op>> {
    forget();
    const changing = this.#store.execute(command);
    // Before anybody else is told.
    changing.then(forget, forget);
    return changing;
  }

  /** What the store says of a key replaces what was kept, or drops it unless it is the same. */
  #takeSlot(place: Place, answer: Outcome<Slot>, keeping?: Keeping): Outcome<Slot> {
    if (!isPlainEntry(answer)) {
      this.#copies.drop(place.prefix + place.name);
      return answer;
    }
    if (keeping !== undefined) {
      return this.#copies.keepEntry(place, answer, keeping) ?? answer;
    }
    const same = this.#copies.entryOfWrite(place, answer.writeId);
    if (same === undefined) this.#copies.drop(place.prefix + place.name);
    return same ?? answer;
  }

  #takeVersion(place: Place, answer: TagVersion | undefined, keeping?: Keeping): TagVersion | undefined {
    if (answer !== undefined && keeping !== undefined) this.#copies.keepVersion(place, answer, keeping);
    else if (answer === undefined || !this.#copies.isVersion(place, answer)) {
      this.#copies.drop(place.prefix + place.name);
    }
    return answer;
  }

  /** Answers whether anything of the key was here or on its way. */
  #forget(wholeKey: string): boolean {
    const wasKept = this.#copies.drop(wholeKey);
    return this.#reads.mark(wholeKey) || wasKept;
  }

  #forgetUnder(prefix: string): void {
    this.#copies.dropUnder(prefix);
    this.#reads.markUnder(prefix);
  }

  #onChange(wholeKey: string): void {
    if (this.#forget(wholeKey)) this.#counts.invalidations += 1;
  }

  #onLoss(): void {
    this.#counts.losses += 1;
    this.#copies.dropAll();
    this.#reads.markUnder('');
  }
}

/** Whether it is all that there is to know of the key for as long as it lives. */
function isPlainEntry(slot: Outcome<Slot>): slot is EntrySlot {
  return 'state' in slot && slot.state === 'entry' && slot.fresh && slot.refresh === undefined;
}

function keysOf(puts: Command<'write'>['puts']): readonly string[] {
  return puts.map(({ key }) => key);
}

/** The places that a command concerns. */
function namesIn(command: Exclude<Command<BlockingOperation>, { op: 'clear' }>): readonly string[] {
  if (command.op === 'write') return keysOf(command.puts);
  return 'keys' in command ? command.keys : command.tags.map(nameOfTag);
}
