import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { getCacheToken, type RedisCache } from '@spakky/nestjs-redis-cache';
import { RedisCacheHealthIndicator } from '@spakky/nestjs-redis-cache/health';

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly redis: RedisCacheHealthIndicator,
    @Inject(getCacheToken('archive')) private readonly archive: RedisCache,
  ) {}

  /** For the readiness probe: 200 while the cache can be used, 503 while it cannot. */
  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.redis.isHealthy('cache')]);
  }

  /** A cache with a name is handed over. */
  @Get('archive')
  @HealthCheck()
  checkArchive(): Promise<HealthCheckResult> {
    return this.health.check([() => this.redis.isHealthy('archive', this.archive)]);
  }
}
