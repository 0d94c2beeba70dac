import { Inject, Injectable, Optional } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { CacheConfigurationError, SpakkyCacheError } from '../contract/errors.js';
import { CACHE } from '../module/cache.tokens.js';
import type { RedisCacheLocation } from '../redis/redis-location.js';

/** What can be checked: a `RedisCache`, and an `InMemoryCache` in its place. */
export interface CheckableCache {
  /** Asks whether the backend can be reached, within the deadline. */
  ping(): Promise<void>;
  /** Where the entries live; a cache in memory has no such place. */
  readonly location?: RedisCacheLocation;
}

/**
 * Tells Terminus whether a cache can be used. Make it a provider of a module that imports `TerminusModule` and the
 * module of the cache.
 *
 * @example
 * ```ts
 * @Controller('health')
 * class HealthController {
 *   constructor(
 *     private readonly health: HealthCheckService,
 *     private readonly redis: RedisCacheHealthIndicator,
 *   ) {}
 *
 *   @Get()
 *   @HealthCheck()
 *   check(): Promise<HealthCheckResult> {
 *     return this.health.check([() => this.redis.isHealthy('cache')]);
 *   }
 * }
 * ```
 */
@Injectable()
export class RedisCacheHealthIndicator {
  readonly #health: HealthIndicatorService;
  readonly #unnamed: CheckableCache | undefined;

  /**
   * Made by Nest.
   *
   * @param health of `TerminusModule`
   * @param unnamed the cache without a name, where the module sees one
   */
  constructor(
    @Inject(HealthIndicatorService) health: HealthIndicatorService,
    @Optional() @Inject(CACHE) unnamed?: CheckableCache,
  ) {
    this.#health = health;
    this.#unnamed = unnamed;
  }

  /**
   * Asks the server of a cache for a sign of life, every master of a cluster for one.
   *
   * Up, it tells the latency in milliseconds; down, the `code` and the message of the typed error, within the cache's
   * `socketTimeout`; both times host, port, database, prefix and whether TLS is used. It tells no secret.
   *
   * @param key names the result
   * @param cache whose server is asked; the unnamed one when absent. A scope is asked for as the cache that it is of
   * @returns what Terminus adds to its report, under `key`
   * @throws CacheConfigurationError when no cache is given, and the module does not see the unnamed one
   */
  async isHealthy<const Key extends string>(
    key: Key,
    cache: CheckableCache | undefined = this.#unnamed,
  ): Promise<HealthIndicatorResult<Key>> {
    if (cache === undefined) throw noCache(key);
    const check = this.#health.check(key);
    const place = placeOf(cache.location);
    const start = performance.now();
    try {
      await cache.ping();
    } catch (error) {
      if (!(error instanceof SpakkyCacheError)) throw error;
      return check.down({ code: error.code, message: error.message, ...place });
    }
    return check.up({ latency: inHundredths(performance.now() - start), ...place });
  }
}

/** One server over TCP is told by host and port, whatever else by its address. */
function placeOf(location: RedisCacheLocation | undefined): Omit<RedisCacheLocation, 'address'> | undefined {
  if (location === undefined || location.host === undefined) return location;
  const { address: _, ...place } = location;
  return place;
}

function inHundredths(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}

function noCache(key: string): CacheConfigurationError {
  return new CacheConfigurationError([
    `isHealthy(${JSON.stringify(key)}) was given no cache, and the module of RedisCacheHealthIndicator sees no unnamed one: ` +
      'import RedisCacheModule there, or name the cache: isHealthy(key, cache)',
  ]);
}
