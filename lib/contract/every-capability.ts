import type { CacheExplanation } from './cache-explanation.js';
import type { ICache } from './cache.interface.js';
import type { ICacheMetrics } from './cache-metrics.js';
import type {
  IBatchCache,
  IStampedeProtectedCache,
  ITaggedCache,
  IWritePolicyCache,
} from './capabilities.js';
import type { ISyncCache } from './sync-cache.js';

/** What a capability adds to the contract: of two comments of one method an editor would show both, and no example. */
type Added<Capability> = Omit<Capability, keyof ICache>;

/** All that a cache can do. */
export interface EveryCapability<T>
  extends
    ITaggedCache<T>,
    Added<IStampedeProtectedCache<T>>,
    Added<IBatchCache<T>>,
    Added<IWritePolicyCache<T>>,
    Added<ISyncCache<T>>,
    ICacheMetrics {}

/** What backends offer to whoever runs an application, beside what they do for its code. */
export interface ICacheUpkeep {
  /** Whether {@link ICache.close} was called. */
  readonly closed: boolean;
  /**
   * Runs at once what waits to be written to an origin, and tells `onWriteError` what is not written in time. A Nest
   * module does so when the application begins to shut down.
   *
   * @example
   * ```ts
   * await cache.drain();
   * ```
   */
  drain(): Promise<void>;
  /**
   * Asks the backend whether it can be reached, within the deadline.
   *
   * @throws RedisCacheError when it cannot, with the reason
   * @throws CacheClosedError after {@link ICache.close}
   * @example
   * ```ts
   * await cache.ping();
   * ```
   */
  ping(): Promise<void>;
  /**
   * Tells a person what the cache knows about a key: whether it holds an entry, a stale one or a lease, for how long,
   * and whether its tags still match. No value is told, and the near tier is passed by.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @returns one of five explanations, told apart by their `state`
   * @throws InvalidCacheKeyError when `key` is no key
   * @throws CacheClosedError after {@link ICache.close}
   * @throws RedisCacheError when the backend cannot be asked
   * @example
   * ```ts
   * const explanation = await cache.explain('profile:42');
   * if (explanation.state === 'entry') console.log(explanation.size, explanation.ttl, explanation.tags);
   * ```
   */
  explain(key: string): Promise<CacheExplanation>;
}
