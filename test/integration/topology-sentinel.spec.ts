import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CacheHit } from '../../lib/contract/cache-result.js';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { expectToEndQuietly, expectToServe } from '../support/expectations.js';
import { withPeer } from '../support/fake-peer.js';
import { underLoad } from '../support/load.js';
import { OPERATIONS } from '../support/operations.js';
import type { RedisServer } from '../support/redis-server.js';
import { failuresOf, rejection } from '../support/rejection.js';
import { useSentinels, waysToSay } from '../support/topology-fixtures.js';
import { eventually, timed } from '../support/waiting.js';

jest.setTimeout(60_000);

/** The socket timeout of these tests, and what "within the deadline" allows on top. */
const T = 500;
const WITHIN = T * 1.1 + 150;
/** After a promotion, in milliseconds. */
const RECOVERY = 2_000;

const redis = useSentinels({ password: 'of-the-data', sentinelPassword: 'of-the-watch' });

/** What callers may be told while there is no master. */
const AWAY = [
  'REDIS_UNREACHABLE',
  'REDIS_CONNECTION_LOST',
  'REDIS_OUTCOME_UNKNOWN_LOST',
  'REDIS_TIMEOUT',
  'REDIS_OUTCOME_UNKNOWN_TIMEOUT',
  'REDIS_READONLY',
];

afterEach(() => redis.servers.restore());

function newCache(): RedisCache {
  return redis.newCache({ socketTimeout: T });
}

/** Whether a server holds an entry of a cache. */
async function holds(server: RedisServer, cache: RedisCache, key: string): Promise<boolean> {
  return (await redis.servers.client(server).exists(`${cache.location.prefix}${key}`)) === 1;
}

/** The old master comes back and believes that nothing has changed; nobody may listen to it. */
async function expectToStay(cache: RedisCache, master: RedisServer, former: RedisServer): Promise<void> {
  await former.resume();
  for (let turn = 0; turn < 20; turn++) {
    await cache.set(`stays:${turn}`, turn);
    expect(await holds(master, cache, `stays:${turn}`)).toBe(true);
  }
  await redis.servers.restore();
  expect(await cache.get('after')).toEqual(new CacheHit('the failover'));
}

describe('The master that sentinels name', () => {
  it.each(waysToSay(redis, T))('is reached by %s, and serves every operation', async (_, create) => {
    const cache = create();
    await expectToServe(cache);
    await cache.set('last', 1);
    expect(await holds(await redis.servers.master(), cache, 'last')).toBe(true);
  });

  it('is found with a database of its own', async () => {
    const cache = redis.newCacheAt({ ...redis.address, db: 3, keyPrefix: 'db3:', socketTimeout: T });
    await cache.set('key', 1);
    const raw = redis.servers.client(await redis.servers.master());
    await raw.select(3);
    expect(await raw.exists('db3:key')).toBe(1);
    await raw.select(0);
  });

  it('is not found, with a typed error, under a name that no sentinel knows', async () => {
    const cache = redis.newCacheAt({}, { ...redis.variables, SPAKKY_REDIS__SENTINEL_NAME: 'nobody' });
    const { outcome, milliseconds } = await timed(() => cache.get('key'));
    expect(outcome).toMatchObject({
      name: 'RedisCacheConnectionError',
      code: 'REDIS_UNREACHABLE',
      message: expect.stringMatching(/"nobody".*SPAKKY_REDIS__SENTINEL_NAME/),
    });
    expect(milliseconds).toBeLessThan(WITHIN);
  });

  it.each([
    ['the data', 'SPAKKY_REDIS__PASSWORD'],
    ['the sentinels', 'SPAKKY_REDIS__SENTINEL_PASSWORD'],
  ])('A09 is not reached without the password of %s, and the error names the variable', async (_, name) => {
    const { [name]: password, ...variables } = redis.variables;
    expect(password).toBeDefined();
    for (const given of [variables, { ...variables, [name]: 'S3CRET-but-wrong' }]) {
      const cache = redis.newCacheAt({ socketTimeout: T }, given);
      for (const { run, keys } of OPERATIONS) {
        const error = await rejection(run(cache));
        for (const failure of failuresOf(error, keys)) {
          expect(failure).toMatchObject({
            code: 'REDIS_CREDENTIALS',
            message: expect.stringContaining(name),
          });
          expect(String(failure)).not.toContain('S3CRET');
        }
        expect(String(error)).not.toContain('S3CRET');
      }
    }
  });

  it('is not taken for one when it is a replica', async () => {
    const master = await redis.servers.master();
    const replica = redis.servers.data.find((server) => server !== master);
    const stale = {
      answer: (command: string) =>
        command === 'sentinel' ? arrayOf('127.0.0.1', String(replica?.port)) : '+OK\r\n',
    };
    await withPeer(stale, async (port) => {
      const address = { ...redis.address, sentinels: [{ host: '127.0.0.1', port }] };
      const misled = redis.newCacheAt({ ...address, keyPrefix: redis.newPrefix(), socketTimeout: T });
      expect(await rejection(misled.get('key'))).toMatchObject({ code: 'REDIS_UNREACHABLE' });
      await misled.close();
      const sentinels = [{ host: '127.0.0.1', port }, ...redis.servers.addresses];
      const cache = redis.newCacheAt({
        ...address,
        sentinels,
        keyPrefix: redis.newPrefix(),
        socketTimeout: T,
      });
      await eventually(RECOVERY, () => cache.set('key', 1));
      expect(await holds(master, cache, 'key')).toBe(true);
      await cache.close();
    });
  });
});

describe('Sentinels that are away', () => {
  it('are passed over while one of them answers', async () => {
    const [dead, frozen] = redis.servers.sentinels;
    if (!dead || !frozen) throw new Error('There are too few');
    await redis.servers.killSentinel(dead);
    await frozen.freeze();
    const { outcome, milliseconds } = await timed(() => newCache().ping());
    expect(outcome).toBeUndefined();
    expect(milliseconds).toBeLessThan(WITHIN);
  });

  it('are missed only by those who have no connection yet', async () => {
    const connected = newCache();
    await connected.set('key', 1);
    await Promise.all(redis.servers.sentinels.map((sentinel) => redis.servers.killSentinel(sentinel)));
    expect(await connected.get('key')).toEqual(new CacheHit(1));
    const { outcome, milliseconds } = await timed(() => newCache().get('key'));
    expect(outcome).toMatchObject({ code: 'REDIS_UNREACHABLE', key: 'key' });
    for (const { port } of redis.servers.addresses) expect(String(outcome)).toContain(`127.0.0.1:${port}`);
    expect(milliseconds).toBeLessThan(WITHIN);
  });
});

describe('A failover', () => {
  it.each([
    ['the master died', () => redis.servers.killMaster()],
    ['the master fell silent', () => redis.servers.freezeMaster()],
    [
      'the master died, and a sentinel before it',
      async () => {
        const [sentinel] = redis.servers.sentinels;
        if (sentinel) await redis.servers.killSentinel(sentinel);
        return redis.servers.killMaster();
      },
    ],
  ])('is followed within 2 s of the promotion, under load, when %s', async (_, strike) => {
    const cache = newCache();
    const keys = Array.from({ length: 20 }, (__, index) => `key:${index}`);
    let former: RedisServer | undefined;
    let master: RedisServer | undefined;
    const report = await underLoad(cache, { keys, mayForget: true }, async () => {
      former = await strike();
      master = await redis.servers.awaitFailover();
      await eventually(RECOVERY, () => cache.set('after', 'the failover'));
    });
    if (!former || !master) throw new Error('There was no failover');
    expect(await holds(master, cache, 'after')).toBe(true);

    const { errors, slowest, wrong, operations } = report;
    expect(wrong).toEqual([]);
    expect(operations).toBeGreaterThan(1_000);
    expect(slowest).toBeLessThan(WITHIN);
    expect(AWAY).toEqual(expect.arrayContaining(Object.keys(errors)));
    expect(Object.keys(errors)).not.toEqual([]);

    await expectToStay(cache, master, former);
  });

  it('is followed within 2 s of the promotion when the master is well and only replaced', async () => {
    const cache = newCache();
    await cache.set('before', 1);
    await redis.servers.replaceMaster();
    const master = await redis.servers.awaitFailover();
    await delay(RECOVERY);
    await cache.set('after', 'the replacement');
    expect(await holds(master, cache, 'after')).toBe(true);
  });

  it('is followed within 2 s of the promotion when the master fell silent, under the default deadline too', async () => {
    const cache = redis.newCacheAt({ ...redis.address, keyPrefix: redis.newPrefix() });
    await cache.set('before', 1);
    const former = await redis.servers.master();
    await redis.servers.freezeMaster();
    const silent = rejection(cache.get('before'));
    await redis.servers.awaitFailover();
    await eventually(RECOVERY, () => cache.set('after', 1));
    expect(await silent).toMatchObject({ code: 'REDIS_CONNECTION_LOST' });
    await former.resume();
    await redis.servers.restore();
  }, 30_000);
});

describe('close', () => {
  it.each([
    ['before it has connected', async () => undefined],
    ['while it is connected', (cache: RedisCache) => cache.ping()],
    ['while it connects', async (cache: RedisCache) => void cache.ping().catch(() => undefined)],
    [
      'while there is no master',
      async (cache: RedisCache) => {
        await cache.ping();
        await redis.servers.killMaster();
        await rejection(cache.ping());
      },
    ],
    [
      'while the master is silent',
      async (cache: RedisCache) => {
        await cache.ping();
        await redis.servers.freezeMaster();
        await rejection(cache.ping());
      },
    ],
  ])('A32 leaves no handle %s', async (_, arrange) => {
    await expectToEndQuietly(newCache, arrange, T);
  });
});

function arrayOf(...texts: readonly string[]): string {
  return `*${texts.length}\r\n${texts.map((text) => `$${text.length}\r\n${text}\r\n`).join('')}`;
}

describe('A cache that blocks', () => {
  it('finds the master', async () => {
    const cache = redis.newCache({ sync: true });
    cache.setSync('key', 1);
    expect(cache.getSync('key')).toEqual(new CacheHit(1));
    expect(await cache.get('key')).toEqual(new CacheHit(1));
  });
});
