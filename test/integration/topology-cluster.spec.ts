import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CacheHit } from '../../lib/contract/cache-result.js';
import { keySlot } from '../../lib/redis/key-slot.js';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { readAclRule } from '../support/acl-rule.js';
import { expectToEndQuietly, expectToServe } from '../support/expectations.js';
import { getFreePort } from '../support/free-port.js';
import { underLoad } from '../support/load.js';
import { OPERATIONS } from '../support/operations.js';
import type { RedisServer } from '../support/redis-server.js';
import { failuresOf, rejection } from '../support/rejection.js';
import type { SlotMigration } from '../support/slot-migration.js';
import { useCluster, waysToSay } from '../support/topology-fixtures.js';
import { eventually, openHandles, timed } from '../support/waiting.js';

jest.setTimeout(60_000);

/** The socket timeout of these tests, and what "within the deadline" allows on top. */
const T = 500;
const WITHIN = T * 1.1 + 150;
/** After a promotion, in milliseconds. */
const RECOVERY = 2_000;

/** What callers may be told whose keys have no master at the time. */
const AWAY = [
  'REDIS_UNREACHABLE',
  'REDIS_CONNECTION_LOST',
  'REDIS_OUTCOME_UNKNOWN_LOST',
  'REDIS_TIMEOUT',
  'REDIS_OUTCOME_UNKNOWN_TIMEOUT',
  'REDIS_CLUSTER_DOWN',
];

const redis = useCluster({ password: 'of-the-nodes' });

afterEach(() => redis.servers.restore());

function newCache(): RedisCache {
  return redis.newCache({ socketTimeout: T });
}

function manyKeys(count: number, begin = ''): string[] {
  return Array.from({ length: count }, (_, index) => `${begin}${index}`);
}

/** The keys under a prefix, on whichever node they are. */
async function keysUnder(prefix: string): Promise<string[]> {
  const masters = await redis.servers.masters();
  const keys = await Promise.all(masters.map((node) => redis.servers.client(node).keys(`${prefix}*`)));
  return keys.flat();
}

function slotOf(cache: RedisCache, key: string): Promise<number> {
  return redis.servers.slotOf(`${cache.location.prefix}${key}`);
}

/** A master that does not serve the slot. */
async function otherMaster(slot: number): Promise<RedisServer> {
  const own = await redis.servers.masterOf(slot);
  const other = (await redis.servers.masters()).find((node) => node !== own);
  if (!other) throw new Error('There is no other master');
  return other;
}

/** A hash tag whose slot is a master's. */
async function tagOn(master: RedisServer | undefined, cache: RedisCache): Promise<string> {
  for (let number = 0; ; number++) {
    const tag = `{tag ${number}}`;
    if ((await redis.servers.masterOf(await slotOf(cache, tag))) === master) return tag;
  }
}

async function keysOf(node: RedisServer, cache: RedisCache, keys: readonly string[]): Promise<string[]> {
  const masters = await Promise.all(
    keys.map(async (key) => redis.servers.masterOf(await slotOf(cache, key))),
  );
  return keys.filter((_, index) => masters[index] === node);
}

/** Begins to move the slot of the key, the key included. */
async function moveHalfway(cache: RedisCache, key: string): Promise<SlotMigration> {
  const slot = await slotOf(cache, key);
  const migration = await redis.servers.migrateSlot(slot, await otherMaster(slot));
  await migration.begin();
  await migration.moveAllKeys();
  return migration;
}

describe('A cluster', () => {
  it.each(waysToSay(redis, T))('is reached by %s, and serves every operation', async (_, create) => {
    const cache = create();
    await expectToServe(cache);
  });

  it('is asked for a key where the server says that it is, whatever the braces in it', async () => {
    const keys = [
      'key',
      '{tag}key',
      'a{tag}b{other}',
      '{}abc}',
      'a{}{b}',
      'a{b',
      'a}b{c}',
      '{{a}}',
      'ключ{é}',
    ];
    for (const key of keys) {
      expect([key, keySlot(key)]).toEqual([key, await redis.servers.slotOf(key)]);
      expect(keySlot(Buffer.from(key))).toBe(keySlot(key));
    }
  });

  it('holds the entries on the masters of their slots, as they are', async () => {
    const cache = newCache();
    const keys = manyKeys(300);
    await Promise.all(keys.map((key) => cache.set(key, `of ${key}`)));
    for (const key of keys.slice(0, 30)) {
      const physical = `${cache.location.prefix}${key}`;
      const master = await redis.servers.masterOf(await redis.servers.slotOf(physical));
      expect(await redis.servers.client(master).exists(physical)).toBe(1);
    }
    const results = await Promise.all(keys.map((key) => cache.get(key)));
    expect(results).toEqual(keys.map((key) => new CacheHit(`of ${key}`)));
  });

  it('is cleared on every master, and keys of others stay', async () => {
    const cache = newCache();
    const foreign = redis.newCache();
    await Promise.all(manyKeys(500).flatMap((key) => [cache.set(key, 1), foreign.set(key, 2)]));
    await cache.clear();
    expect(await keysUnder(cache.location.prefix)).toEqual([]);
    expect(await keysUnder(foreign.location.prefix)).toHaveLength(500);
    await foreign.clear();
  });

  it('is found through one of its nodes, even a replica, while others that were named are away', async () => {
    const replicas = await redis.servers.replicasOf(await redis.servers.masterOf(0));
    const away = { host: '127.0.0.1', port: await getFreePort() };
    const cluster = [away, ...replicas.map(({ host, port }) => ({ host, port }))];
    const cache = redis.newCacheAt({
      ...redis.address,
      cluster,
      keyPrefix: redis.newPrefix(),
      socketTimeout: T,
    });
    await Promise.all(manyKeys(50).map((key) => cache.set(key, key)));
    expect(await keysUnder(cache.location.prefix)).toHaveLength(50);
  });

  it('A05 is a typed error that names the nodes when none of them answers', async () => {
    const ports = [await getFreePort(), await getFreePort()];
    const cluster = ports.map((port) => ({ host: '127.0.0.1', port }));
    const cache = redis.newCacheAt({ cluster, socketTimeout: T });
    for (const { run, keys } of OPERATIONS) {
      const { outcome, milliseconds } = await timed(() => run(cache));
      for (const failure of failuresOf(outcome, keys)) {
        expect(failure).toMatchObject({ name: 'RedisCacheConnectionError', code: 'REDIS_UNREACHABLE' });
        for (const port of ports) expect(String(failure)).toContain(`127.0.0.1:${port}`);
        expect(String(failure)).toContain('SPAKKY_REDIS__CLUSTER');
      }
      expect(milliseconds).toBeLessThan(WITHIN);
    }
  });

  it('A09 is a typed error that names the variable when the password is missing or wrong', async () => {
    const { SPAKKY_REDIS__PASSWORD: password, ...variables } = redis.variables;
    expect(password).toBeDefined();
    for (const given of [variables, { ...variables, SPAKKY_REDIS__PASSWORD: 'S3CRET-but-wrong' }]) {
      const cache = redis.newCacheAt({ socketTimeout: T }, given);
      for (const { run, keys } of OPERATIONS) {
        const error = await rejection(run(cache));
        for (const failure of failuresOf(error, keys)) {
          expect(failure).toMatchObject({
            code: 'REDIS_CREDENTIALS',
            message: expect.stringContaining('SPAKKY_REDIS__PASSWORD'),
          });
          expect(String(failure)).not.toContain('S3CRET');
        }
        expect(String(error)).not.toContain('S3CRET');
      }
    }
  });

  it('is a typed error for the keys of a slot that nobody serves, and for no others', async () => {
    const cache = newCache();
    const slot = await slotOf(cache, 'key');
    const master = await redis.servers.masterOf(slot);
    const clients = redis.servers.nodes.map((node) => redis.servers.client(node));
    await Promise.all(clients.map((client) => client.cluster('DELSLOTS', slot)));
    expect(await rejection(cache.set('key', 1))).toMatchObject({ code: 'REDIS_CLUSTER_DOWN', key: 'key' });
    await cache.set('other key', 1);
    await redis.servers.client(master).cluster('ADDSLOTS', slot);
    await eventually(RECOVERY, () => cache.set('key', 1));
  });
});

describe('A slot that moves', () => {
  it('is followed under load, there and back, without an error or a wrong value', async () => {
    const cache = newCache();
    const moving = manyKeys(20, '{moving}');
    const slot = await slotOf(cache, '{moving}');
    const report = await underLoad(cache, { keys: [...moving, ...manyKeys(20)] }, async () => {
      for (let turn = 0; turn < 4; turn++) {
        const migration = await redis.servers.migrateSlot(slot, await otherMaster(slot));
        await migration.begin();
        for (let moved = 1; moved > 0; moved = await migration.moveKeys(3)) await delay(20);
        await migration.end();
        await delay(50);
      }
    });
    const { errors, wrong, slowest, operations } = report;
    expect({ errors, wrong }).toEqual({ errors: {}, wrong: [] });
    expect(operations).toBeGreaterThan(2_000);
    expect(slowest).toBeLessThan(WITHIN);
  });

  it('keeps the order of operations on one key that nobody waited for', async () => {
    const cache = newCache();
    const slot = await slotOf(cache, '{moving}');
    const over = new AbortController();
    const moves = async () => {
      for (let turn = 0; turn < 30; turn++) {
        await (await redis.servers.migrateSlot(slot, await otherMaster(slot))).complete();
        await delay(5);
      }
    };
    const calls = async (key: string) => {
      for (let turn = 0; !over.signal.aborted; turn++) {
        const operations = [
          cache.set(key, 'first'),
          cache.delete(key),
          cache.set(key, 'second'),
          cache.set(key, turn),
        ];
        const read = cache.get(key);
        await Promise.all(operations);
        expect(await read).toEqual(new CacheHit(turn));
        await delay(1);
      }
    };
    const ended = moves().finally(() => over.abort());
    await Promise.all([ended, ...manyKeys(5, '{moving}').map((key) => calls(key))]);
  });

  it('sends nothing past what still waits for the old master', async () => {
    const cache = redis.newCache({ socketTimeout: 2_000 });
    const [from, to, third] = await redis.servers.masters();
    if (!from || !to || !third) throw new Error('There are too few masters');
    const [key, other] = [await tagOn(from, cache), await tagOn(to, cache)];
    await Promise.all([cache.set(key, 'before'), cache.set(other, 'before')]);
    await (await redis.servers.migrateSlot(await slotOf(cache, key), to)).complete();
    await (await redis.servers.migrateSlot(await slotOf(cache, other), third)).complete();

    await from.freeze();
    const first = cache.set(key, 'first');
    // Told that this one has moved, the cache asks who serves what, and hears of the other one too.
    await cache.get(other);
    await delay(200);
    const second = cache.set(key, 'second');
    const read = cache.get(key);
    await delay(100);
    await from.resume();

    await Promise.all([first, second]);
    expect(await read).toEqual(new CacheHit('second'));
    expect(await cache.get(key)).toEqual(new CacheHit('second'));
  });

  it.each([
    [0, 'is over'],
    [0, 'goes on'],
    [1, 'is over'],
    [1, 'goes on'],
    [2, 'is over'],
    [2, 'goes on'],
  ])(
    'is cleared with all that leaves master %i meanwhile, when the move %s afterwards',
    async (index, state) => {
      const masters = await redis.servers.masters();
      const from = masters[index];
      for (const to of masters.filter((node) => node !== from)) {
        const cache = redis.newCache({ socketTimeout: 5_000 });
        const tag = await tagOn(from, cache);
        await cache.setMany([...manyKeys(2_000, tag), ...manyKeys(3_000)].map((key) => [key, 1]));

        const migration = await redis.servers.migrateSlot(await slotOf(cache, tag), to);
        await migration.begin();
        await migration.moveKeys(500);
        const cleared = cache.clear();
        await migration.moveAllKeys();
        if (state === 'is over') await migration.end();
        await cleared;

        expect(await keysUnder(cache.location.prefix)).toEqual([]);
        if (state === 'goes on') await migration.end();
        await redis.servers.awaitAgreement();
      }
    },
  );
});

describe('A user with the rule of the README for a cluster', () => {
  const rule = readAclRule('cluster');
  const { user: username, password, prefix } = rule;

  /** Grants what the rule says, with some of it left out, and answers a cache of that user. */
  async function grant(...withheld: readonly string[]): Promise<RedisCache> {
    for (const node of redis.servers.nodes) {
      const client = redis.servers.client(node);
      await client.call('ACL', 'DELUSER', username);
      await client.call('ACL', rule.argumentsWithout(...withheld));
    }
    const keyPrefix = prefix + redis.newPrefix();
    return redis.newCacheAt({ ...redis.address, username, password, keyPrefix, socketTimeout: T });
  }

  it('follows a slot that moves, and clears it', async () => {
    const cache = await grant();
    await cache.set('key', 1);
    const migration = await moveHalfway(cache, 'key');
    expect(await cache.get('key')).toEqual(new CacheHit(1));
    await cache.clear();
    await migration.end();
    expect(await keysUnder(cache.location.prefix)).toEqual([]);
  });

  it('A10 gets a typed error without asking, for keys that have moved', async () => {
    const cache = await grant('asking');
    await cache.set('key', 1);
    const migration = await moveHalfway(cache, 'key');
    for (const operation of [cache.get('key'), cache.set('key', 2), cache.delete('key'), cache.clear()]) {
      expect(await rejection(operation)).toMatchObject({ code: 'REDIS_NO_PERMISSION' });
    }
    await migration.end();
    expect(await cache.get('key')).toEqual(new CacheHit(1));
  });

  it('A10 gets a typed error without cluster|slots', async () => {
    const cache = await grant('cluster|slots');
    for (const { run, keys } of OPERATIONS) {
      for (const failure of failuresOf(await rejection(run(cache)), keys)) {
        expect(failure).toMatchObject({ code: 'REDIS_NO_PERMISSION' });
      }
    }
  });
});

describe('A master that is away', () => {
  it.each([
    ['dead', (slot: number) => redis.servers.killMasterOf(slot)],
    ['silent', (slot: number) => redis.servers.freezeMasterOf(slot)],
  ])(
    'concerns only the keys of its slots, and those for no longer than 2 s after the promotion: %s',
    async (_, strike) => {
      const cache = newCache();
      const keys = manyKeys(60);
      await Promise.all(keys.map((key) => cache.set(key, 'before')));
      const victim = await redis.servers.masterOf(await slotOf(cache, '0'));
      const concerned = await keysOf(victim, cache, keys);
      let master: RedisServer | undefined;
      const report = await underLoad(cache, { keys, mayForget: true }, async () => {
        await strike(await slotOf(cache, '0'));
        await delay(T * 2);
        const reads = await Promise.all(concerned.map((key) => timed(() => cache.get(key))));
        for (const { milliseconds, outcome } of reads) {
          expect(AWAY).toContain(Object(outcome).code);
          expect(milliseconds).toBeLessThan(50);
        }
        master = await redis.servers.awaitPromotion();
        await eventually(RECOVERY, () => Promise.all(keys.map((key) => cache.set(`${key} after`, 1))));
      });
      if (!master) throw new Error('Nothing was promoted');
      const { errors, failedKeys, slowest, wrong } = report;
      expect(wrong).toEqual([]);
      expect(slowest).toBeLessThan(WITHIN);
      expect(AWAY).toEqual(expect.arrayContaining(Object.keys(errors)));
      expect([...failedKeys].toSorted()).toEqual(concerned.toSorted());

      await victim.resume();
      for (const key of concerned) {
        await cache.set(key, 'new');
        expect(await redis.servers.client(master).exists(`${cache.location.prefix}${key}`)).toBe(1);
      }
      await redis.servers.restore();
      for (const key of concerned) expect(await cache.get(key)).toEqual(new CacheHit('new'));
    },
  );

  it('makes every key a typed error where Redis wants every slot covered, until the promotion', async () => {
    const nodes = redis.servers.nodes;
    const demand = (value: string) =>
      Promise.all(
        nodes.map((node) => redis.servers.client(node).config('SET', 'cluster-require-full-coverage', value)),
      );
    await demand('yes');
    const cache = newCache();
    const keys = manyKeys(30);
    const { errors, slowest, wrong } = await underLoad(cache, { keys, mayForget: true }, async () => {
      await redis.servers.killMasterOf(0);
      await redis.servers.awaitPromotion();
      await eventually(RECOVERY, () => Promise.all(keys.map((key) => cache.set(`${key} after`, 1))));
    });
    expect(wrong).toEqual([]);
    expect(slowest).toBeLessThan(WITHIN);
    expect(AWAY).toEqual(expect.arrayContaining(Object.keys(errors)));
    expect(errors).toHaveProperty('REDIS_CLUSTER_DOWN');
    await redis.servers.restore();
    await demand('no');
  });

  it('is not noticed when it was replaced in an orderly way', async () => {
    // The old master holds writes back until the new one has all of them, which may take longer than T.
    const cache = redis.newCache({ socketTimeout: 5_000 });
    const [replica] = await redis.servers.replicasOf(await redis.servers.masterOf(0));
    if (!replica) throw new Error('It has no replica');
    const { errors, wrong } = await underLoad(cache, { keys: manyKeys(60) }, async () => {
      await redis.servers.client(replica).cluster('FAILOVER');
      await eventually(5_000, async () => expect(await redis.servers.masterOf(0)).toBe(replica));
      await delay(500);
    });
    expect({ errors, wrong }).toEqual({ errors: {}, wrong: [] });
  });
});

describe('A replica that dies', () => {
  it('is not noticed', async () => {
    const cache = newCache();
    const { errors, wrong } = await underLoad(cache, { keys: manyKeys(30) }, async () => {
      const [replica] = await redis.servers.replicasOf(await redis.servers.masterOf(0));
      await replica?.kill();
      await delay(500);
      await newCache().clear();
    });
    expect({ errors, wrong }).toEqual({ errors: {}, wrong: [] });
  });
});

describe('close', () => {
  it.each([
    ['before it has connected', async () => undefined],
    ['while it is connected', (cache: RedisCache) => cache.ping()],
    ['while it connects', async (cache: RedisCache) => void cache.ping().catch(() => undefined)],
    [
      'while a master is dead',
      async (cache: RedisCache) => {
        await cache.ping();
        await redis.servers.killMasterOf(0);
        await rejection(cache.ping());
      },
    ],
    [
      'while a master is silent',
      async (cache: RedisCache) => {
        await cache.ping();
        await redis.servers.freezeMasterOf(0);
        await rejection(cache.ping());
      },
    ],
  ])('A32 leaves no handle %s', async (_, arrange) => {
    await expectToEndQuietly(newCache, arrange, T);
  });

  it('A32 leaves no handle at whichever moment of its first operations it comes', async () => {
    const before = openHandles();
    for (let moment = 0; moment < 10; moment++) {
      const caches = Array.from({ length: 5 }, () => newCache());
      const pending = caches.flatMap((cache) => manyKeys(5).map((key) => cache.get(key)));
      const settled = Promise.allSettled([...pending, ...caches.map((cache) => cache.clear())]);
      await delay(moment);
      await Promise.all(caches.map((cache) => cache.close()));
      const reasons = (await settled).flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
      expect(reasons.filter(({ code }) => code !== 'CACHE_CLOSED')).toEqual([]);
    }
    await eventually(200, async () => expect(openHandles()).toBeLessThanOrEqual(before));
  });
});

describe('A cache that blocks', () => {
  it('finds each key on its node, and clears all of them', async () => {
    const cache = redis.newCache({ sync: true });
    const keys = manyKeys(20);
    for (const key of keys) cache.setSync(key, key, { tags: ['tag'] });
    expect(keys.map((key) => cache.getSync(key))).toEqual(keys.map((key) => new CacheHit(key)));
    expect(await cache.get('7')).toEqual(new CacheHit('7'));
    cache.clearSync();
    expect(await keysUnder(cache.location.prefix)).toEqual([]);
  });
});
