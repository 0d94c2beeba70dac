/**
 * A cache for NestJS over Redis: modules, tokens, the contract, decorators and errors.
 *
 * @module @spakky/nestjs-redis-cache
 */

export {
  type CacheSerializer,
  type ClassOf,
  type CompressionAlgorithm,
  type CompressionOptions,
  registerClass,
  type RegisteredClass,
  type SerializerOption,
  type SerializerOptions,
} from './codec/serializer.js';
export type {
  RedisCacheOptions,
  NearOptions,
  RedisCacheSettings,
  RedisClientLike,
  RedisClientOptions,
  RedisClusterOptions,
  RedisConnectionOptions,
  RedisEncryption,
  RedisLogin,
  RedisPassword,
  RedisSentinelOptions,
  RedisServerAddress,
  RedisSocketOptions,
  RedisTcpOptions,
  RedisUrlOptions,
} from './config/redis-cache-options.js';
export type { CacheWriteOptions, ICache } from './contract/cache.interface.js';
export { CacheHit, CacheMiss, type CacheResult } from './contract/cache-result.js';
export {
  type CacheBatchFactory,
  type CacheFactory,
  type CacheLoadContext,
  type CacheLoadOptions,
  type CacheWriteErrorHandler,
  type CacheWriter,
  type IBatchCache,
  type IStampedeProtectedCache,
  type ITaggedCache,
  type IWritePolicyCache,
  type TaggedWriteOptions,
} from './contract/capabilities.js';
export type { CacheMetricsSnapshot, CacheNearMetrics, ICacheMetrics } from './contract/cache-metrics.js';
export type { ISyncCache } from './contract/sync-cache.js';
export {
  type CacheCapabilities,
  type CacheCapability,
  requireCapability,
} from './contract/require-capability.js';
export type {
  AbsentExplanation,
  CacheCodec,
  CacheExplanation,
  EntryExplanation,
  ExplainedKey,
  ExplainedLease,
  ExplainedTag,
  ExplainedValue,
  LeaseExplanation,
  StaleExplanation,
  UnreadableExplanation,
} from './contract/cache-explanation.js';
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
export { type CacheWriteCode, CacheWriteError } from './contract/write-error.js';
export {
  RedisCacheConnectionError,
  RedisCacheError,
  RedisCacheOperationError,
  RedisCacheTimeoutError,
  type RedisConnectionCode,
  type RedisOperationCode,
  type RedisTimeoutCode,
} from './contract/redis-errors.js';
export type {
  CacheLocation,
  CacheOperation,
  CacheOperationName,
  OperationRunner,
} from './core/cache-operation.js';
export type { CoreCache, ScopedCache } from './core/core-cache.js';
export { CacheEvict } from './decorators/cache-evict.decorator.js';
export { CachePut } from './decorators/cache-put.decorator.js';
export { Cacheable } from './decorators/cacheable.decorator.js';
export type {
  CacheableMethod,
  CacheableOptions,
  CachedResult,
  CacheEvictOptions,
  CacheMethodDecorator,
  CachePutOptions,
  DecoratedPrototype,
  DecoratorOptions,
} from './decorators/decorator-options.js';
export type { InMemoryCacheOptions } from './memory/in-memory-cache-options.js';
export { InMemoryCache, type InMemoryCacheContext } from './memory/in-memory-cache.js';
export { CACHE, getCacheToken } from './module/cache.tokens.js';
export type { CacheModuleExtras } from './module/define-cache-module.js';
export {
  InMemoryCacheModule,
  type InMemoryCacheModuleAsyncOptions,
  type InMemoryCacheModuleOptions,
} from './module/in-memory-cache.module.js';
export { InjectCache } from './module/inject-cache.decorator.js';
export { redisCacheConfig } from './module/redis-cache.config.js';
export {
  RedisCacheModule,
  type RedisCacheModuleAsyncOptions,
  type RedisCacheModuleOptions,
  type RedisCacheOptionsFactory,
} from './module/redis-cache.module.js';
export { RedisCache, type RedisCacheContext } from './redis/redis-cache.js';
export type { RedisCacheLocation } from './redis/redis-location.js';
export type { RedisCacheSurvey, SurveyedServer } from './redis/survey.js';
export type { SurveyedKeys } from './redis/key-tally.js';
export type { CacheLogger } from './redis/connection-log.js';
