import { ConfigurableModuleBuilder } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { InMemoryCacheOptions } from '../memory/in-memory-cache-options.js';
import { InMemoryCache } from '../memory/in-memory-cache.js';
import { CacheRegistry } from './cache-registry.js';
import { type CacheModuleExtras, type CacheProvider, defineCacheModule } from './define-cache-module.js';
import { loggerOf } from './logger-of.js';

const OPTIONS = Symbol.for('@spakky/nestjs-redis-cache:in-memory-options');

export const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<InMemoryCacheOptions>({
  optionsInjectionToken: OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createInMemoryCacheOptions')
  .setExtras<CacheModuleExtras>({ isGlobal: false, name: undefined }, (definition, extras) =>
    defineCacheModule(definition, extras, InMemoryCache, inMemoryCacheProvider(extras.name)),
  )
  .build();

function inMemoryCacheProvider(name: string | undefined): CacheProvider {
  return {
    useFactory: (options: InMemoryCacheOptions, application: ModulesContainer) =>
      CacheRegistry.of(application).add(name, new InMemoryCache(options, { logger: loggerOf(name) })),
    inject: [OPTIONS, ModulesContainer],
  };
}
