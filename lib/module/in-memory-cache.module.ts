import { type ConfigurableModuleAsyncOptions, type DynamicModule, Module } from '@nestjs/common';
import type { InMemoryCacheOptions } from '../memory/in-memory-cache-options.js';
import type { CacheModuleExtras } from './define-cache-module.js';
import { ConfigurableModuleClass } from './in-memory-cache.module-definition.js';

/** The options of {@link InMemoryCacheModule.forRoot}: those of the cache, and what concerns the module. */
export type InMemoryCacheModuleOptions = InMemoryCacheOptions & CacheModuleExtras;

/** The options of {@link InMemoryCacheModule.forRootAsync}. */
export type InMemoryCacheModuleAsyncOptions = ConfigurableModuleAsyncOptions<
  InMemoryCacheOptions,
  'createInMemoryCacheOptions'
> &
  CacheModuleExtras;

/**
 * The cache in this process alone, in place of {@link RedisCacheModule}: for tests, and for a service that runs once.
 *
 * The tokens are the same, so that nothing but the registration changes.
 *
 * @example
 * ```ts
 * @Module({ imports: [InMemoryCacheModule.forRoot({ maxEntries: 1_000 })] })
 * class AppModule {}
 * ```
 */
@Module({})
export class InMemoryCacheModule extends ConfigurableModuleClass {
  /**
   * Registers a cache in memory.
   *
   * @param options bounds, default time to live, clock, serializer; `isGlobal` and `name` for the module
   * @throws CacheConfigurationError when the application starts, naming everything wrong at once
   * @example
   * ```ts
   * const app = await Test.createTestingModule({ imports: [InMemoryCacheModule.forRoot()] }).compile();
   * const cache = app.get<ICache<string>>(CACHE);
   * ```
   */
  static override forRoot(options: InMemoryCacheModuleOptions = {}): DynamicModule {
    return super.forRoot(options);
  }

  /**
   * Registers a cache in memory whose options are made when the application starts.
   *
   * @param options `useFactory` with `inject`, `useClass` or `useExisting`, and `imports` with what they need
   * @throws CacheConfigurationError when the application starts, naming everything wrong at once
   * @example
   * ```ts
   * InMemoryCacheModule.forRootAsync({
   *   imports: [ConfigModule],
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ maxEntries: config.getOrThrow<number>('CACHE_ENTRIES') }),
   * });
   * ```
   */
  static override forRootAsync(options: InMemoryCacheModuleAsyncOptions): DynamicModule {
    return super.forRootAsync(options);
  }
}
