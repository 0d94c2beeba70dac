import type { CacheNearMetrics } from '../contract/cache-metrics.js';
import type { EntrySlot } from './cache-store.js';

/** What a tier in front of a store can do besides being one. */
export interface NearTier {
  /**
   * The entry of a key, if it is kept here and certain to be a hit by all that is known, its tags included; at once.
   *
   * @param prefix of the cache or the scope
   */
  peek(prefix: string, key: string): EntrySlot | undefined;
  metrics(): CacheNearMetrics;
}
