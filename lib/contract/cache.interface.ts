import type { CacheResult } from './cache-result.js';
import type { Duration } from './duration.js';

/** How one entry is written. */
export interface CacheWriteOptions {
  /** How long the entry stays, in milliseconds or as a {@link Duration}; absent: the cache's default, `null`: for ever. */
  readonly ttl?: Duration | null;
}

/**
 * A cache of values of one type: the contract that business code depends on.
 *
 * Every backend implements it alike, so that exchanging one for another changes the registration and nothing else.
 * A failure is never a miss: every method rejects with a {@link SpakkyCacheError} that says what happened.
 *
 * @typeParam T what the entries hold; anything that can be stored, `null` and `undefined` included
 * @example
 * ```ts
 * class Profiles {
 *   constructor(@Inject(CACHE) private readonly cache: ICache<Profile>) {}
 * }
 * ```
 */
export interface ICache<T = unknown> {
  /**
   * Reads an entry.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @returns a `CacheHit` with a copy of the value, or the `CacheMiss`
   * @throws InvalidCacheKeyError when `key` is no key, before anything is sent
   * @throws CacheSerializationError when the stored bytes are foreign or damaged
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * const result = await cache.get('profile:42');
   * if (result.hit) console.log(result.value.name);
   * ```
   */
  get(key: string): Promise<CacheResult<T>>;

  /**
   * Writes an entry, replacing what the key held, its remaining time to live included.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @param value what to keep; a copy is stored
   * @param options how long to keep it, in milliseconds or as a {@link Duration}
   * @throws InvalidCacheKeyError when `key` is no key, before anything is sent
   * @throws InvalidCacheTtlError when the time to live is none, before anything is sent
   * @throws CacheSerializationError when `value` could not come back exactly as it is, before anything is sent
   * @throws CacheBackendCapabilityError when `options` names what this backend does not offer, before anything is sent
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * await cache.set('profile:42', profile, { ttl: { minutes: 5 } });
   * ```
   */
  set(key: string, value: T, options?: CacheWriteOptions): Promise<void>;

  /**
   * Removes an entry.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @returns whether the key held an entry that was not past its time to live
   * @throws InvalidCacheKeyError when `key` is no key, before anything is sent
   * @throws CacheSerializationError when the key holds bytes of something else, which stay
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * const wasThere = await cache.delete('profile:42');
   * ```
   */
  delete(key: string): Promise<boolean>;

  /**
   * Removes every entry under this cache's prefix, and nothing else.
   *
   * Entries written while it runs may survive; every older one goes. It may be repeated after a failure.
   *
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * await cache.clear();
   * ```
   */
  clear(): Promise<void>;

  /** Ends the cache and releases what it holds; repeating it is harmless. Afterwards every call is a `CacheClosedError`. */
  close(): Promise<void>;
}
