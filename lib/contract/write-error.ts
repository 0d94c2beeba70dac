import { type CacheErrorDetails, SpakkyCacheError } from './errors.js';

/**
 * What became of a write to an origin:
 * - `CACHE_WRITE_OUTDATED`: the origin is written, but the entry is neither written nor removed: it may be outdated
 * - `CACHE_WRITE_QUEUE_FULL`: too many writes wait for their origins; nothing was written
 * - `CACHE_WRITE_NOT_DRAINED`: the cache was closed before the origin was written
 */
export type CacheWriteCode = 'CACHE_WRITE_OUTDATED' | 'CACHE_WRITE_QUEUE_FULL' | 'CACHE_WRITE_NOT_DRAINED';

/**
 * Cache and origin could not be kept in step.
 *
 * @example
 * ```ts
 * await cache.writeThrough('profile:42', profile, (value) => database.write(value)).catch((error: unknown) => {
 *   if (error instanceof CacheWriteError) console.error(error.code, error.key);
 *   throw error;
 * });
 * ```
 */
export class CacheWriteError extends SpakkyCacheError {
  static {
    this.prototype.name = 'CacheWriteError';
  }

  /**
   * Made by a cache; an application makes one in its tests.
   *
   * @param code why
   * @param message what happened, to what, and what to do
   * @param details the key, and what failed underneath
   */
  constructor(
    readonly code: CacheWriteCode,
    message: string,
    details?: CacheErrorDetails,
  ) {
    super(message, details);
  }
}
