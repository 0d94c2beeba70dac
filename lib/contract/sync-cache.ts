import type { ICache } from './cache.interface.js';
import type { CacheResult } from './cache-result.js';
import type { TaggedWriteOptions } from './capabilities.js';

/** A cache that can be used without awaiting. */
export interface ISyncCache<T = unknown> extends ICache<T> {
  /**
   * Reads an entry as `get` does, but blocking.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @returns a `CacheHit` with a copy of the value, or the `CacheMiss`
   * @throws CacheBackendCapabilityError when the cache was made without blocking calls
   * @throws InvalidCacheKeyError when `key` is no key
   * @throws CacheSerializationError when the stored bytes are foreign or damaged
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * const result = cache.getSync('profile:42');
   * ```
   */
  getSync(key: string): CacheResult<T>;
  /**
   * Writes an entry as `set` does, but blocking.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @param value what to keep; a copy is stored
   * @param options how long to keep it, in milliseconds or as a {@link Duration}, and what it belongs to
   * @throws CacheBackendCapabilityError when the cache was made without blocking calls, or has no tags and is given some
   * @throws InvalidCacheKeyError when `key` is no key
   * @throws InvalidCacheTtlError when the time to live is none
   * @throws CacheSerializationError when `value` could not come back exactly as it is
   * @throws CacheClosedError after {@link ICache.close}
   */
  setSync(key: string, value: T, options?: TaggedWriteOptions): void;
  /**
   * Removes an entry as `delete` does, but blocking.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @returns whether the key held an entry that was not past its time to live
   * @throws CacheBackendCapabilityError when the cache was made without blocking calls
   * @throws InvalidCacheKeyError when `key` is no key
   * @throws CacheSerializationError when the key holds bytes of something else, which stay
   * @throws CacheClosedError after {@link ICache.close}
   */
  deleteSync(key: string): boolean;
  /**
   * Removes every entry under this cache's prefix as `clear` does, but blocking.
   *
   * @throws CacheBackendCapabilityError when the cache was made without blocking calls
   * @throws CacheClosedError after {@link ICache.close}
   */
  clearSync(): void;
}
