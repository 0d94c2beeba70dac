/** What a cache has counted since it was made, its scopes included. */
export interface CacheMetricsSnapshot {
  /** Fresh values that were found. */
  readonly hits: number;
  /** Keys without a fresh value, where it was asked for; a caller who waits for another's load is none of them. */
  readonly misses: number;
  /** Expired values that served while a refresh was due. */
  readonly staleHits: number;
  /** Entries that were written. */
  readonly writes: number;
  /** Keys that `delete` and its like were asked to remove, and that did not fail. */
  readonly deletes: number;
  /** Calls of `clear` that have succeeded. */
  readonly clears: number;
  /** Tags that were evicted. */
  readonly tagEvictions: number;
  /** Calls of a factory. */
  readonly loads: number;
  /** Those that failed. */
  readonly loadFailures: number;
  /** Those made without the protection of the cache, because it could not be reached. */
  readonly unprotectedLoads: number;
  /** Callers who waited for another's load. */
  readonly loadWaits: number;
  /** Waits and loads that were given up. */
  readonly lockTimeouts: number;
  /** Writes to an origin in the background that failed for good. */
  readonly writeFailures: number;
  /** Errors by their `code`, as callers got them. */
  readonly errors: Readonly<Record<string, number>>;
  /** Bytes of values read, as they are encoded. */
  readonly bytesIn: number;
  /** Bytes of values written, as they are encoded. */
  readonly bytesOut: number;
  /** Only of a cache with a near tier. */
  readonly near?: CacheNearMetrics;
}

/** What the near tier has counted, and what it holds. */
export interface CacheNearMetrics {
  /** Whether Redis tells of every change at this moment; while it does not, the tier is empty and stands aside. */
  readonly isTrusted: boolean;
  /** Entries read without asking Redis. */
  readonly hits: number;
  /** Entries that Redis was asked for. */
  readonly misses: number;
  /** Entries and versions of tags that are kept now. */
  readonly entries: number;
  /** Bytes that they take. */
  readonly bytes: number;
  /** Changes that Redis told of, and that concerned something kept or on its way. */
  readonly invalidations: number;
  /** How often everything was dropped, because changes may have been missed. */
  readonly losses: number;
}

/** A cache that counts what it does. */
export interface ICacheMetrics {
  /**
   * Tells what was counted so far.
   *
   * @returns a snapshot, which does not change any more
   * @example
   * ```ts
   * const { hits, misses } = cache.metrics();
   * ```
   */
  metrics(): CacheMetricsSnapshot;
}
