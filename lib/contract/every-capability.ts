import type {
  IBatchCache,
  ICacheMetrics,
  IStampedeProtectedCache,
  ISyncCache,
  ITaggedCache,
  IWritePolicyCache,
} from './capabilities.js';

/** All that a cache can do. */
export type EveryCapability<T> = ITaggedCache<T> &
  IStampedeProtectedCache<T> &
  IBatchCache<T> &
  IWritePolicyCache<T> &
  ICacheMetrics &
  ISyncCache<T>;
