import { describe, expect, it } from '@jest/globals';
import type { CacheExplanation, RedisCacheSurvey } from '../../lib/index.js';
import { CacheClosedError } from '../../lib/index.js';
import type { Fault } from '../support/fault.js';
import { useFaultProxy } from '../support/proxied-fixture.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { rejection } from '../support/rejection.js';
import { useCluster } from '../support/topology-fixtures.js';
import { eventually, timed } from '../support/waiting.js';

const redis = useRedisServer();
const way = useFaultProxy(redis, 2_000);

const NOTHING = {
  entries: 0,
  withoutEnd: 0,
  stale: 0,
  leases: 0,
  tags: 0,
  unreadable: 0,
  moving: 0,
  bytes: 0,
};

function entriesOf(count: number): Map<string, number> {
  return new Map(Array.from({ length: count }, (_, index) => [`key:${index}`, index]));
}

/** How often the server was asked with a command since its counts were reset. */
async function callsOf(command: string): Promise<number> {
  const stats = await redis.raw.info('commandstats');
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

describe('A survey', () => {
  it('counts nothing where nothing is', async () => {
    const { keys, servers } = await redis.newCache().survey();
    expect(keys).toEqual(NOTHING);
    expect(servers).toEqual([
      expect.objectContaining({ software: expect.stringMatching(/^(Redis|Valkey) /) }),
    ]);
  });

  it('counts every key once, page by page, and none of others', async () => {
    const cache = redis.newCache();
    await cache.setMany(entriesOf(3_500));
    await redis.newCache().setMany(entriesOf(3_500));
    await redis.raw.call('CONFIG', 'RESETSTAT');
    expect((await cache.survey()).keys).toMatchObject({ entries: 3_500, withoutEnd: 3_500, unreadable: 0 });
    expect(await callsOf('scan')).toBeGreaterThanOrEqual(7);
    expect(await callsOf('getrange')).toBe(3_500);
    expect(await callsOf('keys')).toBe(0);
  });

  it('takes a prefix as it is, whatever SCAN makes of its characters', async () => {
    const keyPrefix = 'a*[b]?\\:';
    await redis.newCache({ keyPrefix }).set('key', 1);
    await redis.newCache({ keyPrefix: 'axxb?\\:' }).set('key', 1);
    const { keys } = await redis.newCache({ keyPrefix }).survey();
    expect(keys.entries).toBe(1);
  });

  it('says the same of each key as explain(), as long as nothing is damaged', async () => {
    const cache = redis.newCache();
    const { prefix } = cache.location;
    await cache.getOrSet('stale', () => 'old', { ttl: 1, staleFor: '1h' });
    await cache.getOrSet('fresh', () => 'new', { ttl: '1h', staleFor: '1h' });
    await cache.set('plain', 'value', { ttl: '1h' });
    await redis.raw.set(`${prefix}empty`, '');
    await redis.raw.set(`${prefix}foreign`, 'x'.repeat(100));
    await redis.raw.hset(`${prefix}hash`, 'field', 'value');
    await eventually(1_000, async () => expect((await cache.explain('stale')).state).toBe('stale'));
    const names = ['stale', 'fresh', 'plain', 'empty', 'foreign'];
    const states = await Promise.all(names.map(async (key) => (await cache.explain(key)).state));
    const count = (wanted: CacheExplanation['state']) => states.filter((state) => state === wanted).length;
    const { keys } = await cache.survey();
    expect(keys).toMatchObject({ entries: count('entry'), withoutEnd: 0, stale: count('stale'), leases: 0 });
    // explain() fails for a hash, as get() does.
    expect(keys.unreadable).toBe(count('unreadable') + 1);
  });

  it.each(['getrange', 'pttl', 'strlen', 'time', 'scan'])(
    'never counts by replies that belong to other commands (%s)',
    async (command) => {
      const cache = way.newProxiedCache();
      await cache.setMany(entriesOf(10));
      const stray: Fault = { kind: 'extra-reply', bytes: ':-2\r\n' };
      await way.proxy.inject(stray, { commands: [command], times: 1 });
      const [outcome] = await Promise.allSettled([cache.survey()]);
      // Between two round trips nobody waits for a reply: one that comes then is found out at once.
      if (outcome.status === 'fulfilled') expect(outcome.value.keys).toMatchObject({ entries: 10 });
      else expect(outcome.reason).toMatchObject({ code: expect.stringMatching(/^REDIS_/) });
    },
  );

  it('fails when the connection breaks on the way, and when the cache was closed', async () => {
    const cache = way.newProxiedCache();
    await cache.setMany(entriesOf(10));
    await way.proxy.inject({ kind: 'cut-mid-reply' }, { commands: ['pttl'], times: 1 });
    expect(await rejection(cache.survey())).toMatchObject({ code: 'REDIS_CONNECTION_LOST' });
    await cache.close();
    expect(await rejection(cache.survey())).toBeInstanceOf(CacheClosedError);
  });
});

describe('A survey of a server that falls silent', () => {
  it('ends within the deadline of a round trip', async () => {
    const { host, port } = way.proxy;
    const keyPrefix = redis.newPrefix();
    const cache = redis.newCacheAt({ host, port, keyPrefix, socketTimeout: 300 });
    await cache.setMany(entriesOf(10));
    await way.proxy.inject({ kind: 'drop-reply', afterwards: 'silence' }, { commands: ['pttl'] });
    const { outcome, milliseconds } = await timed(() => cache.survey());
    expect(outcome).toMatchObject({ code: 'REDIS_TIMEOUT' });
    expect(milliseconds).toBeLessThan(1_000);
  });
});

describe('A survey of a cluster', () => {
  const cluster = useCluster();

  it('counts what every master holds, and says how many keys are on their way', async () => {
    const cache = cluster.newCache();
    const { prefix } = cache.location;
    await cache.setMany(entriesOf(200));
    const keys = Array.from({ length: 20 }, (_, index) => `{moving}${index}`);
    for (const key of keys) await cache.set(key, key);
    const counted = async () => {
      const { entries, moving } = (await cache.survey()).keys;
      return { entries, moving };
    };
    expect(await counted()).toEqual({ entries: 220, moving: 0 });
    const slot = await cluster.servers.slotOf(`${prefix}{moving}`);
    const from = await cluster.servers.masterOf(slot);
    const to = (await cluster.servers.masters()).find((node) => node !== from) ?? from;
    const migration = await cluster.servers.migrateSlot(slot, to);
    await migration.begin();
    await migration.moveKeys(8);
    expect(await counted()).toEqual({ entries: 212, moving: 8 });
    await migration.moveAllKeys();
    await migration.end();
    expect(await counted()).toEqual({ entries: 220, moving: 0 });
    expect(addressesOf(await cache.survey())).toHaveLength(3);
  }, 60_000);
});

function addressesOf({ servers }: RedisCacheSurvey): readonly string[] {
  return [...new Set(servers.map(({ address }) => address))];
}
