import type { Codec } from '../codec/codec.js';
import type { CacheMeter } from './cache-meter.js';
import type { CacheStore } from './cache-store.js';

/** What every part of a cache and of its scopes works with. */
export interface CacheRuntime {
  readonly store: CacheStore;
  readonly codec: Codec;
  readonly meter: CacheMeter;
}
