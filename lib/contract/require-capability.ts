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
