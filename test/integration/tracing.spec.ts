import { createHash } from 'node:crypto';
import { channel, tracingChannel, type TracingChannelSubscribers } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import {
  CacheConfigurationError,
  type CacheOperationName,
  CacheHit,
  type CoreCache,
  InMemoryCache,
  RedisCacheConnectionError,
} from '../../lib/index.js';
import {
  type CacheInstrumentation,
  type CacheInstrumentationOptions,
  instrumentCache,
} from '../../lib/telemetry/index.js';
import { CacheOperation } from '../../lib/core/cache-operation.js';
import { attributesOf } from '../../lib/telemetry/operation-attributes.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { rejection, thrownBy } from '../support/rejection.js';

const redis = useRedisServer();

/** Nobody listens there, and the system gives it to nobody who asks for a free port. */
const NOBODY = 1;

/** What was published, in order. */
interface Message {
  readonly event: string;
  readonly operation: CacheOperation;
}

const operations = tracingChannel<unknown, CacheOperation>('spakky:cache');
const endings: (() => void)[] = [];

afterEach(() => {
  for (const end of endings.splice(0)) end();
});

const nothing = (): void => undefined;

/** Subscribes until the test ends. */
function subscribe(some: Partial<TracingChannelSubscribers<CacheOperation>>): void {
  const all = {
    start: nothing,
    end: nothing,
    asyncStart: nothing,
    asyncEnd: nothing,
    error: nothing,
    ...some,
  };
  operations.subscribe(all);
  endings.push(() => operations.unsubscribe(all));
}

/** Everything that is published until the test ends. */
function listen(): Message[] {
  const messages: Message[] = [];
  const noting = (event: string) => (operation: CacheOperation) => void messages.push({ event, operation });
  subscribe({
    start: noting('start'),
    end: noting('end'),
    asyncStart: noting('asyncStart'),
    asyncEnd: noting('asyncEnd'),
    error: noting('error'),
  });
  return messages;
}

/** An origin that answers when it is told to. */
class Origin {
  finish: (value: string) => void = nothing;
  readonly answer = new Promise<string>((resolve) => {
    this.finish = resolve;
  });
}

/** What is over, by the last message of each. */
function ended(messages: readonly Message[]): CacheOperation[] {
  return messages
    .filter(({ event, operation }) => event === (operation.blocking ? 'end' : 'asyncEnd'))
    .map(({ operation }) => operation);
}

/** Each operation, called once: what it reads after `set` is `'value'` under `key`. */
const CALLS: Readonly<Record<CacheOperationName, (cache: CoreCache<string>) => unknown>> = {
  set: (cache) => cache.set('key', 'value'),
  get: (cache) => cache.get('key'),
  getMany: (cache) => cache.getMany(['key', 'absent', 'absent']),
  getOrSet: (cache) => cache.getOrSet('key', () => 'loaded'),
  getOrSetMany: (cache) =>
    cache.getOrSetMany(new Set(['key', 'new']).values(), (keys) => keys.map((key) => [key, 'loaded'])),
  setMany: (cache) => cache.setMany(new Map([['key', 'value']])),
  delete: (cache) => cache.delete('absent'),
  deleteMany: (cache) => cache.deleteMany(['absent', 'new']),
  evictTags: (cache) => cache.evictTags('tag'),
  writeThrough: (cache) => cache.writeThrough('key', 'value', () => undefined),
  writeBehind: (cache) => cache.writeBehind('key', 'value', () => undefined),
  ping: (cache) => cache.ping(),
  explain: (cache) => cache.explain('key'),
  setSync: (cache) => cache.setSync('key', 'value'),
  getSync: (cache) => cache.getSync('key'),
  deleteSync: (cache) => cache.deleteSync('absent'),
  clearSync: (cache) => cache.clearSync(),
  clear: (cache) => cache.clear(),
};

/** What is told of these calls when they have ended: keys, hits, misses. */
const TOLD: readonly (readonly [CacheOperationName, number, number?, number?])[] = [
  ['set', 1],
  ['get', 1, 1, 0],
  ['getMany', 3, 1, 1],
  ['getOrSet', 1, 1, 0],
  ['getOrSetMany', 2, 1, 1],
  ['setMany', 1],
  ['delete', 1],
  ['deleteMany', 2],
  ['evictTags', 0],
  ['writeThrough', 1],
  ['writeBehind', 1],
  ['ping', 0],
  ['explain', 1],
  ['setSync', 1],
  ['getSync', 1, 1, 0],
  ['deleteSync', 1],
  ['clearSync', 0],
  ['clear', 0],
];

const caches: readonly (readonly [string, () => CoreCache<string>])[] = [
  ['RedisCache', () => redis.newCache<string>({ sync: true })],
  ['RedisCache with a near tier', () => redis.newCache<string>({ near: true, sync: true })],
  ['InMemoryCache', () => new InMemoryCache<string>()],
  ['a scope', () => redis.newCache({ sync: true }).scope<string>('scope:')],
];

describe.each(caches)('The channel of %s', (_name, newCache) => {
  it('tells of every operation, how many keys it named, and what was found', async () => {
    const cache = newCache();
    const messages = listen();
    for (const [operation] of TOLD) await CALLS[operation](cache);
    expect(
      ended(messages).map(({ operation, keys, hits, misses }) => [operation, keys, hits, misses]),
    ).toEqual(TOLD.map(([operation, keys, hits, misses]) => [operation, keys, hits, misses]));
  });

  it('publishes one object from the start to the end', async () => {
    const cache = newCache();
    const messages = listen();
    await cache.get('key');
    expect(messages.map(({ event }) => event)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(new Set(messages.map(({ operation }) => operation)).size).toBe(1);
  });

  it('publishes a blocking call while it blocks, and nothing of it afterwards', async () => {
    const cache = newCache();
    const messages = listen();
    cache.setSync('key', 'value');
    expect(thrownBy(() => cache.getSync(''))).toBe(messages.at(-1)?.operation.error);
    const told = messages.map(({ event, operation }) => [event, operation.operation]);
    expect(told).toEqual([
      ['start', 'setSync'],
      ['end', 'setSync'],
      ['start', 'getSync'],
      ['error', 'getSync'],
      ['end', 'getSync'],
    ]);
    await cache.get('key');
    expect(messages.slice(told.length).map(({ operation }) => operation.operation)).not.toContain('getSync');
  });

  it('changes no answer, whoever listens', async () => {
    const cache = newCache();
    const alone = [await cache.set('a', '1'), await cache.get('a'), await cache.getMany(['a', 'b'])];
    listen();
    const heard = [await cache.set('a', '1'), await cache.get('a'), await cache.getMany(['a', 'b'])];
    expect(heard).toEqual(alone);
    expect([cache.setSync('b', '2'), cache.getSync('b'), cache.deleteSync('b'), cache.clearSync()]).toEqual([
      undefined,
      new CacheHit('2'),
      true,
      undefined,
    ]);
    await cache.set('a', '1');
    expect(await cache.getOrSet('c', () => 'loaded', { ttl: '5m' })).toBe('loaded');
    expect(await cache.delete('a')).toBe(true);
    expect(await rejection(cache.getOrSet('d', () => Promise.reject(new Error('no'))))).toEqual(
      new Error('no'),
    );
  });

  it('tells what is wrong with the arguments as if nobody listened', async () => {
    const cache = newCache();
    // oxlint-disable typescript/no-unsafe-type-assertion -- mistakes that types forbid
    const mistakes = [
      () => cache.get(''),
      () => cache.get(7 as unknown as string),
      () => cache.getMany(7 as unknown as string[]),
      () => cache.setMany([['a', '1'], 7 as unknown as [string, string]]),
      () => cache.getOrSet('a', () => '1', 'no options' as unknown as object),
      () => cache.getOrSet('a', () => '1', { ttl: 0 }),
      () => cache.getOrSetMany(['a'], () => [], { unknown: 1 } as unknown as object),
    ];
    // oxlint-enable typescript/no-unsafe-type-assertion
    const alone = await Promise.all(mistakes.map((mistake) => rejection(mistake())));
    const messages = listen();
    const heard = await Promise.all(mistakes.map((mistake) => rejection(mistake())));
    expect(heard.map(String)).toEqual(alone.map(String));
    expect(ended(messages).map(({ error }) => error)).toEqual(heard);
  });
});

describe('A message', () => {
  it('says where the cache is, and which scope was asked', async () => {
    const cache = redis.newCacheAt<string>({ ...redis.address, keyPrefix: redis.newPrefix(), db: 3 });
    const { prefix } = cache.location;
    const messages = listen();
    await cache.scope('profile:').get('42');
    await new InMemoryCache().get('42');
    const { host, port } = redis.address;
    expect(ended(messages)).toMatchObject([
      {
        location: { backend: 'RedisCache', address: `${host}:${port}`, db: 3, prefix },
        scope: 'profile:',
      },
      { location: { backend: 'InMemoryCache', prefix: '' }, scope: '' },
    ]);
  });

  it('holds the hash of the key as Redis has it, and the key itself only for who asks', async () => {
    const cache = redis.newCache<string>();
    const wholeKey = `${cache.location.prefix}profile:secret-key`;
    const messages = listen();
    await cache.set('profile:secret-key', 'secret-value');
    await cache.scope('profile:').get('secret-key');
    await cache.getMany(['secret-key']);
    const [one, scoped, many] = ended(messages);
    const hash = createHash('sha256').update(wholeKey).digest('hex').slice(0, 16);
    expect([one?.keyHash, scoped?.keyHash, many?.keyHash]).toEqual([hash, hash, undefined]);
    expect([one?.revealKey(), scoped?.revealKey(), many?.revealKey()]).toEqual([
      wholeKey,
      wholeKey,
      undefined,
    ]);
    for (const { operation } of messages) {
      expect(inspect(operation, { depth: 9, showHidden: true, getters: true })).not.toContain('secret');
      expect(JSON.stringify(operation)).not.toContain('secret');
    }
  });

  it('holds the error that the caller gets', async () => {
    const cache = redis.newCacheAt({ port: NOBODY, host: '127.0.0.1', keyPrefix: 'nobody:' });
    const messages = listen();
    const error = await rejection(cache.get('key'));
    expect(error).toBeInstanceOf(RedisCacheConnectionError);
    expect(messages.map(({ event }) => event)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    const [operation] = ended(messages);
    expect(operation?.error).toBe(error);
    expect([operation?.hits, operation?.misses]).toEqual([undefined, undefined]);
  });

  it('counts a stale value and one that is refreshed early as hits, and who waited for another load as a miss', async () => {
    const cache = new InMemoryCache<string>();
    const messages = listen();
    const origin = new Origin();
    const first = cache.getOrSet('key', () => origin.answer);
    await cache.ping();
    const second = cache.getOrSet('key', () => 'never called');
    await cache.ping();
    await cache.ping();
    origin.finish('loaded');
    expect(await Promise.all([first, second])).toEqual(['loaded', 'loaded']);
    const options = { ttl: 1, staleFor: '1h' } as const;
    await cache.getOrSet('stale', () => 'old', options);
    await delay(5);
    await cache.getOrSet('stale', () => Promise.reject(new Error('no')), options);
    const early = { ttl: '1h', refreshEarly: 1e12 } as const;
    await cache.getOrSet('early', () => delay(5, 'old'), early);
    await cache.getOrSet('early', () => 'new', early);
    expect(await cache.get('early')).toMatchObject({ value: 'new' });
    const loads = ended(messages).filter(({ operation }) => operation === 'getOrSet');
    expect(loads.map(({ hits, misses }) => [hits, misses])).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
      [1, 0],
      [0, 1],
      [1, 0],
    ]);
  });

  it('lets subscribers run the operation within contexts of their own', async () => {
    const cache = new InMemoryCache<string>();
    const order: string[] = [];
    for (const name of ['outer', 'inner']) {
      subscribe({
        start: (operation) => {
          operation.runWithin((task) => {
            order.push(name);
            return task();
          });
        },
      });
    }
    await cache.getOrSet('key', () => {
      order.push('factory');
      return 'value';
    });
    expect(order).toEqual(['outer', 'inner', 'factory']);
  });
});

describe('instrumentCache()', () => {
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 60_000,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const tracer = tracerProvider.getTracer('the application');

  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  afterEach(async () => {
    await reader.forceFlush();
    spans.reset();
    metricExporter.reset();
  });
  afterAll(async () => {
    context.disable();
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
  });

  function instrument(options: CacheInstrumentationOptions = {}): CacheInstrumentation {
    const instrumentation = instrumentCache({ tracerProvider, meterProvider, ...options });
    endings.push(() => instrumentation.stop());
    return instrumentation;
  }

  /** As an instrumentation of ioredis does: a span for each command, below the active one. */
  function instrumentDriver(): void {
    const commands = tracingChannel<unknown, { readonly command: string }>('ioredis:command');
    const driver = tracerProvider.getTracer('the driver');
    const subscribers = {
      start: ({ command }: { readonly command: string }) => driver.startSpan(command).end(),
      end: nothing,
      asyncStart: nothing,
      asyncEnd: nothing,
      error: nothing,
    };
    commands.subscribe(subscribers);
    endings.push(() => commands.unsubscribe(subscribers));
  }

  /** The data points of a metric, by its name. */
  async function pointsOf(name: string): Promise<{ attributes: object; value: unknown }[]> {
    await reader.forceFlush();
    const all = metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    return all
      .flatMap(({ metrics }) => metrics)
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) => dataPoints.map(({ attributes, value }) => ({ attributes, value })));
  }

  function onlySpan(): ReadableSpan {
    const [span, ...others] = spans.getFinishedSpans();
    if (span === undefined || others.length > 0) throw new Error('There is not one span');
    return span;
  }

  it('makes a span that follows the conventions for clients of databases', async () => {
    instrument();
    const cache = redis.newCacheAt<string>({ ...redis.address, keyPrefix: redis.newPrefix(), db: 2 });
    const { host, port } = redis.address;
    const { prefix } = cache.location;
    await cache.scope('profile:').get('42');
    const span = onlySpan();
    expect([span.name, span.kind, span.status.code]).toEqual([
      `get ${host}:${port}`,
      SpanKind.CLIENT,
      SpanStatusCode.UNSET,
    ]);
    expect(span.attributes).toEqual({
      'db.system.name': 'redis',
      'db.operation.name': 'get',
      'db.namespace': '2',
      'server.address': host,
      'server.port': port,
      'spakky.cache.prefix': prefix,
      'spakky.cache.scope': 'profile:',
      'spakky.cache.key.hash': createHash('sha256').update(`${prefix}profile:42`).digest('hex').slice(0, 16),
      'spakky.cache.hits': 0,
      'spakky.cache.misses': 1,
    });
  });

  it('makes our span the child of the span of the caller, and what a factory begins the child of ours', async () => {
    instrument();
    const cache = redis.newCache<string>();
    await tracer.startActiveSpan('request', async (request) => {
      await cache.getOrSet('key', async () => {
        tracer.startSpan('query of the origin').end();
        return 'value';
      });
      tracer.startSpan('afterwards').end();
      request.end();
    });
    const named = new Map(spans.getFinishedSpans().map((span) => [span.name.split(' ')[0], span]));
    const parentOf = (name: string) => named.get(name)?.parentSpanContext?.spanId;
    const idOf = (name: string) => named.get(name)?.spanContext().spanId;
    expect(idOf('getOrSet')).toBeDefined();
    expect([parentOf('getOrSet'), parentOf('query'), parentOf('afterwards')]).toEqual([
      idOf('request'),
      idOf('getOrSet'),
      idOf('request'),
    ]);
  });

  it('makes a span of a blocking call that ends when it returns, below the span of the caller', () => {
    instrument();
    const cache = redis.newCache<string>({ sync: true });
    tracer.startActiveSpan('request', (request) => {
      cache.setSync('key', 'value');
      thrownBy(() => cache.getSync(''));
      request.end();
    });
    const [set, get, request] = spans.getFinishedSpans();
    const [parent] = [request?.spanContext().spanId];
    expect(
      [set, get].map((span) => [span?.attributes['db.operation.name'], span?.parentSpanContext?.spanId]),
    ).toEqual([
      ['setSync', parent],
      ['getSync', parent],
    ]);
    expect([set, get].map((span) => span?.attributes['error.type'])).toEqual([
      undefined,
      'CACHE_KEY_INVALID',
    ]);
  });

  it('has the spans of an instrumentation of ioredis below those of the operations that sent the commands', async () => {
    instrument();
    instrumentDriver();
    const cache = redis.newCache<string>();
    await tracer.startActiveSpan('request', async (request) => {
      await cache.set('key', 'value', { tags: ['tag'] });
      await cache.get('key');
      await cache.getMany(['key', 'absent']);
      await cache.getOrSet('absent', () => 'loaded');
      await cache.explain('key');
      await cache.delete('key');
      await cache.evictTags('tag');
      await cache.clear();
      request.end();
    });
    const all = spans.getFinishedSpans();
    const nameOf = new Map(
      all.map((span) => [span.spanContext().spanId, span.attributes['db.operation.name']]),
    );
    const commands = all.filter(({ instrumentationScope }) => instrumentationScope.name === 'the driver');
    const parents = commands.map(({ parentSpanContext }) => nameOf.get(parentSpanContext?.spanId ?? ''));
    expect(parents).not.toContain(undefined);
    expect([...new Set(parents)]).toEqual([
      'set',
      'get',
      'getMany',
      'getOrSet',
      'explain',
      'delete',
      'evictTags',
      'clear',
    ]);
  });

  it('makes a span of every operation, with how many keys it named', async () => {
    instrument();
    const cache = redis.newCache<string>({ sync: true });
    for (const [operation] of TOLD) await CALLS[operation](cache);
    const told = spans
      .getFinishedSpans()
      .map(({ attributes }) => [
        attributes['db.operation.name'],
        attributes['db.operation.batch.size'],
        attributes['spakky.cache.hits'],
        attributes['spakky.cache.misses'],
      ]);
    expect(told).toEqual(
      TOLD.map(([operation, keys, hits, misses]) => [operation, keys > 1 ? keys : undefined, hits, misses]),
    );
  });

  it('names the class of a failure, and nothing that its message says', async () => {
    instrument();
    const options = { host: '127.0.0.1', port: NOBODY, keyPrefix: 'nobody:', password: 'secret-password' };
    await rejection(redis.newCacheAt(options).set('secret-key', 'secret-value'));
    await rejection(new InMemoryCache().getOrSet('a', () => Promise.reject(new RangeError('secret-value'))));
    const [refused, failed] = spans.getFinishedSpans();
    expect([refused?.status, refused?.attributes['error.type']]).toEqual([
      { code: SpanStatusCode.ERROR },
      'REDIS_UNREACHABLE',
    ]);
    expect(failed?.attributes['error.type']).toBe('RangeError');
    for (const { attributes, events, status } of spans.getFinishedSpans()) {
      expect(inspect({ attributes, events, status }, { depth: 9 })).not.toContain('secret');
    }
    const durations = await pointsOf('db.client.operation.duration');
    expect(durations.map(({ attributes }) => attributes)).toMatchObject([
      { 'error.type': 'REDIS_UNREACHABLE', 'server.port': NOBODY },
      { 'error.type': 'RangeError', 'db.system.name': 'memory' },
    ]);
    expect(inspect(durations, { depth: 9 })).not.toContain('secret');
  });

  it.each([
    ['hashed', ['spakky.cache.key.hash']],
    ['plain', ['spakky.cache.key']],
    ['none', []],
  ] as const)('names keys in spans as it is asked to (%s)', async (keys, expected) => {
    instrument({ keys });
    await new InMemoryCache().get('key');
    const { attributes, kind } = onlySpan();
    expect(kind).toBe(SpanKind.INTERNAL);
    expect(Object.keys(attributes).filter((name) => name.startsWith('spakky.cache.key'))).toEqual(expected);
    if (keys === 'plain') expect(attributes['spakky.cache.key']).toBe('key');
  });

  it('refuses another way to name keys', () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a mistake that types forbid
    expect(() => instrument({ keys: 'plaintext' as 'plain' })).toThrow(CacheConfigurationError);
  });

  it('measures durations in seconds, and counts hits and misses', async () => {
    instrument();
    const cache = redis.newCache<string>();
    const { prefix } = cache.location;
    await cache.set('a', '1');
    await cache.getMany(['a', 'b', 'c']);
    await cache.scope('s:').get('d');
    const { host, port } = redis.address;
    const common = {
      'db.system.name': 'redis',
      'db.namespace': '0',
      'server.address': host,
      'server.port': port,
      'spakky.cache.prefix': prefix,
    };
    const durations = await pointsOf('db.client.operation.duration');
    expect(durations).toEqual(
      ['set', 'getMany', 'get'].map((operation) => ({
        attributes: { ...common, 'db.operation.name': operation },
        value: expect.objectContaining({ count: 1 }),
      })),
    );
    const sums = durations.map(({ value }) => Reflect.get(Object(value), 'sum'));
    expect(sums.every((sum) => sum > 0 && sum < 1)).toBe(true);
    metricExporter.reset();
    await cache.get('a');
    expect(await pointsOf('spakky.cache.hits')).toEqual([
      { attributes: { ...common, 'db.operation.name': 'get' }, value: 1 },
    ]);
  });

  it.each([
    ['[::1]:6379', { 'server.address': '::1', 'server.port': 6379 }],
    ['/run/redis.sock', { 'server.address': '/run/redis.sock' }],
    ['one:6379,other:6379', { 'server.address': 'one:6379,other:6379' }],
  ])('names the server of %s as the conventions have it', (address, expected) => {
    const operation = new CacheOperation(
      'get',
      { backend: 'RedisCache', address, prefix: '' },
      '',
      undefined,
    );
    const attributes = Object.entries(attributesOf(operation));
    expect(Object.fromEntries(attributes.filter(([name]) => name.startsWith('server.')))).toEqual(expected);
  });

  it('gives metrics no attribute that has no value, as some exporters would show it', async () => {
    instrument();
    await new InMemoryCache().get('key');
    const [duration] = await pointsOf('db.client.operation.duration');
    expect(Object.entries(duration?.attributes ?? {})).toEqual([
      ['db.operation.name', 'get'],
      ['db.system.name', 'memory'],
      ['spakky.cache.prefix', ''],
    ]);
  });

  it('ends when it is stopped, not before what is under way has ended', async () => {
    const cache = new InMemoryCache<string>();
    const origin = new Origin();
    let instrumentation: CacheInstrumentation;
    {
      using scoped = instrument();
      instrumentation = scoped;
      void cache.getOrSet('key', () => origin.answer);
    }
    instrumentation.stop();
    await cache.get('other');
    expect(spans.getFinishedSpans()).toEqual([]);
    origin.finish('value');
    await cache.getOrSet('key', () => 'never called');
    expect(spans.getFinishedSpans().map(({ name }) => name)).toEqual(['getOrSet']);
    expect(operations.hasSubscribers).toBe(false);
  });

  it('tells nobody anything without an SDK', async () => {
    const instrumentation = instrumentCache();
    endings.push(() => instrumentation.stop());
    expect(trace.getActiveSpan()).toBeUndefined();
    const cache = new InMemoryCache<string>();
    await cache.set('key', 'value');
    expect(await cache.get('key')).toMatchObject({ hit: true, value: 'value' });
    expect(spans.getFinishedSpans()).toEqual([]);
  });
});

describe('The names of the channels', () => {
  it('are those that the documents promise', async () => {
    const heard: string[] = [];
    const on = (_message: unknown, name: string | symbol): void => void heard.push(String(name));
    const names = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map(
      (event) => `tracing:spakky:cache:${event}`,
    );
    const listened = names.map((name) => channel(name));
    for (const each of listened) each.subscribe(on);
    endings.push(() => listened.forEach((each) => each.unsubscribe(on)));
    await rejection(new InMemoryCache().get(''));
    expect(heard.toSorted()).toEqual(names.toSorted());
  });
});
