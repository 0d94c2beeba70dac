import type { ICache } from '../contract/cache.interface.js';
import type { CacheExplanation } from '../contract/cache-explanation.js';
import {
  type IBatchCache,
  type IStampedeProtectedCache,
  type ITaggedCache,
  type IWritePolicyCache,
} from '../contract/capabilities.js';
import type { ICacheMetrics } from '../contract/cache-metrics.js';
import { CacheBackendCapabilityError } from '../contract/errors.js';
import type { ISyncCache } from '../contract/sync-cache.js';
import { requireCapability } from '../contract/require-capability.js';

/** A cache that tells a person what it knows about a key. */
export interface ExplainingCache extends ICache {
  explain(key: string): Promise<CacheExplanation>;
}

/** What a test of the contract works with. */
export class ContractStage {
  readonly cache: ICache;
  /** Lets time pass for the cache. */
  readonly advance: (milliseconds: number) => Promise<void>;

  constructor(cache: ICache, advance: (milliseconds: number) => Promise<void>) {
    this.cache = cache;
    this.advance = advance;
  }

  /** The cache as one that removes entries by their tags. */
  get tagged(): ITaggedCache {
    return requireCapability(this.cache, 'tags');
  }

  /** The cache as one that loads missing values. */
  get loading(): IStampedeProtectedCache {
    return requireCapability(this.cache, 'stampede');
  }

  /** The cache as one that takes many keys at once. */
  get batch(): IBatchCache {
    return requireCapability(this.cache, 'batch');
  }

  /** The cache as one that keeps an origin in step. */
  get policy(): IWritePolicyCache {
    return requireCapability(this.cache, 'write-policy');
  }

  /** The cache as one that counts. */
  get counting(): ICacheMetrics {
    return requireCapability(this.cache, 'metrics');
  }

  /** The cache as one that can block. */
  get blocking(): ISyncCache {
    return requireCapability(this.cache, 'sync');
  }

  /** The cache as one that explains. */
  get explaining(): ExplainingCache {
    if (explains(this.cache)) return this.cache;
    throw new CacheBackendCapabilityError(`${this.cache.constructor.name} has no method explain().`);
  }
}

function explains(cache: ICache): cache is ExplainingCache {
  return 'explain' in cache && typeof cache.explain === 'function';
}

/** Tests by what they say. */
export type ContractTests = Readonly<Record<string, (stage: ContractStage) => Promise<void>>>;
