import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { CacheHit, CacheMiss } from '../../lib/contract/cache-result.js';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { useFaultProxy } from '../support/proxied-fixture.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { rejection } from '../support/rejection.js';
import { eventually } from '../support/waiting.js';

const redis = useRedisServer();
const proxied = useFaultProxy(redis, 400);

/** More than leave in one piece. */
const MANY = 600;
/** Where ioredis 6 tells of each command that it sends. */
const COMMAND_STARTS = 'tracing:ioredis:command:start';
/** What a client must be to be handed in. */
const BORROWED = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false, lazyConnect: true };
const LARGE = 'x'.repeat(20_000);

function keysOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `key:${index}`);
}

/** How often the server was asked which command while something was done, what it refused included. */
async function commandsDuring(action: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  await redis.raw.config('RESETSTAT');
  await action();
  const info = await redis.raw.info('commandstats');
  const lines = info.matchAll(/cmdstat_([^:]+):calls=(\d+).*?rejected_calls=(\d+)/g);
  return new Map(
    Array.from(lines, ([, name = '', calls, rejected]) => [name, Number(calls) + Number(rejected)]),
  );
}

function isTraced(context: unknown): context is { command: string } {
  return typeof context === 'object' && context !== null && 'command' in context;
}

/** Puts a function before the driver's, marked as such ones are; tells the names of the commands that passed it. */
function wrapCommands(client: Redis): () => readonly string[] {
  const spy = jest.spyOn(client, 'sendCommand');
  Object.assign(spy, { __wrapped: true });
  return () => spy.mock.calls.map(([{ name }]) => name);
}

/** What those who trace the driver saw while something was done. */
async function tracedDuring(action: () => Promise<unknown>): Promise<readonly string[]> {
  const seen: string[] = [];
  const see = (context: unknown): void => {
    if (isTraced(context)) seen.push(context.command.toLowerCase());
  };
  subscribe(COMMAND_STARTS, see);
  try {
    await action();
    return seen;
  } finally {
    unsubscribe(COMMAND_STARTS, see);
  }
}

async function filled<T>(keys: readonly string[], value: T): Promise<RedisCache<T>> {
  const cache = redis.newCache<T>();
  await Promise.all(keys.map((key) => cache.set(key, value)));
  return cache;
}

/** A cache of a user who may do what the rules say with keys of that pattern under its prefix. */
async function cacheOfUser(username: string, keys: string, ...rules: readonly string[]): Promise<RedisCache> {
  const keyPrefix = redis.newPrefix();
  const password = 'secret';
  await redis.raw.call(
    'ACL',
    'SETUSER',
    username,
    'on',
    'resetkeys',
    `>${password}`,
    `~${keyPrefix}${keys}`,
    ...rules,
  );
  return redis.newCacheAt({ ...redis.address, keyPrefix, username, password });
}

describe('Reads of one turn of the event loop', () => {
  it('leave as one command, and a repeated key is asked for once', async () => {
    const keys = keysOf(100);
    const cache = await filled(keys, 'value');
    const commands = await commandsDuring(async () => {
      const results = await Promise.all([...keys, 'key:7', 'key:7'].map((key) => cache.get(key)));
      expect(results.every((result) => result.hit && result.value === 'value')).toBe(true);
    });
    expect(commands.get('mget')).toBe(1);
    expect(commands.has('get')).toBe(false);
  });

  it('leave in pieces when there are very many', async () => {
    const keys = keysOf(MANY);
    const cache = await filled(keys, 1);
    const commands = await commandsDuring(() => Promise.all(keys.map((key) => cache.get(key))));
    expect(commands.get('mget')).toBe(3);
  });

  it('leave as a plain GET when there is only one', async () => {
    const cache = await filled(['key'], 'value');
    const commands = await commandsDuring(() => cache.get('key'));
    expect([commands.get('get'), commands.has('mget'), commands.has('ping')]).toEqual([1, false, false]);
  });

  it('are hits and misses side by side, each for its own caller', async () => {
    const cache = await filled(keysOf(10), 'value');
    const results = await Promise.all(
      ['key:3', 'absent', 'key:4', 'absent too'].map((key) => cache.get(key)),
    );
    expect(results).toEqual([
      new CacheHit('value'),
      CacheMiss.instance,
      new CacheHit('value'),
      CacheMiss.instance,
    ]);
  });

  it('of keys that are absent take one round trip once misses are expected', async () => {
    const cache = redis.newCache();
    const read = () => Promise.all(keysOf(20).map((key) => cache.get(key)));
    await read();
    const commands = await commandsDuring(read);
    expect([commands.get('get'), commands.get('ping'), commands.has('exists')]).toEqual([20, 1, false]);
  });

  it.each([
    ['hits', ['key:1', 'key:2']],
    ['misses', ['absent', 'absent too']],
    ['nothing', []],
  ])('A25 tell a list at one key to its caller alone, beside %s', async (_what, others) => {
    const cache = await filled(keysOf(5), 'value');
    await redis.raw.lpush(`${cache.location.prefix}list`, 'item');
    for (let turn = 0; turn < 2; turn++) {
      const outcomes = await Promise.allSettled([...others, 'list'].map((key) => cache.get(key)));
      expect(outcomes.slice(0, -1).map(({ status }) => status)).toEqual(others.map(() => 'fulfilled'));
      expect(outcomes.at(-1)).toMatchObject({
        status: 'rejected',
        reason: { code: 'REDIS_WRONG_TYPE', key: 'list' },
      });
    }
  });

  it('A35 tell foreign bytes at one key to its caller alone', async () => {
    const cache = await filled(keysOf(5), 'value');
    await redis.raw.set(`${cache.location.prefix}foreign`, 'bytes of somebody else');
    const [hit, foreign] = await Promise.allSettled([cache.get('key:1'), cache.get('foreign')]);
    expect(hit).toMatchObject({ status: 'fulfilled', value: { hit: true } });
    expect(foreign).toMatchObject({ reason: { code: 'CACHE_PAYLOAD_FOREIGN', key: 'foreign' } });
  });

  it('that differ in what they may wait for are one question about a key', async () => {
    const cache = redis.newCache<string>();
    const commands = await commandsDuring(async () => {
      const [first, second] = await Promise.all([cache.get('key'), cache.getMany(['key'])]);
      expect([first, second.get('key')]).toEqual([CacheMiss.instance, CacheMiss.instance]);
    });
    expect(commands.get('get')).toBe(1);
  });

  it('are never joined once they were sent: what was written before is seen', async () => {
    const cache = await filled(['key'], 'old');
    const early = cache.get('key');
    await new Promise((resolve) => process.nextTick(() => setImmediate(resolve)));
    const written = cache.set('key', 'new');
    const late = cache.get('key');
    await Promise.all([early, written]);
    expect(await late).toEqual(new CacheHit('new'));
  });

  it('A10 tell a forbidden key to its caller alone', async () => {
    const cache = await cacheOfUser('reader', 'open:*', '+@all');
    await Promise.all(keysOf(3).map((key) => cache.set(`open:${key}`, key)));
    const outcomes = await Promise.allSettled(
      ['open:key:0', 'closed', 'open:key:2'].map((key) => cache.get(key)),
    );
    expect(outcomes).toMatchObject([
      { value: { value: 'key:0' } },
      { reason: { code: 'REDIS_NO_PERMISSION', key: 'closed' } },
      { value: { value: 'key:2' } },
    ]);
  });
});

describe('Reads of a user who may not name several keys', () => {
  it('leave one by one, and nothing is asked in vain twice', async () => {
    const cache = await cacheOfUser('narrow', '*', '+@all', '-mget');
    const read = () => Promise.all(keysOf(10).map((key) => cache.get(key)));
    await Promise.all(keysOf(10).map((key) => cache.set(key, key)));
    await read();
    const again = await commandsDuring(read);
    expect([again.get('get'), again.get('mget') ?? 0]).toEqual([10, 0]);
  });
});

describe('Writes of one turn of the event loop', () => {
  it('leave side by side, whatever their times to live', async () => {
    const cache = redis.newCache<number>();
    const commands = await commandsDuring(() =>
      Promise.all(
        keysOf(100).map((key, index) => cache.set(key, index, index % 2 === 0 ? { ttl: 1_000 + index } : {})),
      ),
    );
    expect(commands.get('set')).toBe(100);
    const values = await cache.getMany(keysOf(100));
    expect(Array.from(values.values(), (result) => result.hit && result.value)).toEqual(
      keysOf(100).map((_, i) => i),
    );
    const [even, odd] = await Promise.all(
      ['key:98', 'key:99'].map((key) => redis.raw.pttl(cache.location.prefix + key)),
    );
    expect(odd).toBe(-1);
    expect(even).toBeGreaterThan(500);
    expect(even).toBeLessThanOrEqual(1_098);
  });

  it('may have keys of any script beside those of ASCII', async () => {
    const cache = redis.newCache<string>();
    const keys = ['key', 'ключ', '鍵', '🔑', 'clé', 'x'.repeat(200), 'ж'.repeat(150)];
    await Promise.all(keys.map((key) => cache.set(key, key, { ttl: '5m' })));
    const found = await Promise.all(keys.map((key) => cache.get(key)));
    expect(found).toEqual(keys.map((key) => new CacheHit(key)));
    const stored = keys.map((key) => cache.location.prefix + key);
    expect((await redis.raw.keys(`${cache.location.prefix}*`)).toSorted()).toEqual(stored.toSorted());
    for (const key of keys) expect(await cache.get(key)).toEqual(new CacheHit(key));
  });

  it('may be large and small side by side', async () => {
    const cache = redis.newCache<string>();
    const values = keysOf(40).map((key, index) => [key, index % 4 === 0 ? LARGE + key : key] as const);
    await Promise.all(values.map(([key, value]) => cache.set(key, value)));
    const found = await cache.getMany(keysOf(40));
    for (const [key, value] of values) expect(found.get(key)).toEqual(new CacheHit(value));
  });

  it('to one key keep their order, also beside its reads and deletes', async () => {
    const cache = redis.newCache<number>();
    const fillers = () => keysOf(20).map((key) => cache.set(key, -1));
    const calls = Promise.all([
      ...fillers(),
      cache.set('key', 1),
      cache.set('key', 2),
      cache.get('key'),
      cache.set('key', 3),
      cache.delete('key'),
      cache.get('key'),
      cache.set('key', 4),
      cache.getMany(['key']),
    ]);
    const [, , second, , deleted, none, , last] = (await calls).slice(20);
    expect([second, deleted, none]).toEqual([new CacheHit(2), true, CacheMiss.instance]);
    expect(last).toEqual(new Map([['key', new CacheHit(4)]]));
  });

  it('do not pass for later ones when a read came before them', async () => {
    const cache = await filled(['key'], 'old');
    const [read] = await Promise.all([cache.get('key'), cache.set('key', 'new'), cache.get('other')]);
    expect(read).toEqual(new CacheHit('old'));
  });

  it('A10 tell a forbidden key to its caller alone', async () => {
    const cache = await cacheOfUser('writer', 'open:*', '+@all');
    const keys = [...keysOf(10).map((key) => `open:${key}`), 'closed'];
    const outcomes = await Promise.allSettled(keys.map((key) => cache.set(key, key)));
    expect(outcomes.at(-1)).toMatchObject({ reason: { code: 'REDIS_NO_PERMISSION', key: 'closed' } });
    expect(outcomes.slice(0, -1).every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await redis.raw.exists(keys.slice(0, -1).map((key) => cache.location.prefix + key))).toBe(10);
  });

  it('A24 that find no memory are each told so, and replace nothing', async () => {
    const cache = await filled(keysOf(20), 'old');
    await redis.raw.config('SET', 'maxmemory', '1');
    try {
      const outcomes = await Promise.allSettled(keysOf(20).map((key) => cache.set(key, 'new')));
      const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined));
      expect(reasons).toMatchObject(keysOf(20).map((key) => ({ code: 'REDIS_OUT_OF_MEMORY', key })));
    } finally {
      await redis.raw.config('SET', 'maxmemory', '0');
    }
    const found = await cache.getMany(keysOf(20));
    expect(Array.from(found.values())).toEqual(keysOf(20).map(() => new CacheHit('old')));
  });
});

async function readsOfServer(): Promise<number> {
  return Number(/^total_reads_processed:(\d+)/m.exec(await redis.raw.info('stats'))?.[1]);
}

async function expectHit(cache: Pick<RedisCache, 'get'>, key: string): Promise<void> {
  expect(await cache.get(key)).toEqual(new CacheHit('value'));
}

describe('Many callers at a time', () => {
  const ROUNDS = 60;

  /** How many of so many callers' calls reached the server together, on an average. */
  async function togetherOf(callers: number, call: (key: string) => Promise<unknown>): Promise<number> {
    const before = await readsOfServer();
    await Promise.all(
      keysOf(callers).map(async (key) => {
        for (let round = 0; round < ROUNDS; round += 1) await call(key);
      }),
    );
    return (callers * ROUNDS) / ((await readsOfServer()) - before);
  }

  it('are served in halves: the server reads the next one while the last one is answered', async () => {
    const cache = await filled(keysOf(32), 'value');
    expect(await togetherOf(32, (key) => expectHit(cache, key))).toBeLessThan(24);
    expect(await togetherOf(32, (key) => cache.set(key, 'value'))).toBeLessThan(24);
  });

  it('are served in halves also after many of them had no answer', async () => {
    const cache = proxied.newProxiedCache();
    const keys = keysOf(32);
    await Promise.all(keys.map((key) => cache.set(key, 'value')));
    for (let turn = 0; turn < 3; turn += 1) {
      await proxied.proxy.inject({ kind: 'drop-reply', afterwards: 'cut' });
      await Promise.all(keys.map((key) => rejection(cache.get(key))));
      await proxied.proxy.heal();
      await eventually(2_000, () => cache.ping());
    }
    expect(await togetherOf(32, (key) => expectHit(cache, key))).toBeLessThan(24);
  });

  it('are served together when they are few', async () => {
    const cache = await filled(keysOf(4), 'value');
    expect(await togetherOf(4, (key) => expectHit(cache, key))).toBeGreaterThan(3);
  });

  it('have what each asks for in one call in one piece', async () => {
    const keys = keysOf(100);
    const cache = await filled(keys, 'value');
    const commands = await commandsDuring(() => togetherOf(1, () => cache.getMany(keys)));
    expect(commands.get('mget')).toBe(ROUNDS);
  });
});

describe('What goes past the driver', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('does not when somebody wraps what sends commands, as instrumentations do', async () => {
    const cache = redis.newCache<string>();
    const seen = wrapCommands(Redis.prototype);
    await Promise.all([cache.set('a', 'value'), cache.set('b', 'value', { ttl: '5m' })]);
    expect(await cache.get('a')).toEqual(new CacheHit('value'));
    expect(seen()).toEqual(expect.arrayContaining(['set', 'set', 'get']));
  });

  it('does not when somebody listens to the channel on which ioredis 6 tells of commands', async () => {
    const cache = redis.newCache<string>();
    await cache.set('a', 'value');
    const seen = await tracedDuring(async () => {
      await cache.set('a', 'other');
      await cache.get('a');
    });
    const silent = await tracedDuring(() => redis.raw.ping());
    // ioredis 5 has no such channel.
    expect(seen).toEqual(silent.length > 0 ? ['set', 'get'] : []);
  });

  it("does not on the application's own client", async () => {
    const client = new Redis({ ...redis.address, ...BORROWED });
    const seen = jest.spyOn(client, 'sendCommand');
    try {
      const cache = redis.newCacheAt<string>({ client, keyPrefix: redis.newPrefix() });
      await Promise.all([cache.set('a', 'value'), cache.set('b', 'value', { ttl: '5m' })]);
      expect(await cache.get('a')).toEqual(new CacheHit('value'));
      expect(seen.mock.calls.map(([{ name }]) => name)).toEqual(
        expect.arrayContaining(['set', 'set', 'get']),
      );
    } finally {
      client.disconnect();
    }
  });
});

describe('What travels together', () => {
  it('A13 fails for each caller by itself when the connection ends, and is not sent again', async () => {
    const cache = proxied.newProxiedCache();
    await cache.set('key:0', 'value');
    await proxied.proxy.inject({ kind: 'drop-reply', afterwards: 'cut' });
    const keys = keysOf(12);
    const [reads, writes] = await Promise.all([
      Promise.all(keys.map((key) => rejection(cache.get(key)))),
      Promise.all(keys.map((key) => rejection(cache.set(`new ${key}`, 'value')))),
    ]);
    expect(reads).toMatchObject(keys.map((key) => ({ code: 'REDIS_CONNECTION_LOST', key })));
    expect(writes).toMatchObject(
      keys.map((key) => ({ code: 'REDIS_OUTCOME_UNKNOWN_LOST', key: `new ${key}` })),
    );
    expect(proxied.proxy.repeated).toEqual([]);
  });

  it('A16 fails for each caller by itself when nothing is answered in time', async () => {
    const cache = proxied.newProxiedCache();
    await cache.set('key:0', 'value');
    await proxied.proxy.inject({ kind: 'black-hole', connections: 'all' });
    const keys = keysOf(12);
    const [reads, writes] = await Promise.all([
      Promise.all(keys.map((key) => rejection(cache.get(key)))),
      Promise.all(keys.map((key) => rejection(cache.set(`new ${key}`, 'value')))),
    ]);
    expect(reads).toMatchObject(keys.map((key) => ({ code: 'REDIS_TIMEOUT', key })));
    expect(writes).toMatchObject(
      keys.map((key) => ({ code: 'REDIS_OUTCOME_UNKNOWN_TIMEOUT', key: `new ${key}` })),
    );
  });

  it('A33 is sent before a close that follows in the same turn', async () => {
    const cache = redis.newCache<string>();
    await cache.set('key', 'old');
    const written = cache.set('key', 'new');
    const read = cache.get('other');
    await cache.close();
    await written;
    expect(await read).toBe(CacheMiss.instance);
    expect((await redis.raw.exists(`${cache.location.prefix}key`)) === 1).toBe(true);
  });
});
