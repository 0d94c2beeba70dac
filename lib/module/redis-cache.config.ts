import { registerAs } from '@nestjs/config';
import { readEnvironment } from '../config/environment.js';
import type { RedisCacheOptions } from '../config/redis-cache-options.js';
import { CacheConfigurationError } from '../contract/errors.js';

/** Where ConfigService keeps the options of the cache. */
export const REDIS_CACHE_NAMESPACE = 'SPAKKY_REDIS';

/**
 * The `SPAKKY_REDIS__*` variables as a namespace of ConfigService; it holds only what the environment sets.
 *
 * @throws CacheConfigurationError that names every variable that is wrong
 * @example
 * ```ts
 * ConfigModule.forRoot({ isGlobal: true, load: [redisCacheConfig] });
 * ```
 */
export const redisCacheConfig = registerAs(REDIS_CACHE_NAMESPACE, (): RedisCacheOptions => {
  const { options, problems } = readEnvironment((name) => process.env[name]);
  if (problems.length > 0) throw new CacheConfigurationError(problems);
  return options;
});
