import type { ICache, CacheWriteOptions } from './cache.interface.js';
import type { CacheResult } from './cache-result.js';
import type { Duration } from './duration.js';

/** How an entry is written that belongs to something. */
export interface TaggedWriteOptions extends CacheWriteOptions {
  /**
   * What the entry belongs to: at most 64 non-empty strings of at most 1 KiB in UTF-8; evicting one of them removes it.
   * A tagged entry without a time to live stays for 30 days.
   */
  readonly tags?: readonly string[];
}

/** A cache whose entries can be removed by what they belong to. */
export interface ITaggedCache<T = unknown> extends ICache<T> {
  /**
   * Reads an entry; one whose tags were evicted is a miss.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @param options naming the tags of the entry saves a round trip; those that it has besides are looked at too
   * @returns a `CacheHit` with a copy of the value, or the `CacheMiss`
   * @throws InvalidCacheKeyError when `key` is no key, or a tag is none, before anything is sent
   * @throws CacheSerializationError when the stored bytes are foreign or damaged
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * const result = await cache.get('profile:42', { tags: ['country:NL'] });
   * ```
   */
  get(key: string, options?: { readonly tags?: readonly string[] }): Promise<CacheResult<T>>;
  /**
   * Writes an entry that belongs to its tags, replacing what the key held.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @param value what to keep; a copy is stored
   * @param options its tags, and how long to keep it, in milliseconds or as a {@link Duration}
   * @throws InvalidCacheKeyError when `key` is no key, or a tag is none, before anything is sent
   * @throws InvalidCacheTtlError when the time to live is none, before anything is sent
   * @throws CacheSerializationError when `value` could not come back exactly as it is, before anything is sent
   * @throws CacheBackendCapabilityError when `options` names what this backend does not offer, before anything is sent
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * await cache.set('profile:42', profile, { ttl: '1h', tags: ['country:NL'] });
   * ```
   */
  set(key: string, value: T, options?: TaggedWriteOptions): Promise<void>;
  /**
   * Removes every entry that carries one of the tags, at the same cost whether there is one or a million.
   *
   * @param tags non-empty strings of at most 1 KiB in UTF-8
   * @throws InvalidCacheKeyError when a tag is none, before anything is sent
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * await cache.evictTags('country:NL');
   * ```
   */
  evictTags(...tags: string[]): Promise<void>;
}

/** What a factory is told about the load it serves. */
export interface CacheLoadContext {
  /** Whose value is loaded. */
  readonly key: string;
  /** Aborts when the load took too long, or the cache was closed: nobody waits for the value any longer. */
  readonly signal: AbortSignal;
}

/**
 * Makes the value of a key that the cache does not hold.
 *
 * @param context the key, and a signal that tells when nobody waits any longer
 */
export type CacheFactory<T> = (context: CacheLoadContext) => T | Promise<T>;

/** How a value is loaded when the cache does not hold it. */
export interface CacheLoadOptions<T = unknown> extends CacheWriteOptions {
  /** What the entry belongs to, known before the value or only from it. */
  readonly tags?: readonly string[] | ((value: T) => readonly string[]);
  /** How long an expired entry stays as a safety net: one caller refreshes it, the others get it at once. Default: not at all. */
  readonly staleFor?: Duration;
  /** How long to wait for another caller's load. Default 30 s. */
  readonly waitFor?: Duration;
  /** How long a load may take before its signal aborts and others may try. Default 60 s. */
  readonly loadFor?: Duration;
  /** How soon others may load when the process that loads has died; it is renewed three times as often. Default 3 s. */
  readonly leaseFor?: Duration;
  /** How long after a failed refresh no other one starts while the stale value serves. Default 1 s. */
  readonly pauseFor?: Duration;
  /** After how long a slow refresh is left to the background, and its caller gets the stale value. Default: never. */
  readonly factoryTimeout?: Duration;
  /**
   * How eagerly an entry is refreshed before its time to live ends, so that nobody ever waits: 1 is the usual choice,
   * more is earlier (XFetch: https://cseweb.ucsd.edu/~avattani/papers/cache_stampede.pdf). Default 0: not at all.
   */
  readonly refreshEarly?: number;
  /** What happens when the backend cannot be reached: reject (the default), or call the factory. */
  readonly whenUnavailable?: 'reject' | 'load';
}

/** A cache in which a missing value is loaded once, however many callers ask. */
export interface IStampedeProtectedCache<T = unknown> extends ICache<T> {
  /**
   * Reads an entry, or loads and writes it when the key holds none.
   *
   * While somebody loads, in this process or another, everybody else waits for that value. A `set`, `delete`, `clear`
   * or tag eviction during the load is never overwritten by it.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @param factory makes the value; its own error reaches every caller of this process that waited for it
   * @param options how to write, how long to wait, and whether an expired value may serve
   * @throws InvalidCacheKeyError when `key` is no key, or a tag is none, before anything is sent
   * @throws InvalidCacheTtlError when a time of `options` is none, before anything is sent
   * @throws CacheLockTimeoutError when another load did not end within `waitFor`, or this one within `loadFor`
   * @throws CacheSerializationError when the value could not come back exactly as it is
   * @throws CacheClosedError when the cache is closed before the value is there
   * @example
   * ```ts
   * const profile = await cache.getOrSet('profile:42', ({ signal }) => database.read('42', { signal }), { ttl: '5m' });
   * ```
   */
  getOrSet(key: string, factory: CacheFactory<T>, options?: CacheLoadOptions<T>): Promise<T>;
}

/**
 * Makes the values of the keys that the cache does not hold.
 *
 * @param keys those that nobody else loads
 * @param context a signal that aborts when nobody waits for the values any longer
 */
export type CacheBatchFactory<T> = (
  keys: readonly string[],
  context: {
    /** Aborts when the load took too long, or the cache was closed. */
    readonly signal: AbortSignal;
  },
) => Iterable<readonly [string, T]> | Promise<Iterable<readonly [string, T]>>;

/** A cache that reads and writes many keys at once. */
export interface IBatchCache<T = unknown> extends ICache<T> {
  /**
   * Reads entries; a repeated key is asked for once.
   *
   * @param keys non-empty strings of at most 1 KiB in UTF-8
   * @returns what `get` answers for each key, in the order of the keys
   * @throws InvalidCacheKeyError when one of the keys is none, before anything is sent
   * @throws CacheBatchError that tells which keys failed, and why
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * for (const [key, result] of await cache.getMany(['profile:1', 'profile:2'])) console.log(key, result.hit);
   * ```
   */
  getMany(keys: Iterable<string>): Promise<Map<string, CacheResult<T>>>;
  /**
   * Writes entries, all with the same options.
   *
   * @param entries pairs of key and value: a `Map` is one
   * @param options tags, and how long to keep them, in milliseconds or as a {@link Duration}
   * @throws InvalidCacheKeyError when one of the keys is none, before anything is sent
   * @throws CacheBatchError that tells which keys failed, and why; the others are written
   * @throws InvalidCacheTtlError when the time to live is none, before anything is sent
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * await cache.setMany(new Map([['profile:42', profile]]), { ttl: '5m' });
   * ```
   */
  setMany(entries: Iterable<readonly [string, T]>, options?: TaggedWriteOptions): Promise<void>;
  /**
   * Removes entries.
   *
   * @param keys non-empty strings of at most 1 KiB in UTF-8
   * @returns how many of the keys held an entry; a repeated key counts once
   * @throws InvalidCacheKeyError when one of the keys is none, before anything is sent
   * @throws CacheBatchError that tells which keys failed, and why; the others are removed
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * const removed = await cache.deleteMany(['profile:1', 'profile:2']);
   * ```
   */
  deleteMany(keys: Iterable<string>): Promise<number>;
  /**
   * Reads entries, and loads in one call those that the cache does not hold, under the leases of `getOrSet`.
   *
   * @param keys non-empty strings of at most 1 KiB in UTF-8
   * @param factory is given the missing keys that nobody else loads, and answers a pair for each of them
   * @param options how to write, how long to wait, and whether expired values may serve
   * @returns the values in the order of the keys
   * @throws InvalidCacheKeyError when one of the keys is none, before anything is sent
   * @throws CacheBatchError that tells which keys failed, and why
   * @throws CacheClosedError when the cache is closed before the values are there
   * @example
   * ```ts
   * const found = await cache.getOrSetMany(
   *   ['profile:1', 'profile:2'],
   *   async (missing) => Promise.all(missing.map(async (key) => [key, await database.read(key)] as const)),
   *   { ttl: '5m' },
   * );
   * ```
   */
  getOrSetMany(
    keys: Iterable<string>,
    factory: CacheBatchFactory<T>,
    options?: CacheLoadOptions<T>,
  ): Promise<Map<string, T>>;
}

/**
 * Writes a value to its origin (a database, a file).
 *
 * @param value what to write
 * @param key of its entry
 */
export type CacheWriter<T> = (value: T, key: string) => unknown;

/**
 * Told of what `writeBehind` could not do in the background: the writer's own error when it failed for good, or a
 * `CacheWriteError` when the origin could not be written before the end, or the entry may be outdated. The value is
 * here so that it need not be lost.
 *
 * @param error why
 * @param write what was to be written
 */
export type CacheWriteErrorHandler = (
  error: unknown,
  write: {
    /** Of the entry. */
    readonly key: string;
    /** A copy of what `writeBehind` was given. */
    readonly value: unknown;
    /** How often the writer was called. */
    readonly attempts: number;
  },
) => void;

/** A cache that keeps an origin in step. */
export interface IWritePolicyCache<T = unknown> extends ICache<T> {
  /**
   * Writes the origin, then the entry. When the writer fails, the cache is as it was and the writer's own error is thrown.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @param value what to write
   * @param writer writes it to the origin
   * @param options tags, and how long to keep the entry, in milliseconds or as a {@link Duration}
   * @throws InvalidCacheKeyError when `key` is no key, or a tag is none, before anything is sent
   * @throws InvalidCacheTtlError when the time to live is none, before anything is sent
   * @throws CacheWriteError when the origin is written, and the entry is neither written nor removed
   * @throws CacheSerializationError when `value` could not come back exactly as it is; the origin is not written
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * await cache.writeThrough('profile:42', profile, (value) => database.write(value), { ttl: '5m' });
   * ```
   */
  writeThrough(key: string, value: T, writer: CacheWriter<T>, options?: TaggedWriteOptions): Promise<void>;
  /**
   * Writes the entry, then, in the background, the origin: in order for each key, a later value in the place of one
   * that still waits. What fails for good is told to `onWriteError`, and its entry is removed.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @param value what to write; the writer gets a copy
   * @param writer writes it to the origin
   * @param options tags, and how long to keep the entry, in milliseconds or as a {@link Duration}
   * @throws InvalidCacheKeyError when `key` is no key, or a tag is none, before anything is sent
   * @throws InvalidCacheTtlError when the time to live is none, before anything is sent
   * @throws CacheWriteError when too many writes are waiting, and nothing was written; or when the cache is closed meanwhile
   * @throws CacheSerializationError when `value` could not come back exactly as it is; nothing was written
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * await cache.writeBehind('profile:42', profile, (value) => database.write(value), { ttl: '5m' });
   * ```
   */
  writeBehind(key: string, value: T, writer: CacheWriter<T>, options?: TaggedWriteOptions): Promise<void>;
}
