import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, type DynamicModule, Get, type INestApplication, Inject, Module } from '@nestjs/common';
import {
  HealthCheck,
  type HealthCheckResult,
  HealthCheckService,
  HealthIndicatorService,
  TerminusModule,
} from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { RedisCacheHealthIndicator } from '../../lib/health/index.js';
import {
  CACHE,
  CacheConfigurationError,
  InMemoryCache,
  InMemoryCacheModule,
  RedisCache,
  RedisCacheModule,
} from '../../lib/index.js';
import { getFreePort } from '../support/free-port.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { rejection } from '../support/rejection.js';
import { secretsIn } from '../support/secret-search.js';
import { eventually } from '../support/waiting.js';

const redis = useRedisServer();
const locked = useRedisServer({ password: 'S3CRET' });

/** In milliseconds; an operation settles a little later at the latest. */
const T = 500;
const LATEST = T * 1.1 + 200;
const INFO = { db: 0, prefix: 'shop:', ssl: false };

const apps: INestApplication[] = [];

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

/** What a monitor sees, and what the application has logged meanwhile. */
interface Checked {
  readonly status: number;
  readonly body: HealthCheckResult;
  readonly milliseconds: number;
  readonly log: readonly unknown[];
}

@Controller('health')
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(RedisCacheHealthIndicator) private readonly indicator: RedisCacheHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.indicator.isHealthy('cache')]);
  }
}

/** An application with a health check over HTTP, and how to ask it. */
async function listen(cacheModule: DynamicModule): Promise<() => Promise<Checked>> {
  @Module({
    imports: [TerminusModule, cacheModule],
    controllers: [HealthController],
    providers: [RedisCacheHealthIndicator],
  })
  class AppModule {}

  const log: unknown[] = [];
  const write = (...lines: unknown[]): void => void log.push(...lines);
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .setLogger({ log: write, warn: write, error: write })
    .compile();
  const app: INestApplication = module.createNestApplication();
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/health`;
  return async () => {
    const start = performance.now();
    const response = await fetch(url, { headers: { connection: 'close' } });
    const body: HealthCheckResult = JSON.parse(await response.text());
    return { status: response.status, body, milliseconds: performance.now() - start, log };
  };
}

describe('A health check in a running application', () => {
  it('tells where Redis is and how long it takes to answer', async () => {
    const options = { ...redis.address, keyPrefix: 'shop:', db: 3 };
    const { status, body } = await (await listen(RedisCacheModule.forRoot(options)))();
    expect(status).toBe(200);
    const latency = expect.any(Number);
    expect(body.details).toEqual({ cache: { status: 'up', latency, ...redis.address, ...INFO, db: 3 } });
    expect(body.details['cache']?.['latency']).toBeGreaterThan(0);
    expect(body.details['cache']?.['latency']).toBeLessThan(T);
  });

  it('is down within the deadline while Redis is frozen, and up again afterwards', async () => {
    const options = { ...redis.address, keyPrefix: 'shop:', socketTimeout: T };
    const ask = await listen(RedisCacheModule.forRoot(options));
    await redis.server.freeze();
    try {
      const { status, body, milliseconds } = await ask();
      expect(milliseconds).toBeLessThan(LATEST);
      expect(status).toBe(503);
      const message = expect.stringContaining(`127.0.0.1:${redis.address.port}`);
      const down = { status: 'down', code: 'REDIS_TIMEOUT', message, ...redis.address, ...INFO };
      expect(body.details).toEqual({ cache: down });
    } finally {
      await redis.server.resume();
    }
    await expectUp(ask);
  });

  it('is down while Redis is gone, and up again when it is back', async () => {
    const options = { ...redis.address, keyPrefix: 'shop:', socketTimeout: T };
    const ask = await listen(RedisCacheModule.forRoot(options));
    await redis.server.kill('SIGKILL');
    try {
      const down = { status: 'down', code: 'REDIS_UNREACHABLE', ...redis.address, ...INFO };
      // The first one may meet the connection as it breaks.
      await eventually(5_000, async () => {
        const { status, body, milliseconds } = await ask();
        expect(milliseconds).toBeLessThan(LATEST);
        expect(status).toBe(503);
        expect(body.details['cache']).toMatchObject(down);
        expect(body.details['cache']?.['message']).toContain('Is Redis running?');
      });
    } finally {
      await redis.restart();
    }
    await expectUp(ask);
  });

  it('A08 shows the password neither up, nor down, nor in the log', async () => {
    const address = locked.address;
    const right = await listen(
      RedisCacheModule.forRoot({
        url: `redis://:S3CRET@${address.host}:${address.port}`,
        keyPrefix: 'shop:',
      }),
    );
    const wrong = await listen(
      RedisCacheModule.forRoot({
        ...address,
        username: 'nobody',
        password: 'WR0NG',
        keyPrefix: 'other:',
        lazy: true,
      }),
    );
    const [up, down] = [await right(), await wrong()];
    expect(up.status).toBe(200);
    expect(up.body.details['cache']).toMatchObject({ status: 'up', ...address, ...INFO });
    expect(down.status).toBe(503);
    expect(down.body.details['cache']).toMatchObject({ status: 'down', code: 'REDIS_CREDENTIALS' });
    expect(down.log).not.toEqual([]);
    expect(secretsIn([up, down], ['S3CRET', 'WR0NG'])).toEqual([]);
  });

  it('is up with a cache in memory in the place of Redis', async () => {
    const { status, body } = await (await listen(InMemoryCacheModule.forRoot()))();
    expect(status).toBe(200);
    expect(body.details).toEqual({ cache: { status: 'up', latency: expect.any(Number) } });
  });
});

describe('RedisCacheHealthIndicator', () => {
  const indicator = new RedisCacheHealthIndicator(new HealthIndicatorService());

  it('takes any cache, and tells the address of one that is not reached by host and port', async () => {
    const cache = redis.newCacheAt({ path: '/no/such/socket', keyPrefix: 'shop:' });
    const place = { address: '/no/such/socket', ...INFO };
    expect(await indicator.isHealthy('socket', cache)).toEqual({
      socket: { status: 'down', code: 'REDIS_UNREACHABLE', message: expect.any(String), ...place },
    });
    const client = redis.newCacheAt({ client: redis.newClient(), keyPrefix: 'shop:' });
    const { handedIn } = await indicator.isHealthy('handedIn', client);
    expect(handedIn).toMatchObject({ status: 'up', ...redis.address, ...INFO });
  });

  it('is down for a port that nobody listens at, and for a cache that was closed', async () => {
    const nobody = redis.newCacheAt({ host: '127.0.0.1', port: await getFreePort(), keyPrefix: 'shop:' });
    expect(await indicator.isHealthy('nobody', nobody)).toMatchObject({ nobody: { status: 'down' } });
    const closed = new InMemoryCache();
    await closed.close();
    expect(await indicator.isHealthy('closed', closed)).toEqual({
      closed: { status: 'down', code: 'CACHE_CLOSED', message: expect.any(String) },
    });
  });

  it('says what to do where there is no unnamed cache', async () => {
    const error = await rejection(indicator.isHealthy('cache'));
    expect(error).toBeInstanceOf(CacheConfigurationError);
    expect(String(error)).toContain(
      'import RedisCacheModule there, or name the cache: isHealthy(key, cache)',
    );
  });

  it('is injected with the unnamed cache, whichever it is', async () => {
    const module = await Test.createTestingModule({
      imports: [TerminusModule, RedisCacheModule.forRoot({ ...redis.address, keyPrefix: redis.newPrefix() })],
      providers: [RedisCacheHealthIndicator],
    }).compile();
    apps.push(await module.createNestApplication().init());
    expect(module.get(CACHE)).toBeInstanceOf(RedisCache);
    const { cache } = await module.get(RedisCacheHealthIndicator).isHealthy('cache');
    expect(cache.status).toBe('up');
  });
});

async function expectUp(ask: () => Promise<Checked>): Promise<void> {
  await eventually(5_000, async () => {
    expect((await ask()).body.details['cache']).toMatchObject({ status: 'up' });
  });
}
