import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { CacheConfigurationError } from '../../lib/contract/errors.js';
import { TRUST_BOUND } from '../../lib/redis/epoch.js';
import { HEARTBEAT_INTERVAL } from '../../lib/redis/heartbeat.js';
import { NEAR_RULE } from '../../lib/redis/near-feed.js';
import { type FollowedStore, useFollowing } from '../support/following.js';
import { ForkedWay } from '../support/forked-way.js';
import { useFaultProxy } from '../support/proxied-fixture.js';
import { createRawRedis } from '../support/raw-redis.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { rejection } from '../support/rejection.js';
import { clientsOf } from '../support/server-clients.js';
import { useCluster, useSentinels } from '../support/topology-fixtures.js';
import { eventually, openHandles } from '../support/waiting.js';

jest.setTimeout(60_000);

/** The socket timeout of these tests, in milliseconds. */
const T = 500;
/** What is told at once is told far sooner than this, in milliseconds, on a busy machine too. */
const SOON = 1_000;

const newStore = useFollowing();

/** Keeps the event loop from everything else. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** The connection of a store that reads. */
function idOf(store: FollowedStore): Promise<number> {
  return store.topology.run({ verb: 'reach', prefix: '' }, '', (client) => client.client('ID'));
}

describe('One server', () => {
  const redis = useRedisServer();
  const way = useFaultProxy(redis, T);

  afterEach(async () => {
    await redis.server.resume();
    if (redis.raw.status === 'end') await redis.restart();
  });

  async function ready(address: { host: string; port: number } = redis.address): Promise<FollowedStore> {
    const store = newStore({ ...address, socketTimeout: T });
    // A busy machine may take longer than the timeout.
    await eventually(5_000, () => store.ready());
    return store;
  }

  /** A store that keeps what the key `key` holds. */
  async function keeping(address?: { host: string; port: number }): Promise<FollowedStore> {
    const store = await ready(address);
    await store.set('key');
    await store.keepSurely('key');
    return store;
  }

  /** Everything is as before: what is read may be kept, and changes of it are told. */
  async function expectRecovery(store: FollowedStore): Promise<void> {
    await eventually(5_000, () => store.set('key'));
    await store.keepSurely('key');
    expect(store.isTrusted).toBe(true);
    await redis.raw.del(`${store.prefix}key`);
    await store.tells('key');
  }

  async function listeners(): Promise<readonly number[]> {
    return (await clientsOf(redis.raw)).filter(({ isListening }) => isListening).map(({ id }) => id);
  }

  const CHANGES: readonly [string, (client: Redis, key: string) => Promise<unknown>][] = [
    ['a write', (client, key) => client.set(key, 'other')],
    ['a removal', (client, key) => client.del(key)],
    ['a removal in the background', (client, key) => client.unlink(key)],
    ['a new expiry', (client, key) => client.pexpire(key, 60_000)],
    ['a change in place', (client, key) => client.setrange(key, 1, 'x')],
    ['a script', (client, key) => client.eval("return redis.call('SET', KEYS[1], 'x')", 1, key)],
    ['a transaction', (client, key) => client.multi().set(key, 'a').set(key, 'b').exec()],
    ['another name', (client, key) => client.rename(key, `${key}:renamed`)],
  ];

  it.each(CHANGES)('A39 tells of %s by somebody else', async (_, change) => {
    const store = await ready();
    await store.set('key');
    const [kept] = await store.keep('key');
    expect(kept).toMatchObject({ answer: { state: 'entry' }, keeping: { until: Infinity } });
    expect(kept?.keeping?.warrant.holds(performance.now())).toBe(true);
    await change(redis.raw, `${store.prefix}key`);
    await store.tells('key');
    expect(store.losses).toBe(0);
  });

  it('A39 tells of an expiry that the server carries out', async () => {
    const store = await ready();
    await store.set('key', 30);
    await store.keep('key');
    await delay(40);
    // It is carried out at the latest when somebody looks.
    await redis.raw.exists(`${store.prefix}key`);
    await store.tells('key');
  });

  it.each(['ключ é', 'a b', 'line\r\nline', '\u0000', '{tag}'])('tells of the key %j', async (key) => {
    const store = await ready();
    await store.set(key);
    await store.keep(key);
    await redis.raw.del(store.prefix + key);
    await store.tells(key);
  });

  it.each(['tag', 'ключ é', ''])('tells of the version of the tag %j', async (tag) => {
    const store = await ready();
    const { prefix } = store;
    const [version] = await store.store.execute({ op: 'stamp', prefix, tags: [tag], need: 60_000 });
    const asked = performance.now();
    const [kept, none] = await store.keepVersions(tag, 'other');
    expect(kept?.answer).toBe(version);
    expect(kept?.keeping?.until).toBeGreaterThan(asked + 60_000);
    expect(none).toEqual({ answer: undefined });
    await store.store.execute({ op: 'evict', prefix, tags: [tag] });
    await eventually(SOON, async () => expect(store.versionChanges).toContainEqual([prefix, tag]));
    expect(store.changes).toEqual([]);
  });

  it('never lets anything be kept longer than the server keeps it', async () => {
    const store = await ready();
    await store.set('key', 5_000);
    const before = performance.now();
    const [kept] = await store.keep('key');
    const left = await redis.raw.pttl(`${store.prefix}key`);
    const after = performance.now();
    const until = kept?.keeping?.until ?? 0;
    expect(until).toBeGreaterThanOrEqual(before + left);
    // The server counts in whole milliseconds, and rounds down what is left.
    expect(until).toBeLessThanOrEqual(after + left + 1);
  });

  it('lets nothing be kept but plain entries', async () => {
    const store = await ready();
    const { prefix } = store;
    const token = 'x'.repeat(16);
    await store.store.execute({ op: 'acquire', prefix, key: 'leased', token, lease: 5_000 });
    const extras = { refresh: { staleFor: 1_000, loadTime: 1 } };
    const bytes = Buffer.alloc(store.store.roomFor(extras) + 1);
    const puts = [{ key: 'refreshable', bytes, ttl: 5_000, extras }];
    await store.store.execute({ op: 'write', prefix, puts });
    const kept = await store.keep('absent', 'leased', 'refreshable');
    expect(kept).toEqual([
      { answer: { state: 'absent' } },
      { answer: expect.objectContaining({ state: 'lease' }) },
      { answer: expect.objectContaining({ state: 'entry', fresh: true }) },
    ]);
  });

  it('tells a wrong type and foreign bytes, and what the other keys of the same turn hold', async () => {
    const store = await ready();
    await Promise.all([store.set('first'), store.set('last')]);
    await redis.raw.lpush(`${store.prefix}list`, 'item');
    await redis.raw.set(`${store.prefix}foreign`, 'bytes');
    const kept = await store.keep('first', 'list', 'absent', 'foreign', 'last');
    expect(kept).toMatchObject([
      { answer: { state: 'entry' }, keeping: {} },
      { answer: { code: 'REDIS_WRONG_TYPE', key: 'list' } },
      { answer: { state: 'absent' } },
      { answer: { code: 'CACHE_PAYLOAD_FOREIGN', key: 'foreign' } },
      { answer: { state: 'entry' }, keeping: {} },
    ]);
  });

  it('reads many keys of one turn in a few pieces, in their order', async () => {
    const store = await ready();
    const keys = Array.from({ length: 1_000 }, (_, index) => `key:${index}`);
    await Promise.all(keys.slice(0, 500).map((key) => store.set(key)));
    const kept = await store.keep(...keys);
    expect(kept.map(({ keeping: word }) => word !== undefined)).toEqual(keys.map((_, index) => index < 500));
    await redis.raw.del(`${store.prefix}key:499`);
    await store.tells('key:499');
  });

  it('reads what was written before in the same turn, and before what is written after', async () => {
    const store = await ready();
    await store.set('kept');
    const before = store.keep('key', 'kept');
    const writing = store.set('key');
    const after = store.keep('key', 'kept');
    const removing = store.store.execute({ op: 'remove', prefix: store.prefix, keys: ['key', 'kept'] });
    const statesOf = (reading: typeof after) => reading.then((all) => all.map(({ answer }) => answer));
    expect(await statesOf(before)).toMatchObject([{ state: 'absent' }, { state: 'entry' }]);
    expect(await statesOf(after)).toMatchObject([{ state: 'entry' }, { state: 'entry' }]);
    await Promise.all([writing, removing]);
  });

  it('lets what was asked for before it is closed end well', async () => {
    const store = await keeping();
    const reading = store.keep('key', 'other');
    await store.close();
    expect(await reading).toMatchObject([{ answer: { state: 'entry' } }, { answer: { state: 'absent' } }]);
    expect(await store.keep('key')).toMatchObject([{ answer: { code: 'CACHE_CLOSED' } }]);
  });

  it.each([
    ['a number for a value', 'get', ':42\r\n', 'REDIS_UNEXPECTED_REPLY'],
    ['a reply too many', 'get', '$-1\r\n$-1\r\n', 'REDIS_PROTOCOL'],
    ['a reply too many to what is asked about the key', 'client', '+OK\r\n+OK\r\n', 'REDIS_PROTOCOL'],
    ['another mark', 'ping', '+PONG\r\n', 'REDIS_PROTOCOL'],
  ])('tells a reply that is none, and recovers: %s', async (_, command, bytes, code) => {
    const store = await keeping(way.proxy);
    await way.proxy.inject(
      { kind: 'replace-reply', bytes, afterwards: 'pass' },
      { commands: [command], times: 1 },
    );
    // A heartbeat may come first.
    const codes = await eventually(SOON, async () => {
      const [kept] = await store.keep('key');
      const answer = kept?.answer;
      if (answer === undefined || !('code' in answer)) throw new Error('It was answered');
      return answer.code;
    });
    expect(['REDIS_CONNECTION_LOST', code]).toContain(codes);
    await way.proxy.heal();
    await expectRecovery(store);
  });

  it('tells a reply to many keys that is none', async () => {
    const store = await keeping(way.proxy);
    const fault = { kind: 'replace-reply', bytes: '*1\r\n$-1\r\n', afterwards: 'pass' } as const;
    await way.proxy.inject(fault, { commands: ['mget'], times: 1 });
    const code = 'REDIS_UNEXPECTED_REPLY';
    expect(await store.keep('key', 'other')).toMatchObject([{ answer: { code } }, { answer: { code } }]);
    await expectRecovery(store);
  });

  it('reads plainly until changes are told, and lets nothing be kept then', async () => {
    const store = newStore({ ...redis.address, socketTimeout: T });
    await store.set('key');
    const [kept] = await store.keep('key');
    expect(kept).toMatchObject({ answer: { state: 'entry' } });
    expect(kept?.keeping).toBeUndefined();
    await store.keepSurely('key');
  });

  it('A39 loses nothing in 1,000 races of a read with a write', async () => {
    const store = await ready();
    const outdated: string[] = [];
    for (let round = 0; round < 1_000; round++) {
      const key = `race:${round}`;
      await store.set(key);
      const reading = store.keep(key);
      if (round % 2 === 0) await turn();
      const writing = redis.raw.set(store.prefix + key, 'new');
      const [kept] = await reading;
      await writing;
      if (kept?.keeping !== undefined) outdated.push(key);
    }
    expect(outdated.length).toBeGreaterThan(10);
    await eventually(SOON, async () => {
      expect(store.changes).toEqual(expect.arrayContaining(outdated.map((key) => store.prefix + key)));
    });
  });

  it.each(['flushall', 'flushdb'] as const)(
    'A39 ends all trust at %s, and gives it anew',
    async (command) => {
      const store = await ready();
      await store.set('key');
      const { keeping: word } = await store.keepSurely('key');
      await redis.raw[command]();
      await eventually(SOON, async () => expect(store.losses).toBe(1));
      expect(word?.warrant.holds(performance.now())).toBe(false);
      await expectRecovery(store);
    },
  );

  it('A39 ends all trust at once when the listening connection is cut', async () => {
    const store = await keeping();
    const { keeping: word } = await store.keepSurely('key');
    const [id = 0] = await listeners();
    await redis.raw.client('KILL', 'ID', id);
    await eventually(SOON, async () => expect(store.losses).toBe(1));
    expect(word?.warrant.holds(performance.now())).toBe(false);
    await expectRecovery(store);
  });

  it('A39 ends all trust at once when the connection that reads is cut', async () => {
    const store = await keeping();
    const { keeping: word } = await store.keepSurely('key');
    await redis.raw.client('KILL', 'ID', await idOf(store));
    await eventually(SOON, async () => expect(store.losses).toBe(1));
    expect(word?.warrant.holds(performance.now())).toBe(false);
    expect(store.isTrusted).toBe(false);
    await expectRecovery(store);
    expect(await listeners()).toHaveLength(1);
  });

  it('A39 ends all trust at once when the server ends, and gives it anew when it is back', async () => {
    const store = await keeping();
    await redis.restart();
    await eventually(SOON, async () => expect(store.losses).toBe(1));
    await expectRecovery(store);
  });

  it('A39 trusts a frozen server no longer than the bound, and again when it goes on', async () => {
    const store = await keeping();
    const { keeping: word } = await store.keepSurely('key');
    await redis.server.freeze();
    await delay(TRUST_BOUND);
    expect(word?.warrant.holds(performance.now())).toBe(false);
    expect(store.isTrusted).toBe(false);
    await redis.server.resume();
    await expectRecovery(store);
  });

  it('A39 trusts nothing after the event loop was blocked, until the server has answered again', async () => {
    const store = await keeping();
    const { keeping: word } = await store.keepSurely('key');
    block(TRUST_BOUND);
    expect(word?.warrant.holds(performance.now())).toBe(false);
    await eventually(SOON, async () => expect(word?.warrant.holds(performance.now())).toBe(true));
    expect(store.losses).toBe(0);
  });

  it.each([
    ['that reads', 'pubsub'],
    ['that listens', 'ping'],
  ])('A39 trusts no longer than the bound when the connection %s is half-open', async (_, command) => {
    const store = await keeping(way.proxy);
    const { keeping: word } = await store.keepSurely('key');
    await way.proxy.inject({ kind: 'drop-reply', afterwards: 'silence' }, { commands: [command], times: 1 });
    await delay(HEARTBEAT_INTERVAL + TRUST_BOUND);
    expect(word?.warrant.holds(performance.now())).toBe(false);
    await way.proxy.heal();
    await expectRecovery(store);
    expect(store.losses).toBe(1);
  });

  it('A39 trusts no longer than the bound when both connections are half-open', async () => {
    const store = await keeping(way.proxy);
    await way.proxy.inject({ kind: 'half-open' });
    await delay(TRUST_BOUND);
    expect(store.isTrusted).toBe(false);
    await way.proxy.heal();
    await expectRecovery(store);
  });

  it('never trusts two connections that lead to different servers', async () => {
    await using other = await startRedisServer();
    await using fork = await ForkedWay.open([redis.address, other]);
    // A client of each server has the same id, so that the one takes the listener of the other for one of its own.
    const own = redis.newClient();
    const id = await eventually(SOON, () => own.client('ID'));
    await raiseIds(other, id - 1);
    const store = newStore({ ...fork.address, socketTimeout: T });
    await redis.raw.config('RESETSTAT');
    expect(await rejection(store.ready())).toMatchObject({ code: 'REDIS_TIMEOUT' });
    expect(await redis.raw.info('commandstats')).toMatch(/cmdstat_pubsub\|numsub:calls=[1-9]/);
    expect(store.isTrusted).toBe(false);
    await store.set('key');
    expect((await store.keep('key')).map(({ keeping: word }) => word)).toEqual([undefined]);
    fork.lead([redis.address]);
    await expectRecovery(store);
  });

  it('gives its own channel up when it is closed, and leaves no handle', async () => {
    const before = openHandles();
    const store = await keeping();
    expect(await redis.raw.pubsub('CHANNELS', 'spakky:near:*')).toHaveLength(1);
    await store.close();
    await eventually(SOON, async () => expect(await listeners()).toEqual([]));
    await eventually(SOON, async () => expect(openHandles()).toBeLessThanOrEqual(before + 1));
    expect(store.isTrusted).toBe(false);
  });

  describe('with access rules', () => {
    const CACHE_RULE = ['on', '>secret', '~*', 'resetchannels', '+set'];
    const RULE = NEAR_RULE.split(' ');

    afterEach(() => redis.raw.call('ACL', 'DELUSER', 'narrow'));

    async function narrow(rules: readonly string[]): Promise<FollowedStore> {
      await redis.raw.call('ACL', 'SETUSER', 'narrow', 'reset', ...CACHE_RULE, ...rules);
      return newStore({ ...redis.address, username: 'narrow', password: 'secret', socketTimeout: T });
    }

    it('keeps where just that is allowed which it takes', async () => {
      const store = await narrow(RULE);
      await store.ready();
      await expectRecovery(store);
    });

    it('reads many keys of one turn, whether MGET is allowed or not', async () => {
      const store = await narrow(RULE);
      await store.ready();
      const keys = Array.from({ length: 10 }, (_, index) => `key:${index}`);
      await Promise.all(keys.map((key) => store.set(key)));
      for (const rule of ['-mget', '+mget']) {
        await redis.raw.call('ACL', 'SETUSER', 'narrow', rule);
        const kept = await store.keep(...keys);
        expect(kept.filter(({ keeping: word }) => word !== undefined)).toHaveLength(10);
      }
      await redis.raw.del(`${store.prefix}key:9`);
      await store.tells('key:9');
    });

    it.each([
      ['+client|id', 'CLIENT ID'],
      ['+client|tracking', 'CLIENT TRACKING'],
      ['+client|caching', 'CLIENT CACHING'],
      ['+subscribe', 'SUBSCRIBE __redis__:invalidate'],
      ['&__redis__:invalidate', 'SUBSCRIBE __redis__:invalidate'],
      ['&spakky:near:*', 'SUBSCRIBE spakky:near:…'],
      ['+pubsub|numsub', 'PUBSUB NUMSUB'],
      ['+ping', 'PING'],
      ['+pttl', 'PTTL'],
    ])('refuses to work without %s, and names what is missing', async (part, what) => {
      const store = await narrow(RULE.filter((one) => one !== part));
      // What each read takes is found out by the first of them.
      const asked = await store.ready().catch((error: unknown) => error);
      await store.set('key');
      await store.keep('key');
      const { refusal } = store.following;
      expect(refusal).toBeInstanceOf(CacheConfigurationError);
      expect(refusal?.message).toContain(`127.0.0.1:${redis.address.port} refuses ${what} (NOPERM)`);
      expect(refusal?.message).toContain(NEAR_RULE);
      expect([undefined, refusal]).toContain(asked);
      expect(store.isTrusted).toBe(false);
      await redis.raw.call('ACL', 'SETUSER', 'narrow', '+@all', 'allchannels');
      await redis.raw.client('KILL', 'ID', await idOf(store));
      await eventually(SOON, async () => expect(store.following.refusal).toBeUndefined());
      await expectRecovery(store);
    });

    it('works again when what was refused for a while is allowed, over the connection that there is', async () => {
      const store = await narrow(RULE.filter((one) => one !== '+client|tracking'));
      await store.ready().catch(() => undefined);
      await eventually(SOON, async () =>
        expect(store.following.refusal).toBeInstanceOf(CacheConfigurationError),
      );
      await redis.raw.call('ACL', 'SETUSER', 'narrow', '+client|tracking');
      await eventually(2_000, async () => expect(store.following.refusal).toBeUndefined());
      await expectRecovery(store);
      await redis.raw.call('ACL', 'SETUSER', 'narrow', '-pubsub');
      await eventually(2_000, async () =>
        expect(store.following.refusal).toBeInstanceOf(CacheConfigurationError),
      );
      await redis.raw.call('ACL', 'SETUSER', 'narrow', '+pubsub|numsub');
      await eventually(2_000, async () => expect(store.following.refusal).toBeUndefined());
      await expectRecovery(store);
    });
  });

  it('refuses to work over a client of the application', async () => {
    const client = redis.newClient();
    await eventually(SOON, () => client.ping());
    const store = newStore({ client, socketTimeout: T });
    expect(await rejection(store.ready())).toBeInstanceOf(CacheConfigurationError);
  });
});

/** Connects until a server has given a client this id. */
async function raiseIds(server: RedisServer, id: number): Promise<void> {
  for (;;) {
    const client = createRawRedis(server);
    const last = await client.client('ID');
    client.disconnect();
    if (last >= id) return;
  }
}

describe('A server that is reached in another way', () => {
  it.each([
    ['with a password and a database', { password: 'S3CRET' }],
    ['with TLS', { tls: true }],
    ['at a unix socket', { unixSocket: true }],
  ])('A39 tells of changes: %s', async (_, options) => {
    await using server = await startRedisServer(options);
    const { host, port, path, password, certificates } = server;
    const login = { password: password && (() => password), socketTimeout: T };
    const tls = certificates && { useSsl: true, tls: { ca: certificates.ca } };
    const store = newStore(path === undefined ? { host, port, db: 3, ...tls, ...login } : { path, ...login });
    await store.ready();
    await store.set('key');
    await store.keepSurely('key');
    const raw = createRawRedis(server, { db: path === undefined ? 3 : 0 });
    await raw.del(`${store.prefix}key`);
    await store.tells('key');
    raw.disconnect();
  });
});

describe('A master that sentinels name', () => {
  const redis = useSentinels();

  it('A39 ends all trust at a failover, and gives it anew at the next master', async () => {
    const store = newStore({ ...redis.address, socketTimeout: T });
    await store.ready();
    await store.set('key');
    await store.keepSurely('key');
    await redis.servers.replaceMaster();
    await eventually(10_000, async () => expect(store.losses).toBeGreaterThan(0));
    await eventually(10_000, () => store.set('key'));
    await store.keepSurely('key');
    await redis.newCacheAt({ ...redis.address, keyPrefix: store.prefix }).delete('key');
    await store.tells('key');
  });
});

describe('A cluster', () => {
  const redis = useCluster({ password: 'of-the-nodes' });

  afterEach(() => redis.servers.restore());

  async function ready(): Promise<FollowedStore> {
    const store = newStore({ ...redis.address, socketTimeout: T });
    await store.ready();
    return store;
  }

  it('A39 tells of changes on each master, over one more connection to each', async () => {
    const store = await ready();
    const writer = redis.newCache({ keyPrefix: store.prefix });
    const keys = Array.from({ length: 30 }, (_, index) => `key:${index}`);
    await Promise.all(keys.map((key) => store.set(key)));
    const kept = await store.keep(...keys);
    expect(kept.filter(({ keeping }) => keeping !== undefined)).toHaveLength(30);
    await writer.deleteMany(keys);
    for (const key of keys)
      await eventually(SOON, async () => expect(store.changes).toContain(store.prefix + key));
    const clients = await Promise.all(
      redis.servers.nodes.map((node) => clientsOf(redis.servers.client(node))),
    );
    const counts = clients.map((all) => all.filter(({ isListening }) => isListening).length);
    expect(counts.filter((count) => count === 1)).toHaveLength(3);
    expect(counts.filter((count) => count === 0)).toHaveLength(3);
  });

  it('A39 ends trust when a slot moves, and tells of changes at its next master', async () => {
    const store = await ready();
    const writer = redis.newCache({ keyPrefix: store.prefix });
    await store.set('key');
    await store.keepSurely('key');
    const slot = await redis.servers.slotOf(`${store.prefix}key`);
    const own = await redis.servers.masterOf(slot);
    const other = (await redis.servers.masters()).find((node) => node !== own);
    if (other === undefined) throw new Error('There is no other master');
    const migration = await redis.servers.migrateSlot(slot, other);
    await migration.begin();
    await migration.moveAllKeys();
    // It was removed here.
    await store.tells('key');
    // A key that is only passing cannot be noted.
    const [passing] = await store.keep('key');
    expect(passing).toMatchObject({ answer: { state: 'entry' } });
    expect(passing?.keeping).toBeUndefined();
    await migration.end();
    await store.keepSurely('key');
    expect(store.losses).toBeGreaterThan(0);
    await writer.delete('key');
    await store.tells('key');
  });

  it('A39 ends trust soon when a master has become a replica, also if nothing is read', async () => {
    const store = await ready();
    await store.set('key');
    await store.keepSurely('key');
    const { losses } = store;
    const master = await redis.servers.masterOf(await redis.servers.slotOf(`${store.prefix}key`));
    const [replica] = await redis.servers.replicasOf(master);
    if (replica === undefined) throw new Error('There is no replica');
    await redis.servers.client(replica).cluster('FAILOVER');
    await eventually(10_000, async () => expect(store.losses).toBeGreaterThan(losses));
    await eventually(10_000, () => store.set('key'));
    await store.keepSurely('key');
    await redis.newCache({ keyPrefix: store.prefix }).delete('key');
    await store.tells('key');
  });
});
