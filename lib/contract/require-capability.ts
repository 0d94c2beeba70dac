import type { ICache } from './cache.interface.js';
import type {
  IBatchCache,
  ICacheMetrics,
  IStampedeProtectedCache,
  ISyncCache,
  ITaggedCache,
  IWritePolicyCache,
} from './capabilities.js';
import { CacheBackendCapabilityError } from './errors.js';

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
