import type { Codec } from '../codec/codec.js';
import type { CacheWriteErrorHandler } from '../contract/capabilities.js';
import { CacheMeter } from './cache-meter.js';
import type { CacheLocation } from './cache-operation.js';
import { assertScopePrefix } from './cache-key.js';
import type { CacheRuntime } from './cache-runtime.js';
import type { CacheStore } from './cache-store.js';
import { KeyOrder } from './key-order.js';
import { Loads } from './loads.js';
import type { NearTier } from './near-tier.js';
import { WriteBehind } from './write-behind.js';

/** What a cache is made of. */
export interface CacheParts {
  readonly store: CacheStore;
  readonly codec: Codec;
  /** The tier that `store` is, if it is one. */
  readonly near?: NearTier;
  /** Where `store` is, for whoever listens to the cache's operations. */
  readonly place: Omit<CacheLocation, 'prefix'>;
  /** Put before every key. */
  readonly prefix: string;
  /** For writes that name none, in milliseconds; absent: they stay until they are removed. */
  readonly ttl?: number;
  /** How long writes to origins may take that still wait when the cache ends, in milliseconds. */
  readonly drainFor: number;
  /** Told of writes to origins that failed for good; without one, the process is warned. */
  readonly onWriteError?: CacheWriteErrorHandler;
}

/** What a cache and its scopes have in common. */
export interface Shared extends CacheRuntime {
  readonly order: KeyOrder;
  readonly loads: Loads;
  readonly behind: WriteBehind;
  readonly location: CacheLocation;
}

/** What a cache has of its own. */
export interface Territory {
  readonly shared: Shared;
  readonly prefix: string;
  readonly ttl: number | undefined;
}

/** Makes what a cache and its scopes have in common. */
function share(parts: CacheParts): Shared {
  const { store, codec, near, place, prefix, drainFor, onWriteError } = parts;
  const meter = new CacheMeter();
  const runtime: CacheRuntime = { store, codec, meter, near };
  return {
    ...runtime,
    order: new KeyOrder(),
    loads: new Loads(runtime),
    behind: new WriteBehind({ store, meter, drainFor, onWriteError }),
    location: Object.freeze({ ...place, prefix }),
  };
}

/** Of a cache that shares what it is made of with nobody yet, or of a scope. */
export function territoryOf(parts: CacheParts | Territory): Territory {
  return 'shared' in parts ? parts : { shared: share(parts), prefix: parts.prefix, ttl: parts.ttl };
}

/**
 * The part of a territory under a longer prefix.
 *
 * @throws CacheConfigurationError when `prefix` is no text, or empty
 */
export function scopeOf(territory: Territory, prefix: unknown): Territory {
  assertScopePrefix(prefix);
  return { ...territory, prefix: territory.prefix + prefix };
}
