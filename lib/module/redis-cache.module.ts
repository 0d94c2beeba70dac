import { type ConfigurableModuleAsyncOptions, type DynamicModule, Module } from '@nestjs/common';
import type { RedisCacheOptions } from '../config/redis-cache-options.js';
import type { CacheModuleExtras } from './define-cache-module.js';
import { ConfigurableModuleClass } from './redis-cache.module-definition.js';

/** The options of {@link RedisCacheModule.forRoot}: those of the cache, and what concerns the module. */
export type RedisCacheModuleOptions = RedisCacheOptions & CacheModuleExtras;

/** The options of {@link RedisCacheModule.forRootAsync}. */
export type RedisCacheModuleAsyncOptions = ConfigurableModuleAsyncOptions<
  RedisCacheOptions,
  'createRedisCacheOptions'
> &
  CacheModuleExtras;

/** What a class given as `useClass` or `useExisting` implements. */
export interface RedisCacheOptionsFactory {
  /**
   * Makes the options; called once, when the application starts.
   *
   * @returns what {@link RedisCacheModule.forRoot} takes, without `name` and `isGlobal`
   */
  createRedisCacheOptions(): RedisCacheOptions | Promise<RedisCacheOptions>;
}

/**
 * One cache over Redis, shared by every instance of the service: inject it by {@link CACHE}, by the class
 * {@link RedisCache}, or by name.
 *
 * It connects before the application starts and fails the start when Redis cannot be reached (`lazy: true` opts out);
 * it is closed with the application.
 *
 * @example
 * ```ts
 * @Module({ imports: [RedisCacheModule.forRoot()] })
 * class AppModule {}
 * ```
 */
@Module({})
export class RedisCacheModule extends ConfigurableModuleClass {
  /**
   * Registers a cache; what is left out comes from ConfigService and from the `SPAKKY_REDIS__*` variables.
   *
   * @param options how to connect, the key prefix, the default time to live; `isGlobal` and `name` for the module
   * @throws CacheConfigurationError when the application starts, naming everything wrong at once
   * @example
   * ```ts
   * @Module({ imports: [RedisCacheModule.forRoot({ keyPrefix: 'shop:', ttl: '5m' })] })
   * class AppModule {}
   * ```
   */
  static override forRoot(options: RedisCacheModuleOptions = {}): DynamicModule {
    return super.forRoot(options);
  }

  /**
   * Registers a cache whose options are made when the application starts.
   *
   * @param options `useFactory` with `inject`, `useClass` or `useExisting`, and `imports` with what they need
   * @throws CacheConfigurationError when the application starts, naming everything wrong at once
   * @example
   * ```ts
   * RedisCacheModule.forRootAsync({
   *   imports: [ConfigModule],
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ host: config.getOrThrow<string>('CACHE_HOST') }),
   * });
   * ```
   */
  static override forRootAsync(options: RedisCacheModuleAsyncOptions): DynamicModule {
    return super.forRootAsync(options);
  }
}
