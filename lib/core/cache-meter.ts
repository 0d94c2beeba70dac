import type { CacheMetricsSnapshot, CacheNearMetrics } from '../contract/cache-metrics.js';
import { SpakkyCacheError } from '../contract/errors.js';

type Counts = { -readonly [Name in Exclude<keyof CacheMetricsSnapshot, 'errors' | 'near'>]: number };

/** Counts what a cache and its scopes do; counting is an addition, nothing more. */
export class CacheMeter {
  readonly counts: Counts = {
    hits: 0,
    misses: 0,
    staleHits: 0,
    writes: 0,
    deletes: 0,
    clears: 0,
    tagEvictions: 0,
    loads: 0,
    loadFailures: 0,
    unprotectedLoads: 0,
    loadWaits: 0,
    lockTimeouts: 0,
    writeFailures: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
  readonly #errors = new Map<string, number>();

  /** Counts an error of the cache by its code; errors of factories and writers are not the cache's. */
  countError(error: unknown): void {
    if (!(error instanceof SpakkyCacheError)) return;
    this.#errors.set(error.code, (this.#errors.get(error.code) ?? 0) + 1);
  }

  /** @param near what the near tier has counted, if there is one */
  snapshot(near?: CacheNearMetrics): CacheMetricsSnapshot {
    const counted = { ...this.counts, errors: Object.fromEntries(this.#errors) };
    return near === undefined ? counted : { ...counted, near };
  }
}
