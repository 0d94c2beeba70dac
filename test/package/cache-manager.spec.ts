import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import KeyvRedis, { createKeyv } from '@keyv/redis';
import { CACHE_MANAGER, type CacheManagerOptions, CacheModule } from '@nestjs/cache-manager';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Cache, createCache } from 'cache-manager';
import type { Redis } from 'ioredis';
import { Keyv } from 'keyv';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';
import { createRawRedis } from '../support/raw-redis.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { rejection } from '../support/rejection.js';
import { eventually } from '../support/waiting.js';

class App {}

function start(options: CacheManagerOptions): Promise<INestApplicationContext> {
  const root = { module: App, imports: [CacheModule.register(options)] };
  return NestFactory.createApplicationContext(root, { logger: false });
}

// What docs/migration.md says of the other cache is measured here: when it changes, so must the page.
describe('@nestjs/cache-manager', () => {
  let server: RedisServer;
  let raw: Redis;
  const caches: Cache[] = [];

  /** A cache over Redis as Nest makes it of these options. */
  function cacheOf(...stores: Keyv[]): Cache {
    const cache = createCache({ stores });
    caches.push(cache);
    return cache;
  }

  beforeAll(async () => {
    server = await startRedisServer();
    raw = createRawRedis(server);
  });

  beforeEach(() => raw.flushall());

  afterAll(async () => {
    await Promise.all(caches.map((cache) => cache.disconnect()));
    raw?.disconnect();
    await server?.stop();
  });

  const connect = (namespace = 'old'): Keyv => createKeyv(server.url, { namespace });

  it.each([
    { registered: 'an adapter', stores: () => new KeyvRedis(server.url), key: 'key' },
    { registered: 'createKeyv', stores: () => createKeyv(server.url), key: 'key' },
    { registered: 'a Keyv', stores: () => new Keyv(new KeyvRedis(server.url)), key: 'keyv::keyv:key' },
    { registered: 'createKeyv and a namespace', stores: () => connect('shop'), key: 'shop::key' },
    {
      registered: 'an adapter and a namespace',
      stores: () => new KeyvRedis(server.url),
      namespace: 'shop',
      key: 'shop::shop:key',
    },
  ])('with $registered writes the key $key', async ({ stores, namespace, key }) => {
    const app = await start({ stores: stores(), namespace });
    await app.get<Cache>(CACHE_MANAGER, { strict: false }).set('key', 'value');
    await app.close();
    expect(await raw.keys('*')).toEqual([key]);
  });

  it('clears the strings of everybody else when it has no namespace', async () => {
    await raw.mset({ 'session:1': 'of another application', 'with::colons': 'kept' });
    await raw.hset('hash', 'field', 'kept');
    await cacheOf(createKeyv(server.url)).clear();
    expect((await raw.keys('*')).toSorted()).toEqual(['hash', 'with::colons']);
  });

  it.each([
    { kind: 'a Date', value: new Date(0), found: '1970-01-01T00:00:00.000Z' },
    { kind: 'a Map', value: new Map([['a', 1]]), found: {} },
    { kind: 'a Set', value: new Set([1]), found: {} },
    { kind: 'an Error', value: new Error('no'), found: {} },
    { kind: 'bytes', value: new Uint8Array([1]), found: { 0: 1 } },
    { kind: 'NaN', value: Number.NaN, found: null },
    { kind: 'a list with a hole', value: [undefined], found: [null] },
    { kind: 'undefined', value: undefined, found: undefined },
    { kind: 'null', value: null, found: null },
    { kind: 'a Buffer', value: Buffer.from('bytes'), found: Buffer.from('bytes') },
  ])('answers $kind as $found', async ({ value, found }) => {
    const cache = cacheOf(connect());
    await cache.set('key', value);
    expect(await cache.get('key')).toEqual(found);
  });

  it('rejects a BigInt and a cycle', async () => {
    const cache = cacheOf(connect());
    expect(await rejection(cache.set('key', 10n))).toBeInstanceOf(TypeError);
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(await rejection(cache.set('key', cycle))).toBeInstanceOf(RangeError);
  });

  it.each([
    { ttl: 5_000, left: 5_000 },
    { ttl: 0, left: -1 },
    { ttl: Number.NaN, left: -1 },
    { ttl: -1, left: -2 },
    { ttl: 1.5, left: -2 },
  ])('answers a set with the time to live $ttl as if it were done', async ({ ttl, left }) => {
    expect(await cacheOf(connect()).set('key', 'value', ttl)).toBe('value');
    const found = await raw.pttl('old::key'); // -1: no expiry, -2: no key
    if (left > 0) expect(found).toBeGreaterThan(left - 1_000);
    else expect(found).toBe(left);
  });

  it('answers a miss for what it cannot read, and true for what was not there', async () => {
    const cache = cacheOf(connect());
    await raw.lpush('old::list', 'of another');
    await raw.set('old::foreign', 'no JSON');
    expect(await cache.mget(['list', 'absent'])).toEqual([undefined, undefined]);
    expect([await cache.get('list'), await cache.get('foreign')]).toEqual([undefined, undefined]);
    expect([await cache.del('absent'), await cache.mdel(['absent'])]).toEqual([true, true]);
  });

  it('answers a set as if it were done when Redis has no memory left', async () => {
    const cache = cacheOf(connect());
    await raw.config('SET', 'maxmemory', '1');
    expect(await cache.set('key', 'value')).toBe('value');
    await raw.config('SET', 'maxmemory', '0');
    expect(await raw.exists('old::key')).toBe(0);
  });

  it('tells when an entry ends by the clock of this process', async () => {
    const cache = cacheOf(connect());
    await cache.set('key', 'value', 60_000);
    expect(Number(await cache.ttl('key')) - Date.now()).toBeGreaterThan(59_000);
  });

  it('loads once in each process, and again what is undefined', async () => {
    let loads = 0;
    const load = async () => {
      loads += 1;
      await eventually(5_000, async () => expect(loads).toBe(2));
      return 'value';
    };
    const [here, elsewhere] = [cacheOf(connect()), cacheOf(connect())];
    await Promise.all([here, here, elsewhere, elsewhere].map((cache) => cache.wrap('key', load, 60_000)));
    expect(loads).toBe(2);
    const nothing = async () => void (loads += 1);
    await here.wrap('nothing', nothing, 5_000);
    await here.wrap('nothing', nothing, 5_000);
    expect(loads).toBe(4);
  });

  it('keeps what was deleted while it was loaded', async () => {
    const cache = cacheOf(connect());
    const loading = cache.wrap('key', () => delay(100, 'old'), 5_000);
    await delay(50);
    await cache.del('key');
    await loading;
    expect(await cache.get('key')).toBe('old');
  });

  it('answers an old value from a store in memory after a change by another process', async () => {
    const [here, elsewhere] = [cacheOf(new Keyv(), connect()), cacheOf(new Keyv(), connect())];
    await elsewhere.set('menu', 'soup');
    await here.wrap('menu', () => 'nothing', 5_000);
    await elsewhere.set('menu', 'stew');
    expect(await here.get('menu')).toBe('soup');
    await elsewhere.del('menu');
    expect(await here.get('menu')).toBe('soup');
  });

  it('shares objects in memory, and keeps what has expired until it is asked for', async () => {
    const cache = createCache();
    const value = { since: new Date(0) };
    await cache.set('key', value, 1);
    await cache.set('shared', value);
    expect(await cache.get('shared')).toBe(value);
    await delay(20);
    expect(cache.stores.map(({ store }) => store.size)).toEqual([2]);
    const memory = new InMemoryCache<typeof value>();
    await memory.set('key', value);
    const copy = await memory.get('key');
    expect(copy.hit ? copy.value : undefined).toEqual(value);
    expect(copy.hit ? copy.value : undefined).not.toBe(value);
  });
});
