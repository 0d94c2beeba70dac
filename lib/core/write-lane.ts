import type { CacheStore, WriteId } from './cache-store.js';
import type { HeldWrite, WriterFailure } from './held-write.js';
import { onlyOutcome } from './only-outcome.js';
import { pauseAfter, type WriteLimits } from './write-limits.js';
import type { Writing } from './writer-pool.js';

/** What the lanes of one cache have in common. */
export interface WriteLaneHost {
  readonly store: CacheStore;
  readonly limits: WriteLimits;
  /** Whether the cache is about to end: nothing is tried again. */
  isClosed(): boolean;
  /** Calls {@link WriteLane.write} as soon as another writer may run. */
  enter(lane: WriteLane): void;
  /** Told of a write that the origin will not get. */
  lost(write: HeldWrite, error: unknown): void;
  /** Told of a write that was given up while it waited or while its writer ran. */
  undrained(write: HeldWrite): void;
  /** Told of an entry that could not be settled. */
  outdated(write: HeldWrite, cause: unknown): void;
  /** Told that the lane has nothing left to do. */
  idle(lane: WriteLane): void;
}

/** What the cache still has to be told about a key. */
interface Settlement {
  readonly write: HeldWrite;
  /** Keeps the entry if it is still the write's own; absent: removes it, as the origin does not have the value. */
  readonly kept?: WriteId;
  attempts: number;
}

/** The writes of one key: one writer at a time, in order, and a later value in the place of one that waits. */
export class WriteLane implements Writing {
  /** The prefix and the key. */
  readonly physicalKey: string;
  readonly #host: WriteLaneHost;
  /** Those whose entry is on its way to the cache. */
  readonly #sent = new Set<HeldWrite>();
  /** What is in the cache and waits for its writer. */
  #next: HeldWrite | undefined;
  /** Whose writer runs. */
  #current: HeldWrite | undefined;
  /** The order and the write id of the last write that the cache has taken. */
  #newest = 0;
  #writeId: WriteId | undefined;
  #settlement: Settlement | undefined;
  #isSettling = false;
  /** The time between two attempts, of a writer or of a settlement. */
  #pause: NodeJS.Timeout | undefined;

  constructor(physicalKey: string, host: WriteLaneHost) {
    this.physicalKey = physicalKey;
    this.#host = host;
  }

  /** Whether the next value would take the place of one that waits, so that no more are held than before. */
  get isReplaceable(): boolean {
    return this.#next !== undefined && this.#sent.size === 0;
  }

  /** The entry is about to be sent: whatever is sent later supersedes it. */
  sending(write: HeldWrite): void {
    this.#sent.add(write);
  }

  /** The cache did not take the entry. */
  refused(write: HeldWrite): void {
    this.#sent.delete(write);
    write.end();
    this.#advance();
  }

  /** The cache has taken the entry. */
  taken(write: HeldWrite, writeId: WriteId): void {
    this.#sent.delete(write);
    if (write.parts.order < this.#newest) write.end();
    else this.#supersede(write, writeId);
    this.#advance();
  }

  /** Runs what waits for a pause to end. */
  hurry(): void {
    if (this.#wake()) this.#advance();
  }

  /** Gives up a write that could not be done in time; what the origin has already is settled without anybody waiting. */
  abandon(write: HeldWrite): void {
    if (write.isOver) return;
    if (this.#settlement?.write === write) {
      write.end();
      return;
    }
    write.isAbandoned = true;
    if (!this.#sent.has(write)) {
      if (this.#next === write) this.#forgetNext();
      this.#settle(write);
      this.#host.undrained(write);
    }
    write.end();
    this.#advance();
  }

  /** Runs the writer of what waits, unless that was given up before its turn came; it never rejects. */
  async write(): Promise<void> {
    const write = this.#next;
    if (write === undefined) return;
    this.#next = undefined;
    this.#current = write;
    const failure = await write.attempt();
    this.#current = undefined;
    this.#judge(write, failure);
    this.#advance();
  }

  #supersede(write: HeldWrite, writeId: WriteId): void {
    this.#newest = write.parts.order;
    this.#writeId = writeId;
    if (write.isAbandoned) {
      this.#settle(write);
      return;
    }
    // A pause of a writer holds for the new value too: the origin needs it. One of a settlement is over.
    if (this.#next === undefined) this.#wake();
    this.#next?.end();
    this.#next = write;
    this.#settlement?.write.end();
    this.#settlement = undefined;
  }

  #judge(write: HeldWrite, failure: WriterFailure | undefined): void {
    // It was told already; whatever became of it, the origin may have changed.
    if (write.isAbandoned) this.#settle(write);
    else if (failure === undefined) this.#settle(write, this.#writeId);
    else if (this.#next !== undefined) write.end();
    else if (write.attempts < this.#host.limits.attempts) {
      this.#next = write;
      this.#rest(write.attempts);
    } else {
      // A writer that failed may have written nevertheless, so that nothing in the cache can be trusted.
      this.#settle(write);
      this.#host.lost(write, failure.error);
    }
  }

  /** Does what there is to do, one thing at a time. */
  #advance(): void {
    if (this.#pause !== undefined) return;
    if (this.#next !== undefined) {
      if (this.#current === undefined) this.#host.enter(this);
      return;
    }
    // What is on its way to the cache must not be removed: it settles the key itself, or leaves that to us.
    if (this.#isSettling || this.#sent.size > 0) return;
    if (this.#settlement !== undefined) void this.#carryOut(this.#settlement);
    else if (this.#current === undefined) this.#host.idle(this);
  }

  /** Where a later value waits, its own end settles the key. */
  #settle(write: HeldWrite, kept?: WriteId): void {
    if (this.#next === undefined) this.#settlement = { write, kept, attempts: 0 };
    else write.end();
  }

  async #carryOut(settlement: Settlement): Promise<void> {
    this.#isSettling = true;
    settlement.attempts += 1;
    const failure = await this.#tell(settlement);
    this.#isSettling = false;
    if (this.#settlement === settlement) this.#settled(settlement, failure);
    this.#advance();
  }

  async #tell({ write, kept }: Settlement): Promise<WriterFailure | undefined> {
    const { store } = this.#host;
    const { prefix, key } = write.parts;
    try {
      if (kept === undefined) onlyOutcome(await store.execute({ op: 'remove', prefix, keys: [key] }));
      else await store.execute({ op: 'keep', prefix, key, writeId: kept });
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  #settled({ write, attempts }: Settlement, failure: WriterFailure | undefined): void {
    if (failure !== undefined && attempts < this.#host.limits.attempts && !this.#host.isClosed()) {
      this.#rest(attempts);
      return;
    }
    this.#settlement = undefined;
    if (failure !== undefined) this.#host.outdated(write, failure.error);
    write.end();
  }

  #forgetNext(): void {
    this.#next = undefined;
    this.#wake();
  }

  #rest(failures: number): void {
    this.#pause = setTimeout(() => this.hurry(), pauseAfter(failures, this.#host.limits));
  }

  /** Ends a pause; whether there was one. */
  #wake(): boolean {
    const pause = this.#pause;
    clearTimeout(pause);
    this.#pause = undefined;
    return pause !== undefined;
  }
}
