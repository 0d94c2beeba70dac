export type { CacheWriteOptions, ICache } from './contract/cache.interface.js';
export { CacheHit, CacheMiss, type CacheResult } from './contract/cache-result.js';
export {
  type CacheCapabilities,
  type CacheCapability,
  type CacheLoadContext,
  type CacheLoadOptions,
  type CacheMetricsSnapshot,
  type IBatchCache,
  type ICacheMetrics,
  type IStampedeProtectedCache,
  type ISyncCache,
  type ITaggedCache,
  type IWritePolicyCache,
  requireCapability,
  type TaggedWriteOptions,
} from './contract/capabilities.js';
export type { Duration, DurationFields } from './contract/duration.js';
export {
  CacheBackendCapabilityError,
  CacheBatchError,
  CacheClosedError,
  CacheConfigurationError,
  type CacheErrorDetails,
  CacheKeyGenerationError,
  CacheLockTimeoutError,
  type CacheSerializationCode,
  CacheSerializationError,
  InvalidCacheKeyError,
  InvalidCacheTtlError,
  SpakkyCacheError,
} from './contract/errors.js';
export {
  RedisCacheConnectionError,
  RedisCacheError,
  RedisCacheOperationError,
  RedisCacheTimeoutError,
  type RedisConnectionCode,
  type RedisOperationCode,
  type RedisTimeoutCode,
} from './contract/redis-errors.js';
