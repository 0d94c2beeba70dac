import type { ResolvedNearOptions } from '../config/resolved-redis-cache-options.js';
import type { CacheNearMetrics } from '../contract/capabilities.js';
import type {
  CacheStore,
  Command,
  CommandHandlers,
  EntryExtras,
  EntrySlot,
  Operation,
  Outcome,
  Reply,
  Slot,
  Stamps,
  TagVersion,
  Watch,
} from '../core/cache-store.js';
import type { FollowableStore, Following, Keeping } from '../core/followable-store.js';
import type { NearTier } from '../core/near-tier.js';
import { NearCopies } from './near-copies.js';
import { NearReads } from './near-reads.js';

/** A lone surrogate: no prefix, key or tag has one, so that no key of an entry can be that of a version. */
const TAG_MARK = '\uDC00';

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
  readonly #isShared: boolean;
  readonly #counts = { hits: 0, misses: 0, invalidations: 0, losses: 0 };

  readonly #handlers: CommandHandlers = {
    read: (command) => this.#read(command),
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
    evict: (command) => this.#changeKeys(command, command.tags.map(ofTag)),
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
    this.#isShared = options.values === 'frozen';
    this.#following = store.follow({
      onChange: (wholeKey) => this.#onChange(wholeKey),
      onVersionChange: (prefix, tag) => this.#onChange(prefix + ofTag(tag)),
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

  async watch(prefix: string, key: string, onChange: () => void): Promise<Watch> {
    const { refusal } = this.#following;
    if (refusal !== undefined) throw refusal;
    const watch = await this.#store.watch(prefix, key, onChange);
    this.#reads.mark(prefix + key);
    this.#takeSlot(prefix + key, watch.slot);
    return watch;
  }

  async close(): Promise<void> {
    await this.#store.close();
    this.#copies.dropAll();
  }

  peek(prefix: string, key: string): EntrySlot | undefined {
    const now = performance.now();
    const entry = this.#copies.entry(prefix + key, now);
    if (entry === undefined) return undefined;
    if (entry.stamps !== undefined && !this.#areNear(prefix, entry.stamps, now)) return undefined;
    this.#counts.hits += 1;
    return entry;
  }

  metrics(): CacheNearMetrics {
    const { count: entries, bytes } = this.#copies;
    return { isTrusted: this.#following.isTrusted(performance.now()), ...this.#counts, entries, bytes };
  }

  #areNear(prefix: string, stamps: Stamps, now: number): boolean {
    for (const [tag, version] of stamps) {
      if (this.#copies.version(prefix + ofTag(tag), now) !== version) return false;
    }
    return true;
  }

  /** Copies of what is kept, and for the rest the answers of the store, in the order of the keys. */
  async #read({ prefix, keys, absent }: Command<'read'>): Promise<readonly Outcome<Slot>[]> {
    const now = performance.now();
    const near: readonly (EntrySlot | undefined)[] = keys.map((key) => this.#copies.entry(prefix + key, now));
    const missing = keys.filter((_key, index) => near[index] === undefined);
    this.#counts.hits += keys.length - missing.length;
    this.#counts.misses += missing.length;
    const answers = await this.#reads.ask(
      missing.map((key) => prefix + key),
      {
        send: () => this.#store.readToKeep(prefix, missing, absent),
        take: (wholeKey, answer, keeping) => this.#takeSlot(wholeKey, answer, keeping),
      },
    );
    return fill(near, answers);
  }

  /** The same for versions; those that are to be sure come from the store, all of them. */
  async #versions({ prefix, tags, sure }: Command<'versions'>): Promise<readonly (TagVersion | undefined)[]> {
    const now = performance.now();
    const isSure = sure === true;
    const near = tags.map((tag) => (isSure ? undefined : this.#copies.version(prefix + ofTag(tag), now)));
    const missing = tags.filter((_tag, index) => near[index] === undefined);
    const answers = await this.#reads.ask(
      missing.map((tag) => prefix + ofTag(tag)),
      {
        send: () => this.#store.versionsToKeep(prefix, missing),
        take: (wholeKey, answer, keeping) => this.#takeVersion(wholeKey, answer, keeping),
      },
    );
    return fill(near, answers);
  }

  /** They always come from the store: what is stamped with an outdated version is outdated for good. */
  async #stamp(command: Command<'stamp'>): Promise<readonly TagVersion[]> {
    const versions = await this.#store.execute(command);
    for (const [index, tag] of command.tags.entries()) {
      const wholeKey = command.prefix + ofTag(tag);
      this.#reads.mark(wholeKey);
      this.#takeVersion(wholeKey, versions[index]);
    }
    return versions;
  }

  async #ping(command: Command<'ping'>): Promise<void> {
    await this.#store.execute(command);
    await this.#following.ready(command.prefix);
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
  #takeSlot(wholeKey: string, answer: Outcome<Slot>, keeping?: Keeping): Outcome<Slot> {
    const isEntry = 'state' in answer && answer.state === 'entry' && answer.fresh;
    if (!isEntry || answer.refresh !== undefined) {
      this.#copies.drop(wholeKey);
      return answer;
    }
    if (keeping !== undefined) {
      const shared = this.#isShared ? {} : undefined;
      return this.#copies.keepEntry(wholeKey, answer, keeping, shared) ?? answer;
    }
    const same = this.#copies.entryOfWrite(wholeKey, answer.writeId);
    if (same === undefined) this.#copies.drop(wholeKey);
    return same ?? answer;
  }

  #takeVersion(wholeKey: string, answer: TagVersion | undefined, keeping?: Keeping): TagVersion | undefined {
    if (answer === undefined) this.#copies.drop(wholeKey);
    else if (keeping !== undefined) this.#copies.keepVersion(wholeKey, answer, keeping);
    else if (!this.#copies.isVersion(wholeKey, answer)) this.#copies.drop(wholeKey);
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

function ofTag(tag: string): string {
  return TAG_MARK + tag;
}

function keysOf(puts: Command<'write'>['puts']): readonly string[] {
  return puts.map(({ key }) => key);
}

/** Puts answers where nothing was near. */
function fill<Answer>(
  near: readonly (NoInfer<Answer> | undefined)[],
  answers: readonly Answer[],
): readonly Answer[] {
  let next = 0;
  return near.flatMap((one) => {
    if (one !== undefined) return [one];
    next += 1;
    return answers.slice(next - 1, next);
  });
}
