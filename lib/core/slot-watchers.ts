import { CacheClosedError, CacheLockTimeoutError, type SpakkyCacheError } from '../contract/errors.js';
import type { CacheStore, Slot, WriteId } from './cache-store.js';

/** Milliseconds that a lease is given to end before the key is looked at again. */
const A_LITTLE = 5;

interface Waiter {
  /** What the key held when the wait began; absent: nothing. */
  readonly seen: WriteId | undefined;
  readonly resolve: (slot: Slot) => void;
  readonly reject: (error: unknown) => void;
}

/** Waits for other callers' loads: one watch for each key, however many wait. */
export class SlotWatchers {
  readonly #store: CacheStore;
  readonly #watchers = new Map<string, SlotWatcher>();
  #isClosed = false;

  constructor(store: CacheStore) {
    this.#store = store;
  }

  /**
   * Waits until a key holds another write than the one that was seen, or one that nobody has a lease of.
   *
   * @param deadline on the clock of `performance.now()`
   * @returns what the key held at a look after that, which every waiter shares
   * @throws CacheLockTimeoutError when the deadline comes first
   */
  async next(prefix: string, key: string, seen: WriteId | undefined, deadline: number): Promise<Slot> {
    if (this.#isClosed) throw closed(key);
    const wholeKey = prefix + key;
    let watcher = this.#watchers.get(wholeKey);
    if (watcher === undefined) {
      watcher = new SlotWatcher(this.#store, prefix, key, () => this.#watchers.delete(wholeKey));
      this.#watchers.set(wholeKey, watcher);
    }
    return await watcher.wait(seen, deadline);
  }

  /** Ends every wait. */
  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers.values()) watcher.abandon();
  }
}

class SlotWatcher {
  readonly #store: CacheStore;
  readonly #prefix: string;
  readonly #key: string;
  readonly #onEnd: () => void;
  readonly #waiters = new Set<Waiter>();
  #isRunning = false;
  /** Ends the pause between two looks. */
  #wake: () => void = () => undefined;

  constructor(store: CacheStore, prefix: string, key: string, onEnd: () => void) {
    this.#store = store;
    this.#prefix = prefix;
    this.#key = key;
    this.#onEnd = onEnd;
  }

  wait(seen: WriteId | undefined, deadline: number): Promise<Slot> {
    const waiting = new Promise<Slot>((resolve, reject) => {
      const waiter: Waiter = {
        seen,
        resolve: (slot) => this.#settle(waiter, timer, () => resolve(slot)),
        reject: (error) => this.#settle(waiter, timer, () => reject(error)),
      };
      const timer = setTimeout(
        () => waiter.reject(tooLong(this.#key, this.#prefix)),
        Math.max(0, deadline - performance.now()),
      );
      this.#waiters.add(waiter);
    });
    if (!this.#isRunning) void this.#run();
    return waiting;
  }

  abandon(): void {
    for (const waiter of this.#waiters) waiter.reject(closed(this.#key));
  }

  #settle(waiter: Waiter, timer: NodeJS.Timeout, tell: () => void): void {
    if (!this.#waiters.delete(waiter)) return;
    clearTimeout(timer);
    tell();
    if (this.#waiters.size === 0) this.#wake();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiters.size > 0) await this.#look();
    this.#onEnd();
  }

  /** Only those who waited before the look began may take what it shows. */
  async #look(): Promise<void> {
    const askers = [...this.#waiters];
    let hasChanged = false;
    try {
      const watch = await this.#store.watch(this.#prefix, this.#key, () => {
        hasChanged = true;
        this.#wake();
      });
      const held = heldWrite(watch.slot);
      for (const waiter of askers) {
        if (held === undefined || waiter.seen !== held.writeId) waiter.resolve(watch.slot);
      }
      const isUnchanged = [...this.#waiters].every(({ seen }) => held !== undefined && seen === held.writeId);
      if (held !== undefined && isUnchanged && !hasChanged) await this.#pause(held.endsIn);
      watch.stop();
    } catch (error) {
      for (const waiter of askers) waiter.reject(error);
    }
  }

  /** Until the key changes, the lease ends, or nobody waits any more. */
  #pause(lease: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiters.size === 0) {
        resolve();
        return;
      }
      const timer = setTimeout(resolve, lease + A_LITTLE);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The write that somebody has a lease of, or that must not be refreshed yet. */
function heldWrite(slot: Slot): { writeId: WriteId; endsIn: number } | undefined {
  const lease =
    slot.state === 'lease' ? slot.lease : slot.state === 'entry' ? slot.refresh?.lease : undefined;
  return slot.state === 'absent' || lease === undefined
    ? undefined
    : { writeId: slot.writeId, endsIn: lease.endsIn };
}

function tooLong(key: string, prefix: string): SpakkyCacheError {
  return new CacheLockTimeoutError(
    `Another caller's load of ${JSON.stringify(key)} (prefix "${prefix}") did not end within the time to wait: ` +
      'let the factory be faster, raise waitFor, or keep stale values with staleFor.',
    { key },
  );
}

function closed(key: string): SpakkyCacheError {
  return new CacheClosedError(`The cache was closed while ${JSON.stringify(key)} was waited for.`, { key });
}
