import type { DynamicModule, FactoryProvider, Provider, Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { ICache } from '../contract/cache.interface.js';
import { CacheLifecycle } from './cache-lifecycle.js';
import { CacheRegistry } from './cache-registry.js';
import { loggerOf } from './logger-of.js';
import { getCacheToken } from './cache.tokens.js';

/** What concerns the module and not the cache; it is no part of an async factory's answer. */
export interface CacheModuleExtras {
  /** Whether every module may inject the cache without importing this one. Default `false`. */
  readonly isGlobal?: boolean;
  /** Names the cache, so that an application can have several. Default: the unnamed cache. */
  readonly name?: string;
}

/** How a module makes its cache. */
export type CacheProvider = Pick<FactoryProvider<ICache>, 'useFactory' | 'inject'>;

/**
 * Completes a module definition: the cache under its token, and for the unnamed one under its class too, exported,
 * and tied to the life of the application.
 */
export function defineCacheModule(
  definition: DynamicModule,
  { name, isGlobal = false }: CacheModuleExtras,
  cacheClass: Type<ICache>,
  provider: CacheProvider,
): DynamicModule {
  const token = getCacheToken(name);
  const byClass: Provider[] = name === undefined ? [{ provide: cacheClass, useExisting: token }] : [];
  const lifecycle: FactoryProvider<CacheLifecycle> = {
    provide: CacheLifecycle,
    useFactory: (cache: ICache, application: ModulesContainer) =>
      new CacheLifecycle(cache, CacheRegistry.of(application), loggerOf(name)),
    inject: [token, ModulesContainer],
  };
  return {
    ...definition,
    global: isGlobal,
    providers: [...(definition.providers ?? []), { provide: token, ...provider }, ...byClass, lifecycle],
    exports: [token, ...(name === undefined ? [cacheClass] : [])],
  };
}
