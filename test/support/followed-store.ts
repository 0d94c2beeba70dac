import type {
  CacheStore,
  Command,
  Operation,
  Outcome,
  Reply,
  Slot,
  TagVersion,
  Watch,
} from '../../lib/core/cache-store.js';
import type {
  FollowableStore,
  Follower,
  Following,
  Keeping,
  Kept,
  Warrant,
} from '../../lib/core/followable-store.js';
import { MemoryStore } from '../../lib/memory/memory-store.js';

/** What a test may hold back: reads to be kept have names of their own. */
export type Step = Operation | 'readToKeep' | 'versionsToKeep' | 'watch' | 'ready';

/** What keeps one step from its end. */
class Hold {
  readonly until: Promise<void>;
  release: () => void = () => undefined;

  /** @param what whether the command itself waits, or only its answer */
  constructor(
    readonly step: Step,
    readonly what: 'command' | 'answer',
  ) {
    this.until = new Promise((resolve) => {
      this.release = resolve;
    });
  }
}

/** Ends a hold. */
export type Release = () => Promise<void>;

type ChangedKeys = {
  readonly [Op in Operation]: (command: Command<Op>, tracked: ReadonlySet<string>) => readonly string[];
};

/** The whole keys that a command may change. */
const CHANGED: ChangedKeys = {
  read: () => [],
  inspect: () => [],
  write: ({ prefix, puts }) => puts.map(({ key }) => prefix + key),
  remove: ({ prefix, keys }) => keys.map((key) => prefix + key),
  clear: ({ prefix }, tracked) => [...tracked].filter((key) => key.startsWith(prefix)),
  ping: () => [],
  acquire: ({ prefix, key }) => [prefix + key],
  renew: ({ prefix, key }) => [prefix + key],
  fulfil: ({ prefix, put }) => [prefix + put.key],
  release: ({ prefix, key }) => [prefix + key],
  begin: ({ prefix, key }) => [prefix + key],
  settle: ({ prefix, put }) => [prefix + put.key],
  keep: ({ prefix, key }) => [prefix + key],
  versions: () => [],
  stamp: () => [],
  evict: ({ prefix, tags }) => tags.map((tag) => tagged(prefix, tag)),
};

/**
 * A store in memory that stands for a server which others write to as well: it tells its follower of what was read to
 * be kept and has changed since. A test decides when commands arrive, when their answers come back, and when news do.
 */
export class FollowedStore implements FollowableStore {
  /** Everything that it was asked, in that order. */
  readonly asked: { readonly step: Step; readonly items: readonly string[] }[] = [];
  /** Commands of others: they reach the server at once, whatever is held. */
  readonly others: CacheStore = {
    roomFor: () => 0,
    execute: (command) => this.#run(command),
    watch: (prefix, key, onChange) => this.#server.watch(prefix, key, onChange),
    close: async () => undefined,
  };
  /** When everything that is kept ends by itself. */
  until = Infinity;
  isWarranted = true;
  /** Whether the store allows what it answers to be kept. */
  isKeeping = true;
  /** Whether it vouches for an answer as late as that is looked at, instead of when it was asked. */
  isVouchingLate = false;
  refusal: Error | undefined;
  readonly #server = new MemoryStore({ maxEntries: 100_000, maxBytes: 2 ** 28, clock: () => Date.now() });
  readonly #tracked = new Set<string>();
  readonly #holds: Hold[] = [];
  readonly #failing: Step[] = [];
  readonly #news: (() => void)[] = [];
  #isNewsHeld = false;
  #follower: Follower | undefined;
  #warrant = this.#newWarrant();

  roomFor(): number {
    return 0;
  }

  follow(follower: Follower): Following {
    this.#follower = follower;
    const refusal = (): Error | undefined => this.refusal;
    return {
      isTrusted: (now) => this.#warrant.holds(now),
      ready: () =>
        this.#step('ready', [], async () => {
          await settled();
          if (this.refusal !== undefined) throw this.refusal;
        }),
      get refusal() {
        return refusal();
      },
    };
  }

  execute<Op extends Operation>(command: Command<Op>): Promise<Reply<Op>> {
    return this.#step(command.op, [], () => this.#run(command));
  }

  readToKeep(prefix: string, keys: readonly string[]): Promise<readonly Kept<Outcome<Slot>>[]> {
    const keep = this.#keeper();
    return this.#step('readToKeep', keys, async () => {
      for (const key of keys) this.#tracked.add(prefix + key);
      const slots = await this.#server.execute({ op: 'read', prefix, keys });
      // As from a reply: a part of something larger.
      return slots.map((slot) => keep(amidst(slot)));
    });
  }

  versionsToKeep(prefix: string, tags: readonly string[]): Promise<readonly Kept<TagVersion | undefined>[]> {
    const keep = this.#keeper();
    return this.#step('versionsToKeep', tags, async () => {
      for (const tag of tags) this.#tracked.add(tagged(prefix, tag));
      const versions = await this.#server.execute({ op: 'versions', prefix, tags });
      return versions.map((version) => keep(version));
    });
  }

  watch(prefix: string, key: string, onChange: () => void): Promise<Watch> {
    return this.#step('watch', [key], () => this.#server.watch(prefix, key, onChange));
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  /** Keeps the next step of this name back: before it reaches the server, or on the way back. */
  hold(step: Step, what: Hold['what']): Release {
    const hold = new Hold(step, what);
    this.#holds.push(hold);
    return async () => {
      hold.release();
      await settled();
    };
  }

  /** Lets the next step of this name fail after it has reached the server. */
  failNext(step: Step): void {
    this.#failing.push(step);
  }

  /** Keeps news back. */
  holdNews(): Release {
    this.#isNewsHeld = true;
    return async () => {
      this.#isNewsHeld = false;
      for (const tell of this.#news.splice(0)) tell();
    };
  }

  /** Everything may have been missed: what was promised so far is void. */
  lose(): void {
    this.#warrant = this.#newWarrant();
    this.#tracked.clear();
    this.#follower?.onLoss();
  }

  /** How often the server was asked. */
  count(step: Step): number {
    return this.asked.filter((one) => one.step === step).length;
  }

  async #step<Answer>(step: Step, items: readonly string[], run: () => Promise<Answer>): Promise<Answer> {
    this.asked.push({ step, items });
    const failing = this.#failing.indexOf(step);
    if (failing >= 0) this.#failing.splice(failing, 1);
    const index = this.#holds.findIndex((hold) => hold.step === step);
    const [hold] = index < 0 ? [] : this.#holds.splice(index, 1);
    if (hold?.what === 'command') await hold.until;
    const answer = await run();
    if (hold?.what === 'answer') await hold.until;
    if (failing >= 0) throw new Error('The answer was lost.');
    return answer;
  }

  async #run<Op extends Operation>(command: Command<Op>): Promise<Reply<Op>> {
    const reply = await this.#server.execute(command);
    for (const wholeKey of CHANGED[command.op](command, this.#tracked)) {
      if (!this.#tracked.delete(wholeKey)) continue;
      const tell = this.#newsOf(wholeKey);
      if (this.#isNewsHeld) this.#news.push(tell);
      else tell();
    }
    return reply;
  }

  #newsOf(wholeKey: string): () => void {
    const [prefix = '', tag] = wholeKey.split('\0');
    if (tag === undefined) return () => this.#follower?.onChange(wholeKey);
    return () => this.#follower?.onVersionChange(prefix, tag);
  }

  #keeper(): <Answer>(answer: Answer) => Kept<Answer> {
    const before = this.#keeping();
    const keeping = (): Keeping | undefined => (this.isVouchingLate ? this.#keeping() : before);
    return (answer) => ({
      answer,
      get keeping() {
        return keeping();
      },
    });
  }

  #keeping(): Keeping | undefined {
    return this.isKeeping ? { until: this.until, warrant: this.#warrant } : undefined;
  }

  #newWarrant(): Warrant {
    const warrant: Warrant = { holds: () => this.isWarranted && this.#warrant === warrant };
    return warrant;
  }
}

/** Lets everything that was set off come to its end. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function tagged(prefix: string, tag: string): string {
  return `${prefix}\0${tag}`;
}

function amidst(slot: Outcome<Slot>): Outcome<Slot> {
  if (!('state' in slot) || slot.state !== 'entry') return slot;
  const around = Buffer.concat([Buffer.alloc(100), slot.bytes, Buffer.alloc(100)]);
  return { ...slot, bytes: around.subarray(0, 100 + slot.bytes.length), start: 100 };
}
