import { ConfigurableModuleBuilder } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { ModulesContainer } from '@nestjs/core';
import type { RedisCacheOptions } from '../config/redis-cache-options.js';
import { RedisCache, type RedisCacheContext } from '../redis/redis-cache.js';
import { CacheRegistry } from './cache-registry.js';
import { type CacheModuleExtras, type CacheProvider, defineCacheModule } from './define-cache-module.js';
import { loggerOf } from './logger-of.js';
import { REDIS_CACHE_NAMESPACE } from './redis-cache.config.js';

const OPTIONS = Symbol.for('@spakky/nestjs-redis-cache:redis-options');

export const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<RedisCacheOptions>({
  optionsInjectionToken: OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createRedisCacheOptions')
  .setExtras<CacheModuleExtras>({ isGlobal: false, name: undefined }, (definition, extras) =>
    defineCacheModule(definition, extras, RedisCache, redisCacheProvider(extras.name)),
  )
  .build();

function redisCacheProvider(name: string | undefined): CacheProvider {
  return {
    useFactory: (options: RedisCacheOptions, application: ModulesContainer, config?: ConfigService) =>
      CacheRegistry.of(application).add(name, new RedisCache(options, contextOf(name, config))),
    inject: [OPTIONS, ModulesContainer, { token: ConfigService, optional: true }],
  };
}

/** Where an application without ConfigModule has nothing to ask, the environment of the process answers. */
function contextOf(name: string | undefined, config: ConfigService | undefined): RedisCacheContext {
  const logger = loggerOf(name);
  if (config === undefined) return { name, logger, variable: (variable) => process.env[variable] };
  return {
    name,
    logger,
    namespace: config.get<unknown>(REDIS_CACHE_NAMESPACE),
    variable: (variable) => config.get<unknown>(variable),
  };
}
