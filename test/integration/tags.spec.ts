import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { CacheHit, CacheMiss } from '../../lib/contract/cache-result.js';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { median, printFigures } from '../support/figures.js';
import { useFaultProxy } from '../support/proxied-fixture.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { taggedKey, writeTaggedEntries } from '../support/tagged-entries.js';
import { useCluster } from '../support/topology-fixtures.js';
import { timed } from '../support/waiting.js';

jest.setTimeout(120_000);

/** In milliseconds; far more than a round trip on this machine takes. */
const WAY = 50;
/** The byte between a prefix and a tag. */
const RESERVED = Buffer.of(0xff);

function versionKey(prefix: string, tag: string): Buffer {
  return Buffer.concat([Buffer.from(prefix), RESERVED, Buffer.from(tag)]);
}

async function millisecondsOf(operation: () => Promise<unknown>): Promise<number> {
  const { outcome, milliseconds } = await timed(operation);
  if (outcome instanceof Error) throw outcome;
  return milliseconds;
}

/** How long an operation takes, most of the time. */
async function took(operation: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < 5; turn++) times.push(await millisecondsOf(operation));
  return median(times);
}

function* entriesOf(count: number, value: string): Generator<readonly [string, string]> {
  for (let index = 0; index < count; index++) yield [`key:${index}`, value];
}

/** How many of these keys are hits. */
async function hitsAmong(cache: RedisCache, keys: Iterable<string>): Promise<number> {
  const results = await cache.getMany(keys);
  return [...results.values()].filter(({ hit }) => hit).length;
}

describe('One server', () => {
  const redis = useRedisServer();
  const way = useFaultProxy(redis, 5_000);

  async function memory(): Promise<number> {
    return Number(/used_memory:(\d+)/.exec(await redis.raw.info('memory'))?.[1]);
  }

  it('keeps nothing of 10,000 evictions', async () => {
    const cache = redis.newCache<string>();
    await cache.set('key', 'value', { tags: ['same'] });
    await cache.evictTags('same');
    const keysBefore = await redis.raw.dbsize();
    const before = await memory();
    for (let round = 0; round < 100; round++) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          await cache.set(`key:${index}`, 'value', { tags: ['same', `own:${round}:${index}`], ttl: '1h' });
          await cache.evictTags('same', `own:${round}:${index}`);
        }),
      );
    }
    const grown = (await memory()) - before;
    const keys = (await redis.raw.dbsize()) - keysBefore;
    printFigures('Memory that 10,000 evictions left, of it 100 entries', [grown / 1_024], 'KiB');
    // Evicted entries stay until they expire or are replaced.
    expect(keys).toBe(100);
    expect(grown).toBeLessThan(200 * 1_024);
  });

  it('misses, and no more than that, when the version of a tag is lost', async () => {
    const prefix = redis.newPrefix();
    const cache = redis.newCache<string>({ keyPrefix: prefix });
    await cache.set('both', 'value', { tags: ['lost', 'kept'] });
    await cache.set('other', 'value', { tags: ['kept'] });
    await cache.set('plain', 'value');
    expect(await redis.raw.del(versionKey(prefix, 'lost'))).toBe(1);
    expect(await cache.get('both')).toBe(CacheMiss.instance);
    expect(await cache.get('other')).toEqual(new CacheHit('value'));
    expect(await cache.get('plain')).toEqual(new CacheHit('value'));
    await cache.set('new', 'value', { tags: ['lost'] });
    expect(await cache.get('new')).toEqual(new CacheHit('value'));
    // The version is another one: what was stamped with the lost one stays away.
    expect(await cache.get('both')).toBe(CacheMiss.instance);
  });

  it('does not keep what was loaded, and no more than that, when the epoch is lost meanwhile', async () => {
    const prefix = redis.newPrefix();
    const cache = redis.newCache<string>({ keyPrefix: prefix });
    const load = (whileLoading: () => Promise<unknown>): Promise<string> =>
      cache.getOrSet(
        'key',
        async () => {
          await whileLoading();
          return 'value';
        },
        { tags: (value) => [`of:${value}`] },
      );
    expect(await load(() => redis.raw.del(versionKey(prefix, '')))).toBe('value');
    expect(await cache.get('key')).toBe(CacheMiss.instance);
    expect(await load(async () => undefined)).toBe('value');
    expect(await cache.get('key')).toEqual(new CacheHit('value'));
  });

  it('lets versions outlive every entry that is stamped with them', async () => {
    const prefix = redis.newPrefix();
    const cache = redis.newCache<string>({ keyPrefix: prefix });
    const version = versionKey(prefix, 'tag');
    const outlives = async (key: string): Promise<void> => {
      const [entry, tag] = await Promise.all([redis.raw.pttl(`${prefix}${key}`), redis.raw.pttl(version)]);
      expect(entry).toBeGreaterThan(0);
      expect(tag).toBeGreaterThan(entry);
    };
    const tags = ['tag'];
    // Each is longer than the one before, so that the version has to be prolonged.
    for (const ttl of [100, 60_000, 3_600_000, 86_400_000]) {
      await cache.set(`set:${ttl}`, 'value', { ttl, tags });
      await outlives(`set:${ttl}`);
      await cache.setMany([[`many:${ttl}`, 'value']], { ttl: 2 * ttl, tags });
      await outlives(`many:${ttl}`);
      await cache.getOrSet(`load:${ttl}`, () => 'value', { ttl: 3 * ttl, staleFor: ttl, loadFor: 1, tags });
      await outlives(`load:${ttl}`);
      await cache.getOrSet(`late:${ttl}`, () => 'value', { ttl: 5 * ttl, loadFor: 1, tags: () => tags });
      await outlives(`late:${ttl}`);
      await cache.writeThrough(`through:${ttl}`, 'value', () => undefined, { ttl: 7 * ttl, tags });
      await outlives(`through:${ttl}`);
    }
    await cache.set('without', 'value', { tags, ttl: null });
    await outlives('without');
  });

  it('lets versions be gone soon after the last entry', async () => {
    const prefix = redis.newPrefix();
    const cache = redis.newCache<string>({ keyPrefix: prefix });
    await cache.set('key', 'value', { ttl: 1_000, tags: ['tag'] });
    const left = await redis.raw.pttl(versionKey(prefix, 'tag'));
    printFigures('Life of the version of an entry of 1 s', [left]);
    expect(left).toBeLessThanOrEqual(2 * (1_000 + 60_000));
  });

  it('reads a tagged entry with one round trip more, and with none when its tags are named', async () => {
    const cache = way.newProxiedCache();
    const tags = ['one', 'two', 'three'];
    await cache.set('plain', 'value');
    await cache.set('tagged', 'value', { tags });
    await way.proxy.inject({ kind: 'delay-reply', milliseconds: WAY });
    const plain = await took(() => cache.get('plain'));
    const tagged = await took(() => cache.get('tagged'));
    const named = await took(() => cache.get('tagged', { tags }));
    const partlyNamed = await took(() => cache.get('tagged', { tags: ['one'] }));
    const loaded = await took(() => cache.getOrSet('tagged', () => 'other', { tags }));
    printFigures(`plain, tagged, named, partly named, named in getOrSet, ${WAY} ms away`, [
      plain,
      tagged,
      named,
      partlyNamed,
      loaded,
    ]);
    expect(plain).toBeLessThan(1.5 * WAY);
    expect(named).toBeLessThan(1.5 * WAY);
    expect(loaded).toBeLessThan(1.5 * WAY);
    expect(tagged).toBeLessThan(2.5 * WAY);
    expect(partlyNamed).toBeLessThan(2.5 * WAY);
    expect(await cache.get('tagged', { tags })).toEqual(new CacheHit('value'));
  });

  it('evicts before the next read of any process, also what is written while it goes on', async () => {
    const keyPrefix = redis.newPrefix();
    const [writer, evictor, reader] = [0, 1, 2].map(() => redis.newCache<number>({ keyPrefix }));
    if (!writer || !evictor || !reader) throw new Error('There are three caches');
    for (let round = 0; round < 300; round++) {
      await writer.set('key', round, { tags: ['tag'] });
      const evicting = evictor.evictTags('tag');
      const writing = writer.set('other', round, { tags: ['tag'] });
      await evicting;
      expect(await reader.get('key')).toBe(CacheMiss.instance);
      await writing;
    }
  });

  it('evicts a tag of 100,000 entries within 5 ms', async () => {
    const count = 100_000;
    const tags = ['one', 'two', 'three'];
    const keyPrefix = redis.newPrefix();
    const cache = redis.newCache<string>({ keyPrefix });
    const entries = { keyPrefix, count, tags, ttl: 3_600_000 };
    printFigures(`Writing ${count} entries with ${tags.length} tags each`, [
      await millisecondsOf(() => writeTaggedEntries(redis.raw, redis.address, entries)),
    ]);
    expect(await redis.raw.dbsize()).toBeGreaterThanOrEqual(count);
    const some = Array.from({ length: 1_000 }, (_, index) => taggedKey(index * 100));
    expect(await hitsAmong(cache, some)).toBe(1_000);
    const times: number[] = [];
    for (const tag of tags) {
      times.push(await millisecondsOf(() => cache.evictTags(tag)));
      expect(await hitsAmong(cache, some)).toBe(0);
    }
    printFigures(`Evicting a tag of ${count} entries`, times);
    expect(median(times)).toBeLessThanOrEqual(5);
  });
});

describe('A cluster of six nodes', () => {
  const redis = useCluster();

  /** Tags and keys of every master. */
  const tags = Array.from({ length: 12 }, (_, index) => `tag:${index}`);
  const keys = Array.from({ length: 300 }, (_, index) => `key:${index}`);

  it('evicts what is tagged wherever keys and versions are, and nothing else', async () => {
    const keyPrefix = redis.newPrefix();
    const cache = redis.newCache<string>({ keyPrefix });
    const other = redis.newCache<string>({ keyPrefix });
    await Promise.all(
      keys.map((key, index) => cache.set(key, key, { tags: [tags[index % tags.length] ?? '', 'all'] })),
    );
    expect(await hitsAmong(other, keys)).toBe(keys.length);
    await other.evictTags('tag:0', 'tag:1', 'tag:2');
    const left = keys.filter((_, index) => index % tags.length > 2);
    const results = await cache.getMany(keys);
    expect([...results].filter(([, { hit }]) => hit).map(([key]) => key)).toEqual(left);
    await cache.evictTags('all');
    expect(await hitsAmong(other, keys)).toBe(0);
  });

  it('finds the tags that only the value tells wherever they are', async () => {
    const cache = redis.newCache<string>();
    const load = (key: string) =>
      cache.getOrSet(key, () => key, { tags: (value) => [`of:${value}`, ...tags] });
    await Promise.all(keys.map(load));
    expect(await hitsAmong(cache, keys)).toBe(keys.length);
    await cache.evictTags('of:key:7');
    expect(await hitsAmong(cache, keys)).toBe(keys.length - 1);
    await cache.evictTags('tag:11');
    expect(await hitsAmong(cache, keys)).toBe(0);
  });

  it('evicts a tag of 100,000 entries within 5 ms', async () => {
    const cache = redis.newCache<string>();
    const filling = await millisecondsOf(() =>
      cache.setMany(entriesOf(100_000, 'value'), { tags, ttl: '1h' }),
    );
    printFigures('Writing 100,000 entries with 12 tags each to a cluster', [filling]);
    const times: number[] = [];
    for (const tag of tags) times.push(await millisecondsOf(() => cache.evictTags(tag)));
    printFigures('Evicting a tag of 100,000 entries in a cluster', times);
    expect(median(times)).toBeLessThanOrEqual(5);
    expect(await hitsAmong(cache, keys)).toBe(0);
    await cache.clear();
  });

  it('keeps nothing of 2,000 evictions', async () => {
    const cache = redis.newCache<string>();
    const masters = await redis.servers.masters();
    const keysNow = async (): Promise<number> => {
      const sizes = await Promise.all(masters.map((node) => redis.servers.client(node).dbsize()));
      return sizes.reduce((sum, size) => sum + size, 0);
    };
    const before = await keysNow();
    for (let round = 0; round < 2_000; round++) {
      await cache.set('key', 'value', { tags: [`own:${round}`] });
      await cache.evictTags(`own:${round}`);
    }
    expect(await keysNow()).toBe(before + 1);
  });

  it('keeps cache and origin alike when writers of one key overlap', async () => {
    const keyPrefix = redis.newPrefix();
    const caches = [0, 1, 2].map(() => redis.newCache<string>({ keyPrefix }));
    const origins = new Map<string, string>();
    const write = async (value: string, key: string): Promise<void> => {
      await delay(Math.random() * 3);
      origins.set(key, value);
    };
    const hits = await Promise.all(
      keys.slice(0, 60).map(async (key) => {
        for (let turn = 0; turn < 5; turn++) {
          await Promise.all(
            caches.map((cache, index) => cache.writeThrough(key, `${turn}:${index}`, write, { tags })),
          );
          const result = await caches[turn % 3]?.get(key);
          if (result?.hit) expect(result.value).toBe(origins.get(key));
        }
        await caches[0]?.writeThrough(key, 'last', write, { tags });
        return caches[1]?.get(key);
      }),
    );
    expect(hits).toEqual(hits.map(() => new CacheHit('last')));
  });
});
