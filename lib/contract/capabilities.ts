import type { ICache, CacheWriteOptions } from './cache.interface.js';
import type { CacheResult } from './cache-result.js';
import type { Duration } from './duration.js';
import { CacheBackendCapabilityError } from './errors.js';

/** How a tagged entry is written. */
export interface TaggedWriteOptions extends CacheWriteOptions {
  /** What the entry belongs to; evicting one of its tags removes it. */
  readonly tags?: readonly string[];
}

/** A cache whose entries can be removed by what they belong to. */
export interface ITaggedCache<T = unknown> extends ICache<T> {
  /** Reads an entry; naming its tags saves a round trip. */
  get(key: string, options?: { readonly tags?: readonly string[] }): Promise<CacheResult<T>>;
  /** Writes an entry that belongs to its tags. */
  set(key: string, value: T, options?: TaggedWriteOptions): Promise<void>;
  /** Removes every entry that carries one of the tags. */
  evictTags(...tags: string[]): Promise<void>;
}

/** What a factory is told about the load it serves. */
export interface CacheLoadContext {
  readonly key: string;
  /** Aborts when nobody waits for the value any longer or the load took too long. */
  readonly signal: AbortSignal;
}

/** How a value is loaded when the cache does not hold it. */
export interface CacheLoadOptions extends TaggedWriteOptions {
  /** How long an expired entry stays as a safety net. */
  readonly staleFor?: Duration;
  /** How long to wait for another caller's load; 30 s by default. */
  readonly waitFor?: Duration;
  /** What happens when the backend cannot be reached: reject (the default), or call the factory. */
  readonly whenUnavailable?: 'reject' | 'load';
}

/** A cache in which a missing value is loaded once, however many callers ask. */
export interface IStampedeProtectedCache<T = unknown> extends ICache<T> {
  /** Reads an entry, or loads and writes it when the key holds none. */
  getOrSet(
    key: string,
    factory: (context: CacheLoadContext) => T | Promise<T>,
    options?: CacheLoadOptions,
  ): Promise<T>;
}

/** A cache that reads and writes many keys at once. */
export interface IBatchCache<T = unknown> extends ICache<T> {
  /** The answers in the order of the keys. */
  getMany(keys: Iterable<string>): Promise<Map<string, CacheResult<T>>>;
  /** Writes entries, all with the same options. */
  setMany(entries: Iterable<readonly [string, T]>, options?: TaggedWriteOptions): Promise<void>;
  /** How many of the keys held an entry; a repeated key counts once. */
  deleteMany(keys: Iterable<string>): Promise<number>;
}

/** A cache that keeps an origin (a database, a file) in step. */
export interface IWritePolicyCache<T = unknown> extends ICache<T> {
  /** Writes the origin, then the entry. */
  writeThrough(
    key: string,
    value: T,
    writer: (value: T, key: string) => unknown,
    options?: TaggedWriteOptions,
  ): Promise<void>;
  /** Writes the entry, then, in the background, the origin. */
  writeBehind(
    key: string,
    value: T,
    writer: (value: T, key: string) => unknown,
    options?: TaggedWriteOptions,
  ): Promise<void>;
}

/** What a cache has counted since it was made. */
export interface CacheMetricsSnapshot {
  readonly hits: number;
  readonly misses: number;
  readonly writes: number;
  readonly deletes: number;
  readonly clears: number;
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

/** The capabilities by name, for {@link requireCapability}. */
export interface CacheCapabilities<T> {
  readonly tags: ITaggedCache<T>;
  readonly stampede: IStampedeProtectedCache<T>;
  readonly batch: IBatchCache<T>;
  readonly 'write-policy': IWritePolicyCache<T>;
  readonly metrics: ICache<T> & ICacheMetrics;
  readonly sync: ISyncCache<T>;
}

/** The name of a capability. */
export type CacheCapability = keyof CacheCapabilities<unknown>;

/** The methods whose presence makes the capability. */
const METHODS: { readonly [Name in CacheCapability]: readonly string[] } = {
  tags: ['evictTags'],
  stampede: ['getOrSet'],
  batch: ['getMany', 'setMany', 'deleteMany'],
  'write-policy': ['writeThrough', 'writeBehind'],
  metrics: ['metrics'],
  sync: ['getSync', 'setSync', 'deleteSync', 'clearSync'],
};

/**
 * Narrows a cache to one that has a capability, or throws: code that needs more than {@link ICache} says so once, loudly.
 *
 * @param cache any cache
 * @param capability the name of what is needed
 * @returns the same cache, typed with the capability
 * @throws CacheBackendCapabilityError when the backend lacks it
 * @example
 * ```ts
 * const tagged = requireCapability(cache, 'tags');
 * await tagged.evictTags('country:NL');
 * ```
 */
export function requireCapability<T, Name extends CacheCapability>(
  cache: ICache<T>,
  capability: Name,
): CacheCapabilities<T>[Name] {
  if (!hasCapability(cache, capability)) {
    throw new CacheBackendCapabilityError(
      `${cache.constructor.name} does not offer the capability '${capability}' (${METHODS[capability].join(', ')}): ` +
        'register a backend that has it, or do without.',
    );
  }
  return cache;
}

function hasCapability<T, Name extends CacheCapability>(
  cache: ICache<T>,
  capability: Name,
): cache is ICache<T> & CacheCapabilities<T>[Name] {
  return METHODS[capability].every((method) => typeof Reflect.get(cache, method) === 'function');
}
