import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  type DynamicModule,
  Get,
  Inject,
  Injectable,
  type INestApplication,
  Module,
} from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  CACHE,
  CacheClosedError,
  CacheConfigurationError,
  CacheHit,
  CacheMiss,
  getCacheToken,
  type ICache,
  InMemoryCache,
  InMemoryCacheModule,
  InjectCache,
  RedisCache,
  RedisCacheConnectionError,
  redisCacheConfig,
  RedisCacheModule,
  type RedisCacheOptions,
  type RedisCacheOptionsFactory,
  requireCapability,
} from '../../lib/index.js';
import { getFreePort } from '../support/free-port.js';
import { rejection } from '../support/rejection.js';
import { useRedisServer } from '../support/redis-fixture.js';

const redis = useRedisServer();

const apps: TestingModule[] = [];
const environment = { ...process.env };

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  for (const name of Object.keys(process.env)) {
    if (!Object.hasOwn(environment, name)) delete process.env[name];
  }
});

type Import = DynamicModule | Promise<DynamicModule> | (new () => object);

/** An application of these modules, started; it is closed after the test. */
async function start(...imports: readonly Import[]): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports: [...imports] }).compile();
  apps.push(app);
  return await app.init();
}

/** The unnamed cache of an application. */
function cacheOf(app: TestingModule): RedisCache {
  return app.get<RedisCache>(CACHE);
}

function options(): RedisCacheOptions {
  return { ...redis.address, keyPrefix: redis.newPrefix() };
}

describe('RedisCacheModule.forRoot', () => {
  it('provides one cache, under CACHE and under its class', async () => {
    @Injectable()
    class Profiles {
      constructor(
        @Inject(CACHE) readonly byToken: ICache<string>,
        readonly byClass: RedisCache<string>,
        @InjectCache() readonly byDecorator: ICache<string>,
      ) {}
    }
    @Module({ imports: [RedisCacheModule.forRoot(options())], providers: [Profiles] })
    class AppModule {}

    const profiles = (await start(AppModule)).get(Profiles);
    expect(profiles.byToken).toBeInstanceOf(RedisCache);
    expect(profiles.byClass).toBe(profiles.byToken);
    expect(profiles.byDecorator).toBe(profiles.byToken);
    await profiles.byToken.set('42', 'Ada');
    expect(await profiles.byClass.get('42')).toEqual(new CacheHit('Ada'));
  });

  it('is seen by every module when it is global, and by no other when it is not', async () => {
    @Injectable()
    class Feature {
      constructor(@Inject(CACHE) readonly cache: ICache) {}
    }
    @Module({ providers: [Feature] })
    class FeatureModule {}

    const app = await start(RedisCacheModule.forRoot({ ...options(), isGlobal: true }), FeatureModule);
    expect(app.get(Feature, { strict: false }).cache).toBe(cacheOf(app));
    const hidden = Test.createTestingModule({
      imports: [RedisCacheModule.forRoot(options()), FeatureModule],
    });
    expect(String(await rejection(hidden.compile()))).toContain('Symbol(@spakky/nestjs-redis-cache:cache)');
  });

  it('shares its entries with the same module of another application', async () => {
    const shared = options();
    const [first, second] = [
      await start(RedisCacheModule.forRoot(shared)),
      await start(RedisCacheModule.forRoot(shared)),
    ];
    await cacheOf(first).set('key', new Date(0));
    expect(await cacheOf(second).get('key')).toEqual(new CacheHit(new Date(0)));
  });
});

describe('RedisCacheModule.forRootAsync', () => {
  it('takes the options of a factory, with what it injects', async () => {
    const answer = options();
    @Module({ providers: [{ provide: 'OPTIONS', useValue: answer }], exports: ['OPTIONS'] })
    class OptionsModule {}

    const app = await start(
      RedisCacheModule.forRootAsync({
        imports: [OptionsModule],
        inject: ['OPTIONS'],
        useFactory: async (found: RedisCacheOptions) => found,
      }),
    );
    expect(cacheOf(app).location.prefix).toBe(answer.keyPrefix);
  });

  it('takes the options of a class, made here or elsewhere', async () => {
    const answer = options();
    @Injectable()
    class Options implements RedisCacheOptionsFactory {
      createRedisCacheOptions(): RedisCacheOptions {
        return answer;
      }
    }
    @Module({ providers: [Options], exports: [Options] })
    class OptionsModule {}

    const made = await start(RedisCacheModule.forRootAsync({ useClass: Options }));
    expect(cacheOf(made).location.prefix).toBe(answer.keyPrefix);
    const existing = await start(
      RedisCacheModule.forRootAsync({ imports: [OptionsModule], useExisting: Options }),
    );
    expect(cacheOf(existing).location.prefix).toBe(answer.keyPrefix);
  });

  it('takes isGlobal and name beside the factory, not from its answer', async () => {
    const app = await start(
      RedisCacheModule.forRootAsync({ name: 'sessions', isGlobal: true, useFactory: () => redis.address }),
    );
    const sessions = app.get<RedisCache>(getCacheToken('sessions'));
    expect(sessions.location.prefix).toBe('spakky:sessions:');
    const answer = { ...redis.address, name: 'wrong place' };
    const wrong = Test.createTestingModule({
      imports: [RedisCacheModule.forRootAsync({ useFactory: () => answer })],
    });
    expect(String(await rejection(wrong.compile()))).toMatch(
      /options\.name is not an option: .* beside the factory/,
    );
  });
});

describe('Configuration', () => {
  it('comes from the environment of the process without ConfigModule', async () => {
    process.env['SPAKKY_REDIS__HOST'] = redis.address.host;
    process.env['SPAKKY_REDIS__PORT'] = String(redis.address.port);
    process.env['SPAKKY_REDIS__KEY_PREFIX'] = 'from-environment:';
    const app = await start(RedisCacheModule.forRoot());
    expect(cacheOf(app).location).toEqual({
      address: `${redis.address.host}:${redis.address.port}`,
      ...redis.address,
      db: 0,
      ssl: false,
      prefix: 'from-environment:',
    });
  });

  it('comes from ConfigService where it is global: code, then namespace, then variables', async () => {
    process.env['SPAKKY_REDIS__HOST'] = 'no-such-host.invalid';
    process.env['SPAKKY_REDIS__PORT'] = String(redis.address.port);
    process.env['SPAKKY_REDIS__KEY_PREFIX'] = 'from-environment:';
    const namespace = () => ({
      SPAKKY_REDIS: { host: redis.address.host, keyPrefix: 'from-namespace:', ttl: '1h' },
    });
    const config = ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [namespace] });
    const app = await start(await config, RedisCacheModule.forRoot({ keyPrefix: 'from-code:' }));
    expect(cacheOf(app).location).toEqual({
      address: `${redis.address.host}:${redis.address.port}`,
      ...redis.address,
      db: 0,
      ssl: false,
      prefix: 'from-code:',
    });
    await cacheOf(app).set('key', 1);
    expect(await redis.raw.pttl('from-code:key')).toBeGreaterThan(3_000_000);
  });

  it('comes from ConfigService through imports and inject where it is not global', async () => {
    process.env['CACHE_PREFIX'] = 'from-config:';
    const config = await ConfigModule.forRoot({ ignoreEnvFile: true });
    const app = await start(
      RedisCacheModule.forRootAsync({
        imports: [config],
        inject: [ConfigService],
        useFactory: (service: ConfigService) => ({
          ...redis.address,
          keyPrefix: service.getOrThrow<string>('CACHE_PREFIX'),
        }),
      }),
    );
    expect(cacheOf(app).location.prefix).toBe('from-config:');
  });

  it('comes from the redisCacheConfig namespace, which holds only what is set', async () => {
    process.env['SPAKKY_REDIS__PORT'] = String(redis.address.port);
    process.env['SPAKKY_REDIS__SOCKET_TIMEOUT'] = '1.5';
    expect(redisCacheConfig()).toEqual({ port: redis.address.port, socketTimeout: 1_500 });
    const config = await ConfigModule.forRoot({
      isGlobal: true,
      ignoreEnvFile: true,
      load: [redisCacheConfig],
    });
    const app = await start(config, RedisCacheModule.forRoot({ host: redis.address.host }));
    expect(app.get(ConfigService).get('SPAKKY_REDIS.socketTimeout')).toBe(1_500);
    expect(cacheOf(app).location.address).toBe(`${redis.address.host}:${redis.address.port}`);
    process.env['SPAKKY_REDIS__PORT'] = 'abc';
    expect(() => redisCacheConfig()).toThrow(CacheConfigurationError);
  });

  it('A12 is one error that names everything wrong when the module is made', async () => {
    process.env['SPAKKY_REDIS__DB'] = 'abc';
    process.env['SPAKKY_REDIS__PORT'] = '0';
    process.env['SPAKKY_REDIS__SOCKET_TIMEOUT'] = '-1';
    const app = Test.createTestingModule({ imports: [RedisCacheModule.forRoot()] });
    const error = await rejection(app.compile());
    expect(error).toBeInstanceOf(CacheConfigurationError);
    for (const name of ['DB', 'PORT', 'SOCKET_TIMEOUT'])
      expect(String(error)).toContain(`SPAKKY_REDIS__${name}`);
  });
});

describe('Several caches', () => {
  it('live in one application under their names, apart from each other', async () => {
    @Injectable()
    class Service {
      constructor(
        @Inject(CACHE) readonly main: ICache<string>,
        @InjectCache('sessions') readonly sessions: ICache<string>,
      ) {}
    }
    @Module({
      imports: [
        RedisCacheModule.forRoot(options()),
        RedisCacheModule.forRoot({ name: 'sessions', ...options(), ttl: '1h' }),
        InMemoryCacheModule.forRoot({ name: 'local' }),
      ],
      providers: [Service],
    })
    class AppModule {}

    const app = await start(AppModule);
    const { main, sessions } = app.get(Service);
    await main.set('key', 'main');
    await sessions.set('key', 'session');
    await main.clear();
    expect(await main.get('key')).toBe(CacheMiss.instance);
    expect(await sessions.get('key')).toEqual(new CacheHit('session'));
    expect(app.get(getCacheToken('local'))).toBeInstanceOf(InMemoryCache);
  });

  it.each([
    [
      'the same name',
      { name: 'twice', keyPrefix: 'a:' },
      { name: 'twice', keyPrefix: 'b:' },
      /'twice' is registered by two/,
    ],
    ['no name', { keyPrefix: 'a:' }, { keyPrefix: 'b:' }, /unnamed cache is registered by two/],
    ['the same prefix', { keyPrefix: 'a:' }, { name: 'b', keyPrefix: 'a:' }, /clear entries of the other/],
    [
      'a prefix in the other',
      { keyPrefix: 'a:' },
      { name: 'b', keyPrefix: 'a:b:' },
      /clear entries of the other/,
    ],
  ])('are refused with %s', async (_what, one, other, message) => {
    const imports = [one, other].map((settings) =>
      RedisCacheModule.forRoot({ ...redis.address, ...settings }),
    );
    const error = await rejection(Test.createTestingModule({ imports }).compile());
    expect(error).toBeInstanceOf(CacheConfigurationError);
    expect(String(error)).toMatch(message);
  });

  it('may have the same prefix in different databases', async () => {
    await start(
      RedisCacheModule.forRoot({ ...redis.address, keyPrefix: 'same:' }),
      RedisCacheModule.forRoot({ ...redis.address, keyPrefix: 'same:', name: 'other', db: 1 }),
    );
  });

  it('have no empty name', () => {
    expect(() => getCacheToken('')).toThrow(CacheConfigurationError);
  });
});

describe('Start', () => {
  it('A06 fails with a typed error that says what to do, and rejects nothing unhandled', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listener);
    const port = await getFreePort();
    const module = RedisCacheModule.forRoot({ host: '127.0.0.1', port });
    const app = await Test.createTestingModule({ imports: [module] }).compile();
    const error = await rejection(app.init());
    await delay(50);
    process.off('unhandledRejection', listener);
    expect(error).toBeInstanceOf(RedisCacheConnectionError);
    expect(String(error)).toContain(`127.0.0.1:${port}`);
    expect(String(error)).toContain('Is Redis running?');
    expect(unhandled).toEqual([]);
    expect(await rejection(cacheOf(app).get('key'))).toBeInstanceOf(CacheClosedError);
  });

  it('leaves no cache open when one of several cannot be reached', async () => {
    const app = await Test.createTestingModule({
      imports: [
        RedisCacheModule.forRoot(options()),
        RedisCacheModule.forRoot({ name: 'away', host: '127.0.0.1', port: await getFreePort() }),
      ],
    }).compile();
    expect(await rejection(app.init())).toBeInstanceOf(RedisCacheConnectionError);
    expect(await rejection(cacheOf(app).get('key'))).toBeInstanceOf(CacheClosedError);
  });

  it('does not wait for Redis when it is lazy', async () => {
    const app = await start(
      RedisCacheModule.forRoot({ host: '127.0.0.1', port: await getFreePort(), lazy: true }),
    );
    expect(await rejection(cacheOf(app).get('key'))).toMatchObject({ code: 'REDIS_UNREACHABLE' });
  });

  it('tells the loss of the connection and its return through the Nest logger', async () => {
    const lines: string[] = [];
    const write = (message: unknown) => void lines.push(String(message));
    const app = await Test.createTestingModule({ imports: [RedisCacheModule.forRoot(options())] })
      .setLogger({ log: write, warn: write, error: write })
      .compile();
    apps.push(await app.init());
    await redis.server.kill('SIGKILL');
    await rejection(cacheOf(app).get('key'));
    await redis.restart();
    await delay(1_500);
    await cacheOf(app).ping();
    expect(lines.filter((line) => /connection/.test(line))).toEqual([
      expect.stringContaining('Lost the connection'),
      expect.stringContaining('is back after'),
    ]);
  });
});

describe('The end of an application', () => {
  it('closes its caches', async () => {
    const app = await start(RedisCacheModule.forRoot(options()));
    const cache = cacheOf(app);
    await app.close();
    expect(await rejection(cache.get('key'))).toBeInstanceOf(CacheClosedError);
  });

  it('A33 gives every operation that the server does not answer its typed error, within the deadline', async () => {
    const app = await start(RedisCacheModule.forRoot({ ...options(), socketTimeout: 500 }));
    const cache = cacheOf(app);
    await redis.server.freeze();
    const pending = [cache.get('a'), cache.set('b', 1), cache.delete('c'), cache.clear(), cache.ping()];
    const settled = Promise.allSettled(pending);
    const closing = performance.now();
    await app.close();
    expect(performance.now() - closing).toBeLessThan(1_500);
    await redis.server.resume();
    const codes = (await settled).map((result) => result.status === 'rejected' && result.reason.code);
    expect(codes).toEqual(pending.map(() => 'CACHE_CLOSED'));
  });

  it('leaves the cache to an HTTP request that is still in progress', async () => {
    const entered = new Signal();
    const released = new Signal();

    @Controller()
    class SlowController {
      constructor(@Inject(CACHE) private readonly cache: ICache<string>) {}

      @Get()
      async slow(): Promise<string> {
        entered.give();
        await released.given;
        await this.cache.set('key', 'written during shutdown');
        const result = await this.cache.get('key');
        return result.hit ? result.value : 'miss';
      }
    }
    @Module({ imports: [RedisCacheModule.forRoot(options())], controllers: [SlowController] })
    class AppModule {}

    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app: INestApplication = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    const cache = module.get<ICache>(CACHE);
    const response = fetch(await app.getUrl(), { headers: { connection: 'close' } });
    await entered.given;
    const closed = app.close();
    await delay(50);
    released.give();
    expect(await (await response).text()).toBe('written during shutdown');
    await closed;
    expect(await rejection(cache.get('key'))).toBeInstanceOf(CacheClosedError);
  });

  const modules = [
    ['RedisCacheModule', () => RedisCacheModule.forRoot({ ...options(), socketTimeout: 300 })],
    ['InMemoryCacheModule', () => InMemoryCacheModule.forRoot()],
  ] as const;

  it.each(modules)('waits for the writers of %s that are behind', async (_name, module) => {
    const app = await start(module());
    const cache = requireCapability(app.get<ICache<string>>(CACHE), 'write-policy');
    const origin: string[] = [];
    const writer = async (value: string): Promise<void> => {
      await delay(50);
      origin.push(value);
    };
    await cache.writeBehind('key', 'first', writer);
    await cache.writeBehind('key', 'last', writer);
    expect(origin).toEqual([]);
    await app.close();
    expect(origin).toEqual(['first', 'last']);
  });

  it.each(modules)(
    'tells the Nest logger of %s which origins were not written, and no value',
    async (_name, module) => {
      const lines: string[] = [];
      const write = (message: unknown) => void lines.push(String(message));
      const app = await Test.createTestingModule({ imports: [module()] })
        .setLogger({ log: write, warn: write, error: write })
        .compile();
      apps.push(await app.init());
      const cache = requireCapability(app.get<ICache<string>>(CACHE), 'write-policy');
      await cache.writeBehind('the key', 'secret', () => new Promise(() => undefined));
      await app.close();
      expect(lines.filter((line) => line.includes('the key'))).toEqual([
        expect.stringMatching(/^CACHE_WRITE_NOT_DRAINED: The origin of "the key" is not written/),
      ]);
      expect(lines.join('')).not.toContain('secret');
    },
    15_000,
  );

  it('tells onWriteError in place of the logger', async () => {
    const told: unknown[] = [];
    const onWriteError = (...failure: readonly unknown[]) => void told.push(failure);
    const app = await start(RedisCacheModule.forRoot({ ...options(), socketTimeout: 300, onWriteError }));
    await cacheOf(app).writeBehind('key', 'value', () => new Promise(() => undefined));
    const closing = performance.now();
    await app.close();
    expect(performance.now() - closing).toBeLessThan(900);
    expect(told).toEqual([
      [
        expect.objectContaining({ code: 'CACHE_WRITE_NOT_DRAINED', key: 'key' }),
        { key: 'key', value: 'value', attempts: 1 },
      ],
    ]);
  });

  it('leaves a client that was handed in open', async () => {
    const client = redis.newClient();
    await once(client, 'ready');
    const app = await start(RedisCacheModule.forRoot({ client, keyPrefix: redis.newPrefix() }));
    await cacheOf(app).set('key', 1);
    await app.close();
    expect(await client.ping()).toBe('PONG');
  });
});

describe('Tests of an application', () => {
  @Injectable()
  class Greeter {
    constructor(@Inject(CACHE) private readonly cache: ICache<string>) {}

    async greet(name: string): Promise<string> {
      const known = await this.cache.get(name);
      if (known.hit) return known.value;
      await this.cache.set(name, `Hello, ${name}`, { ttl: '1m' });
      return `Hello, stranger ${name}`;
    }
  }

  it('may replace the cache by one in memory, which stays open', async () => {
    const memory = new InMemoryCache<string>();
    const app = await Test.createTestingModule({
      imports: [RedisCacheModule.forRoot({ host: '127.0.0.1', port: await getFreePort() })],
      providers: [Greeter],
    })
      .overrideProvider(CACHE)
      .useValue(memory)
      .compile();
    await app.init();
    await app.get(Greeter).greet('Ada');
    expect(app.get(RedisCache)).toBe(memory);
    await app.close();
    expect(await memory.get('Ada')).toEqual(new CacheHit('Hello, Ada'));
  });

  it('may register InMemoryCacheModule instead, with a clock that they turn', async () => {
    let now = 0;
    const app = await Test.createTestingModule({
      imports: [InMemoryCacheModule.forRoot({ clock: () => now, maxEntries: 10 })],
      providers: [Greeter],
    }).compile();
    apps.push(await app.init());
    const greeter = app.get(Greeter);
    expect(await greeter.greet('Ada')).toBe('Hello, stranger Ada');
    expect(await greeter.greet('Ada')).toBe('Hello, Ada');
    now += 60_000;
    expect(await greeter.greet('Ada')).toBe('Hello, stranger Ada');
    expect(app.get(InMemoryCache)).toBe(app.get(CACHE));
  });

  it('may make the options of the cache in memory when the application starts', async () => {
    const app = await start(InMemoryCacheModule.forRootAsync({ useFactory: () => ({ maxEntries: 1 }) }));
    const cache = app.get<ICache<number>>(CACHE);
    await cache.set('first', 1);
    await cache.set('second', 2);
    expect(await cache.get('first')).toBe(CacheMiss.instance);
    await app.close();
    expect(await rejection(cache.get('second'))).toBeInstanceOf(CacheClosedError);
  });
});

/** Something that one side gives and the other waits for. */
class Signal {
  give: () => void = () => undefined;
  readonly given = new Promise<void>((resolve) => {
    this.give = resolve;
  });
}
