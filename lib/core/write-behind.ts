import type { CacheWriteErrorHandler } from '../contract/capabilities.js';
import { CacheClosedError } from '../contract/errors.js';
import { CacheWriteError } from '../contract/write-error.js';
import type { CacheMeter } from './cache-meter.js';
import type { CacheStore, Put, WriteId } from './cache-store.js';
import { HeldWrite } from './held-write.js';
import { onlyOutcome } from './only-outcome.js';
import { contained, loudWriteErrors } from './write-error-handlers.js';
import { WriteLane, type WriteLaneHost } from './write-lane.js';
import { WRITE_LIMITS, type WriteLimits } from './write-limits.js';
import { WriterPool } from './writer-pool.js';

/** What writing behind needs. */
export interface WriteBehindParts {
  readonly store: CacheStore;
  readonly meter: CacheMeter;
  /** Told of what fails in the background; without one, the process is warned. */
  readonly onWriteError?: CacheWriteErrorHandler;
  /** How long {@link WriteBehind.drain} may take, in milliseconds. */
  readonly drainFor: number;
  /** By default those of {@link WRITE_LIMITS}. */
  readonly limits?: Partial<WriteLimits>;
}

/** A value for the cache now, and for its origin in the background. */
export interface WriteBehindRequest {
  /** Put before the key. */
  readonly prefix: string;
  /** What the cache gets. */
  readonly put: Put;
  /** What `onWriteError` gets. */
  readonly value: unknown;
  /** Calls the writer: it may throw, answer a promise or none, and never end. */
  readonly write: () => unknown;
}

/**
 * Writes the cache now and origins in the background; one for a cache and all its scopes.
 *
 * For each key one writer runs at a time, in the order of the calls. What waits is replaced by a later value; different
 * keys are written side by side. What is not written when the process ends is lost.
 */
export class WriteBehind {
  readonly #parts: WriteBehindParts;
  readonly #limits: WriteLimits;
  readonly #onWriteError: CacheWriteErrorHandler;
  readonly #pool: WriterPool;
  readonly #host: WriteLaneHost;
  /** By prefix and key. */
  readonly #lanes = new Map<string, WriteLane>();
  readonly #held = new Set<HeldWrite>();
  #accepted = 0;
  #isClosing = false;
  #isClosed = false;

  constructor(parts: WriteBehindParts) {
    this.#parts = parts;
    this.#limits = { ...WRITE_LIMITS, ...parts.limits };
    this.#onWriteError = contained(parts.onWriteError ?? loudWriteErrors());
    this.#pool = new WriterPool(this.#limits.writers);
    this.#host = this.#createHost();
  }

  /**
   * Writes the entry, and lets its writer follow in the background. The order of the calls is that of the writers.
   *
   * @throws CacheWriteError with `CACHE_WRITE_QUEUE_FULL` when too many writes are held; nothing was written
   * @throws CacheWriteError with `CACHE_WRITE_NOT_DRAINED` when the time to drain ended before the entry was written
   * @throws CacheClosedError after {@link WriteBehind.close}
   * @throws SpakkyCacheError when the entry could not be written; its writer is not called
   */
  async accept(request: WriteBehindRequest): Promise<void> {
    const { prefix, put } = request;
    const lane = this.#laneFor(prefix + put.key, put.key);
    const write = this.#hold(request);
    lane.sending(write);
    let writeId: WriteId;
    try {
      writeId = onlyOutcome(await this.#parts.store.execute({ op: 'write', prefix, puts: [put] }));
    } catch (error) {
      lane.refused(write);
      throw error;
    }
    lane.taken(write, writeId);
    if (write.isAbandoned) throw notDrained(write);
  }

  /**
   * Runs at once what waits for another attempt, and waits until everything that was accepted before is written. What is
   * not within `drainFor` is told to `onWriteError`, its entry is removed, and its writer is not called any more.
   */
  async drain(): Promise<void> {
    const held = [...this.#held];
    if (held.length === 0) return;
    for (const lane of this.#lanes.values()) lane.hurry();
    await within(this.#parts.drainFor, Promise.all(held.map((write) => write.ended)));
    for (const write of held) this.#lanes.get(write.parts.prefix + write.parts.key)?.abandon(write);
  }

  /** Accepts nothing more and drains; repeating it is harmless. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.drain();
    this.#isClosed = true;
    // What is only to be settled is tried once more, and then told.
    for (const lane of this.#lanes.values()) lane.hurry();
  }

  #laneFor(physicalKey: string, key: string): WriteLane {
    if (this.#isClosing) {
      throw new CacheClosedError(
        `Cannot write ${JSON.stringify(key)} behind: the cache was closed, so that its origin would not be written.`,
        { key },
      );
    }
    const known = this.#lanes.get(physicalKey);
    if (this.#held.size >= this.#limits.held && known?.isReplaceable !== true) throw this.#full(key);
    if (known !== undefined) return known;
    const lane = new WriteLane(physicalKey, this.#host);
    this.#lanes.set(physicalKey, lane);
    return lane;
  }

  #hold({ prefix, put: { key }, value, write: call }: WriteBehindRequest): HeldWrite {
    this.#accepted += 1;
    const parts = { prefix, key, value, write: call, order: this.#accepted };
    const write = new HeldWrite(parts, () => this.#held.delete(write));
    this.#held.add(write);
    return write;
  }

  #createHost(): WriteLaneHost {
    return {
      store: this.#parts.store,
      limits: this.#limits,
      isClosed: () => this.#isClosed,
      enter: (lane) => this.#pool.enter(lane),
      idle: (lane) => this.#lanes.delete(lane.physicalKey),
      lost: (write, error) => this.#lose(write, error),
      undrained: (write) => this.#lose(write, this.#counted(notDrained(write))),
      outdated: (write, cause) => this.#tell(write, this.#counted(outdated(write, cause))),
    };
  }

  #counted(error: CacheWriteError): CacheWriteError {
    this.#parts.meter.countError(error);
    return error;
  }

  #lose(write: HeldWrite, error: unknown): void {
    this.#parts.meter.counts.writeFailures += 1;
    this.#tell(write, error);
  }

  #tell({ parts: { key, value }, attempts }: HeldWrite, error: unknown): void {
    this.#onWriteError(error, { key, value, attempts });
  }

  #full(key: string): CacheWriteError {
    return new CacheWriteError(
      'CACHE_WRITE_QUEUE_FULL',
      `Cannot write ${JSON.stringify(key)} behind: ${this.#limits.held} writes wait for their origins already. ` +
        'Nothing was written: try again later, or use writeThrough.',
      { key },
    );
  }
}

function notDrained({ parts: { key }, attempts, isRunning }: HeldWrite): CacheWriteError {
  const state = isRunning
    ? 'its writer had not ended when the time to drain was over, and may still write'
    : `the time to drain was over after ${attempts} attempts, and no other is made`;
  return new CacheWriteError(
    'CACHE_WRITE_NOT_DRAINED',
    `The origin of ${JSON.stringify(key)} is not written: ${state}. Its entry is removed, unless a later one is there.`,
    { key },
  );
}

function outdated({ parts: { key } }: HeldWrite, cause: unknown): CacheWriteError {
  return new CacheWriteError(
    'CACHE_WRITE_OUTDATED',
    `The entry of ${JSON.stringify(key)} could not be checked against its origin: it may be outdated until it ` +
      'expires or is removed. Delete it when the cache can be reached again.',
    { key, cause },
  );
}

/** Waits for a promise that never rejects, for so many milliseconds at most. */
async function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
