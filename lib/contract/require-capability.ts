import type { ICache } from './cache.interface.js';
import type {
  IBatchCache,
  IStampedeProtectedCache,
  ITaggedCache,
  IWritePolicyCache,
} from './capabilities.js';
import type { ICacheMetrics } from './cache-metrics.js';
import type { ISyncCache } from './sync-cache.js';
import { CacheBackendCapabilityError } from './errors.js';

/** The capabilities by name, for {@link requireCapability}. */
export interface CacheCapabilities<T> {
  /** Entries can be removed by what they belong to. */
  readonly tags: ITaggedCache<T>;
  /** A missing value is loaded once. */
  readonly stampede: IStampedeProtectedCache<T>;
  /** Many keys can be asked for at once. */
  readonly batch: IBatchCache<T>;
  /** An origin is kept in step. */
  readonly 'write-policy': IWritePolicyCache<T>;
  /** What the cache does is counted. */
  readonly metrics: ICache<T> & ICacheMetrics;
  /** The cache can be used without awaiting. */
  readonly sync: ISyncCache<T>;
}

/** The name of a capability. */
export type CacheCapability = keyof CacheCapabilities<unknown>;

/** Under it, a cache that has the methods of a capability answers why it cannot use them, or nothing when it can. */
export const LACK: unique symbol = Symbol.for('@spakky/nestjs-redis-cache:lack');

/** The methods whose presence makes the capability. */
const METHODS: { readonly [Name in CacheCapability]: readonly string[] } = {
  tags: ['evictTags'],
  stampede: ['getOrSet'],
  batch: ['getMany', 'setMany', 'deleteMany', 'getOrSetMany'],
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
  const lack = lackOf(cache, capability);
  if (lack === undefined && hasCapability(cache, capability)) return cache;
  throw new CacheBackendCapabilityError(
    `${cache.constructor.name} does not offer the capability '${capability}' (${METHODS[capability].join(', ')}): ` +
      (lack ?? 'register a backend that has it, or do without.'),
  );
}

function hasCapability<T, Name extends CacheCapability>(
  cache: ICache<T>,
  capability: Name,
): cache is ICache<T> & CacheCapabilities<T>[Name] {
  return METHODS[capability].every((method) => typeof Reflect.get(cache, method) === 'function');
}

function lackOf(cache: ICache, capability: CacheCapability): string | undefined {
  const tell: unknown = Reflect.get(cache, LACK);
  const lack: unknown = typeof tell === 'function' ? tell.call(cache, capability) : undefined;
  return typeof lack === 'string' ? lack : undefined;
}
