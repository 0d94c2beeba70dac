import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { CacheExplanation, CoreCache, SerializerOption } from '../../lib/index.js';
import { CacheClosedError, InMemoryCache, InvalidCacheKeyError } from '../../lib/index.js';
import { getFreePort } from '../support/free-port.js';
import { HeldCall } from '../../lib/testing/held-call.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { rejection } from '../support/rejection.js';
import { secretsIn } from '../support/secret-search.js';
import { useCluster } from '../support/topology-fixtures.js';

const redis = useRedisServer();

interface Backend {
  readonly cache: CoreCache;
  /** What stands before each key. */
  readonly prefix: string;
  /** Whether it is known when an entry was written. */
  readonly notesAge: boolean;
}

type Make = (serializer?: SerializerOption) => Backend;

const backends: Readonly<Record<string, Make>> = {
  'in memory': (serializer) => ({ cache: new InMemoryCache({ serializer }), prefix: '', notesAge: true }),
  'in memory, under a scope': (serializer) => ({
    cache: new InMemoryCache({ serializer }).scope('scope:'),
    prefix: 'scope:',
    notesAge: true,
  }),
  'in Redis': (serializer) => {
    const cache = redis.newCache({ serializer });
    return { cache, prefix: cache.location.prefix, notesAge: false };
  },
  'in Redis, under a scope': (serializer) => {
    const cache = redis.newCache({ serializer });
    return { cache: cache.scope('scope:'), prefix: `${cache.location.prefix}scope:`, notesAge: false };
  },
  'in Redis, with a near tier': (serializer) => {
    const cache = redis.newCache({ serializer, near: true });
    return { cache, prefix: cache.location.prefix, notesAge: false };
  },
};

const HEX = (digits: number): unknown => expect.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const STALE = { ttl: 40, staleFor: '1m', pauseFor: '1m' } as const;

/** Values, how each is encoded, and how many bytes that takes. */
const encoded = [
  ['text', 'cacao', 6 + 5],
  ['bytes', Buffer.from([1, 2, 3]), 6 + 3],
  ['json', { a: 1 }, 6 + 7],
  ['rich', new Date(0), undefined],
] as const;

/** An entry that has expired and may still be served. */
async function expire(cache: CoreCache): Promise<void> {
  await cache.getOrSet('key', () => 'S3CRET', STALE);
  await delay(60);
}

describe.each(Object.entries(backends))('explain %s', (_name, make) => {
  it('tells that a key holds nothing', async () => {
    const { cache, prefix } = make();
    expect(await cache.explain('key')).toEqual({ state: 'absent', key: 'key', physicalKey: `${prefix}key` });
  });

  it.each(encoded)('tells the codec %s, and the size', async (codec, value, size) => {
    const { cache, prefix, notesAge } = make();
    await cache.set('key', value);
    expect(await cache.explain('key')).toEqual({
      state: 'entry',
      key: 'key',
      physicalKey: `${prefix}key`,
      codec,
      size: size ?? expect.any(Number),
      tags: [],
      hit: true,
      ...(notesAge && { age: expect.any(Number) }),
    });
  });

  it('tells how a value was compressed', async () => {
    const { cache } = make({ compression: { algorithm: 'gzip', above: 1 } });
    await cache.set('key', 'x'.repeat(10_000));
    const explanation = await cache.explain('key');
    expect(explanation).toMatchObject({ state: 'entry', codec: 'text', compression: 'gzip' });
    expect('size' in explanation && explanation.size).toBeLessThan(1_000);
  });

  it('tells how long an entry stays, and how old it is where that is noted', async () => {
    const { cache, notesAge } = make();
    await cache.set('key', 'value', { ttl: 10_000 });
    await delay(50);
    const explanation = await cache.explain('key');
    if (explanation.state !== 'entry') throw new Error(`It is ${explanation.state}`);
    const { ttl, goneIn, age } = explanation;
    expect(ttl).toBeGreaterThan(9_000);
    expect(ttl).toBeLessThan(9_960);
    expect(goneIn).toBe(ttl);
    if (!notesAge) return expect(age).toBeUndefined();
    expect(age).toBeGreaterThanOrEqual(49);
    return expect(age).toBeLessThan(1_000);
  });

  it('tells of each tag which version the entry has, and whether it still matches', async () => {
    const { cache } = make();
    await cache.set('key', 'value', { tags: ['kept', 'gone', 'anew'] });
    const before = tagsOf(await cache.explain('key'));
    expect(before.map(({ tag }) => tag)).toEqual(['kept', 'gone', 'anew']);
    for (const { stamped, current, matches } of before) {
      expect(stamped).toEqual(HEX(32));
      expect([current, matches]).toEqual([stamped, true]);
    }
    await cache.evictTags('gone', 'anew');
    await cache.set('other', 'value', { tags: ['anew'] });
    const explanation = await cache.explain('key');
    const [kept, gone, anew] = before;
    expect(explanation).toMatchObject({ state: 'entry', hit: false });
    expect(tagsOf(explanation)).toEqual([
      kept,
      { tag: 'gone', stamped: gone?.stamped, matches: false },
      { tag: 'anew', stamped: anew?.stamped, current: HEX(32), matches: false },
    ]);
  });

  it('tells who loads a key, and for how long, in a few digits of the token', async () => {
    const { cache, prefix } = make();
    const factory = new HeldCall();
    const loading = cache.getOrSet('key', factory.call, { ttl: '1m', leaseFor: '3s' });
    await factory.begun;
    const explanation = await cache.explain('key');
    const lease = { holder: HEX(8), endsIn: expect.any(Number) };
    expect(explanation).toEqual({ state: 'lease', key: 'key', physicalKey: `${prefix}key`, lease });
    const { endsIn } = explanation.state === 'lease' ? explanation.lease : { endsIn: 0 };
    expect(endsIn).toBeGreaterThan(0);
    expect(endsIn).toBeLessThanOrEqual(3_000);
    factory.answer('loaded');
    await loading;
    expect(await cache.explain('key')).toMatchObject({ state: 'entry', hit: true });
  });

  it('tells that an entry is stale, who refreshes it, and that nobody may after a failure', async () => {
    const { cache } = make();
    await expire(cache);
    const stale = {
      state: 'stale',
      codec: 'text',
      goneIn: expect.any(Number),
      loadTime: expect.any(Number),
    };
    const explanation = await cache.explain('key');
    expect(explanation).toMatchObject({ ...stale, expiredFor: expect.any(Number) });
    const { expiredFor = 0, goneIn = 0 } = explanation.state === 'stale' ? explanation : {};
    expect(expiredFor).toBeGreaterThan(0);
    expect(expiredFor + goneIn).toBeGreaterThan(59_900);
    expect(expiredFor + goneIn).toBeLessThan(60_100);

    const refresh = new HeldCall();
    const refreshing = cache.getOrSet('key', refresh.call, STALE);
    await refresh.begun;
    expect(await cache.explain('key')).toMatchObject({
      ...stale,
      lease: { holder: HEX(8), endsIn: expect.any(Number) },
    });
    refresh.fail(new Error('the origin is down'));
    await refreshing;
    const paused = await cache.explain('key');
    expect(paused).toMatchObject({ ...stale, pausedFor: expect.any(Number) });
    expect(paused).not.toHaveProperty('lease');
  });

  it('tells when a value is gone, though a lease may keep its key for longer', async () => {
    const { cache } = make();
    const early = { ttl: 1_000, refreshEarly: 1e12, leaseFor: '30s' } as const;
    await cache.getOrSet('key', () => delay(5, 'value'), early);
    const refresh = new HeldCall();
    await cache.getOrSet('key', refresh.call, early);
    await refresh.begun;
    const explanation = await cache.explain('key');
    refresh.answer('value');
    if (explanation.state !== 'entry') throw new Error(`It is ${explanation.state}`);
    expect(explanation.lease?.endsIn).toBeGreaterThan(10_000);
    expect(explanation.goneIn).toBeLessThanOrEqual(1_000);
    expect(explanation.goneIn).toBe(explanation.ttl);
  });

  it('tells no value, and counts nothing', async () => {
    const { cache } = make();
    await expire(cache);
    await cache.set('plain', { secret: 'S3CRET' }, { tags: ['tag'] });
    const counted = () => ({ ...cache.metrics(), near: undefined });
    const before = counted();
    const told = [await cache.explain('key'), await cache.explain('plain')];
    expect(secretsIn(told, ['S3CRET'])).toEqual([]);
    expect(counted()).toEqual(before);
  });

  it('sees what this process has written and not awaited', async () => {
    const { cache } = make();
    const writing = cache.set('key', 'value', { tags: ['tag'] });
    expect(await cache.explain('key')).toMatchObject({ state: 'entry', hit: true });
    await writing;
  });

  it('refuses what is no key, and to work after the end', async () => {
    const { cache } = make();
    expect(await rejection(cache.explain(''))).toBeInstanceOf(InvalidCacheKeyError);
    expect(cache.metrics().errors).toEqual({ CACHE_KEY_INVALID: 1 });
    await cache.close();
    expect(await rejection(cache.explain('key'))).toBeInstanceOf(CacheClosedError);
  });
});

describe('explain, of what somebody else wrote', () => {
  it('tells why it cannot be read, and none of it', async () => {
    const cache = redis.newCache();
    const physicalKey = `${cache.location.prefix}key`;
    const unreadable = { state: 'unreadable', key: 'key', physicalKey };
    await redis.raw.set(physicalKey, 'S3CRET of somebody else');
    const foreign = await cache.explain('key');
    expect(foreign).toEqual({ ...unreadable, code: 'CACHE_PAYLOAD_FOREIGN', message: expect.any(String) });
    expect(secretsIn([foreign], ['S3CRET'])).toEqual([]);
    await cache.set('key', 'value');
    await redis.raw.setrange(physicalKey, 20, 'X');
    expect(await cache.explain('key')).toMatchObject({ ...unreadable, code: 'CACHE_PAYLOAD_DAMAGED' });
  });

  it('fails as a read does for another type, and for a server that is not there', async () => {
    const cache = redis.newCache();
    await redis.raw.lpush(`${cache.location.prefix}list`, 'item');
    expect(await rejection(cache.explain('list'))).toMatchObject({ code: 'REDIS_WRONG_TYPE' });
    const nobody = redis.newCacheAt({ host: '127.0.0.1', port: await getFreePort() });
    expect(await rejection(nobody.explain('key'))).toMatchObject({ code: 'REDIS_UNREACHABLE' });
  });
});

describe('explain, in a cluster', () => {
  const cluster = useCluster();

  it('asks the masters that have the key and its tags', async () => {
    const cache = cluster.newCache();
    for (let index = 0; index < 20; index += 1) {
      const key = `key:${index}`;
      await cache.set(key, 'value', { tags: [`own:${index}`, 'shared'] });
      const explanation = await cache.explain(key);
      expect(explanation).toMatchObject({ state: 'entry', hit: true });
      expect(tagsOf(explanation).map(({ matches }) => matches)).toEqual([true, true]);
    }
    await cache.evictTags('shared');
    expect(await cache.explain('key:0')).toMatchObject({ state: 'entry', hit: false });
  }, 60_000);
});

function tagsOf(explanation: CacheExplanation): Extract<CacheExplanation, { state: 'entry' }>['tags'] {
  if (explanation.state !== 'entry') throw new Error(`The key is no entry, but ${explanation.state}`);
  return explanation.tags;
}
