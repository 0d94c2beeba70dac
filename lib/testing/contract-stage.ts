import type { ICache } from '../contract/cache.interface.js';
import {
  type IBatchCache,
  type IStampedeProtectedCache,
  type ITaggedCache,
  type IWritePolicyCache,
} from '../contract/capabilities.js';
import type { ICacheMetrics } from '../contract/cache-metrics.js';
import { requireCapability } from '../contract/require-capability.js';

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
}

/** Tests by what they say. */
export type ContractTests = Readonly<Record<string, (stage: ContractStage) => Promise<void>>>;
