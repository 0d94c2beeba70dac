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
   * Reads an entry.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @param options naming the tags of the entry saves a round trip; those that it has besides are looked at too
   */
  get(key: string, options?: { readonly tags?: readonly string[] }): Promise<CacheResult<T>>;
  /** Writes an entry that belongs to its tags. */
  set(key: string, value: T, options?: TaggedWriteOptions): Promise<void>;
  /**
   * Removes every entry that carries one of the tags, at the same cost whether there is one or a million.
   *
   * @throws InvalidCacheKeyError when a tag is none, before anything is sent
   */
  evictTags(...tags: string[]): Promise<void>;
}

/** What a factory is told about the load it serves. */
export interface CacheLoadContext {
  readonly key: string;
  /** Aborts when the load took too long, or the cache was closed: nobody waits for the value any longer. */
  readonly signal: AbortSignal;
}

/** Makes the value of a key that the cache does not hold. */
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
   * @throws CacheLockTimeoutError when another load did not end within `waitFor`, or this one within `loadFor`
   * @throws CacheSerializationError when the value could not come back exactly as it is
   * @throws CacheClosedError when the cache is closed before the value is there
   * @example
   * ```ts
   * const profile = await cache.getOrSet('profile:42', ({ signal }) => fetchProfile('42', signal), { ttl: '5m' });
   * ```
   */
  getOrSet(key: string, factory: CacheFactory<T>, options?: CacheLoadOptions<T>): Promise<T>;
}

/** Makes the values of the keys that the cache does not hold. */
export type CacheBatchFactory<T> = (
  keys: readonly string[],
  context: { readonly signal: AbortSignal },
) => Iterable<readonly [string, T]> | Promise<Iterable<readonly [string, T]>>;

/** A cache that reads and writes many keys at once. */
export interface IBatchCache<T = unknown> extends ICache<T> {
  /**
   * The answers in the order of the keys; a repeated key is asked for once.
   *
   * @throws CacheBatchError that tells which keys failed, and why
   */
  getMany(keys: Iterable<string>): Promise<Map<string, CacheResult<T>>>;
  /**
   * Writes entries, all with the same options.
   *
   * @param entries pairs of key and value: a `Map` is one
   * @throws CacheBatchError that tells which keys failed, and why; the others are written
   */
  setMany(entries: Iterable<readonly [string, T]>, options?: TaggedWriteOptions): Promise<void>;
  /**
   * How many of the keys held an entry; a repeated key counts once.
   *
   * @throws CacheBatchError that tells which keys failed, and why; the others are removed
   */
  deleteMany(keys: Iterable<string>): Promise<number>;
  /**
   * Reads entries, and loads in one call those that the cache does not hold, under the leases of `getOrSet`.
   *
   * @param factory is given the missing keys that nobody else loads, and answers a pair for each of them
   * @returns the values in the order of the keys
   * @throws CacheBatchError that tells which keys failed, and why
   */
  getOrSetMany(
    keys: Iterable<string>,
    factory: CacheBatchFactory<T>,
    options?: CacheLoadOptions<T>,
  ): Promise<Map<string, T>>;
}

/** Writes a value to its origin (a database, a file). */
export type CacheWriter<T> = (value: T, key: string) => unknown;

/**
 * Told of what `writeBehind` could not do in the background: the writer's own error when it failed for good, or a
 * `CacheWriteError` when the origin could not be written before the end, or the entry may be outdated. The value is
 * here so that it need not be lost.
 */
export type CacheWriteErrorHandler = (
  error: unknown,
  write: {
    readonly key: string;
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
   * @throws CacheWriteError when the origin is written but the entry is not
   */
  writeThrough(key: string, value: T, writer: CacheWriter<T>, options?: TaggedWriteOptions): Promise<void>;
  /**
   * Writes the entry, then, in the background, the origin: in order for each key, a later value in the place of one
   * that still waits. What fails for good is told to `onWriteError`, and its entry is removed.
   *
   * @throws CacheWriteError when too many writes are waiting; nothing was written
   */
  writeBehind(key: string, value: T, writer: CacheWriter<T>, options?: TaggedWriteOptions): Promise<void>;
}

/** What a cache has counted since it was made, its scopes included. */
export interface CacheMetricsSnapshot {
  /** Fresh values that were found. */
  readonly hits: number;
  /** Keys without a fresh value, where it was asked for; a caller who waits for another's load is none of them. */
  readonly misses: number;
  /** Expired values that served while a refresh was due. */
  readonly staleHits: number;
  readonly writes: number;
  readonly deletes: number;
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
  /** What was counted so far. */
  metrics(): CacheMetricsSnapshot;
}

/** A cache that can be used without awaiting. */
export interface ISyncCache<T = unknown> extends ICache<T> {
  /** As `get`, but blocking. */
  getSync(key: string): CacheResult<T>;
  /** As `set`, but blocking. */
  setSync(key: string, value: T, options?: CacheWriteOptions): void;
  /** As `delete`, but blocking. */
  deleteSync(key: string): boolean;
  /** As `clear`, but blocking. */
  clearSync(): void;
}

/** All that a cache can do. */
export type EveryCapability<T> = ITaggedCache<T> &
  IStampedeProtectedCache<T> &
  IBatchCache<T> &
  IWritePolicyCache<T> &
  ICacheMetrics &
  ISyncCache<T>;
