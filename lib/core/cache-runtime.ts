import type { Codec } from '../codec/codec.js';
import type { CacheMeter } from './cache-meter.js';
import type { CacheStore } from './cache-store.js';
import type { NearTier } from './near-tier.js';

/** What every part of a cache and of its scopes works with. */
export interface CacheRuntime {
  readonly store: CacheStore;
  readonly codec: Codec;
  readonly meter: CacheMeter;
  /** The tier in front of the store, which is then the store of this cache; absent: there is none. */
  readonly near?: NearTier;
}
