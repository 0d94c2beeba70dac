import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { useFaultProxy } from '../support/proxied-fixture.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { createRawRedis } from '../support/raw-redis.js';
import { rejection } from '../support/rejection.js';
import { clientsOf } from '../support/server-clients.js';
import { useCluster, useSentinels } from '../support/topology-fixtures.js';
import { eventually, openHandles } from '../support/waiting.js';
import { QUIET, SOON, useWatching, type WatchingStore } from '../support/watching.js';

jest.setTimeout(60_000);

/** The socket timeout of these tests, in milliseconds. */
const T = 500;

const newStore = useWatching();

/** The connection of a store that looks. */
function idOf(store: WatchingStore): Promise<number> {
  return store.topology.run({ verb: 'reach', prefix: '' }, '', (client) => client.client('ID'));
}

async function calls(admin: Redis, command: string): Promise<number> {
  const stats = await admin.info('commandstats');
  return Number(
    new RegExp(`^cmdstat_${command.replace('|', '\\|')}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0,
  );
}

describe('One server', () => {
  const redis = useRedisServer();
  const way = useFaultProxy(redis, T);
  let keys = 0;

  afterEach(async () => {
    if (redis.raw.status === 'end') await redis.restart();
  });

  function newKey(): string {
    keys += 1;
    return `key:${keys}`;
  }

  function watching(): WatchingStore {
    return newStore({ ...redis.address, socketTimeout: T });
  }

  async function listeners(): Promise<readonly number[]> {
    return (await clientsOf(redis.raw)).filter(({ isListening }) => isListening).map(({ id }) => id);
  }

  /** Watches three keys, each for some rounds, as one does who waits. */
  async function waitLong(store: WatchingStore): Promise<void> {
    const rounds = Array.from({ length: 3 }, async () => {
      const key = newKey();
      for (let round = 0; round < 10; round++) await (await store.watch(key)).wakes();
    });
    await Promise.all(rounds);
  }

  const CHANGES: readonly [string, (client: Redis, key: string) => Promise<unknown>][] = [
    ['a write', (client, key) => client.set(key, 'other')],
    ['a write that expires', (client, key) => client.set(key, 'other', 'PX', 60_000)],
    ['a removal', (client, key) => client.del(key)],
    ['a removal in the background', (client, key) => client.unlink(key)],
    ['a new expiry', (client, key) => client.pexpire(key, 60_000)],
    ['a change in place', (client, key) => client.setrange(key, 1, 'x')],
    ['a script', (client, key) => client.eval("return redis.call('SET', KEYS[1], 'x')", 1, key)],
    ['a transaction', (client, key) => client.multi().set(key, 'a').set(key, 'b').exec()],
  ];

  it.each(CHANGES)('tells of %s by somebody else', async (_, change) => {
    const store = watching();
    const key = newKey();
    await redis.raw.set(key, 'value');
    const sight = await store.watchAttentively(key);
    expect(sight.bytes?.toString()).toBe('value');
    await change(redis.raw, key);
    await sight.wakes();
  });

  it.each(CHANGES)('tells of %s that the watching process makes itself', async (_, change) => {
    const store = watching();
    const key = newKey();
    await redis.raw.set(key, 'value');
    const sight = await store.watchAttentively(key);
    await store.topology.run({ verb: 'write', prefix: '', key }, key, (client) => change(client, key));
    await sight.wakes();
  });

  it('tells of the first write of a key that holds nothing', async () => {
    const key = newKey();
    const sight = await watching().watchAttentively(key);
    expect(sight.bytes).toBeNull();
    await redis.raw.set(key, 'value');
    await sight.wakes();
  });

  it.each(['{tag}', 'ключ é', 'a b', 'line\r\nline', '\u0000'])('tells of the key %j', async (begin) => {
    const key = begin + newKey();
    const sight = await watching().watchAttentively(key);
    await redis.raw.set(key, 'value');
    await sight.wakes();
  });

  it.each(['flushall', 'flushdb'] as const)('tells everybody of %s', async (command) => {
    const store = watching();
    const sights = [await store.watchAttentively(newKey()), await store.watch(newKey())];
    await redis.raw[command]();
    for (const sight of sights) await sight.wakes();
  });

  it('tells everybody who watches the key, once, and nobody else', async () => {
    const store = watching();
    const key = newKey();
    const other = await store.watchAttentively(newKey());
    const sights = [await store.watch(key), await store.watch(key)];
    for (const value of ['a', 'b', 'c']) await redis.raw.set(key, value);
    for (const sight of sights) await sight.wakes();
    await other.staysQuiet();
    expect(sights.map((sight) => sight.calls)).toEqual([1, 1]);
  });

  it('tells nobody who has stopped, also when that was said twice', async () => {
    const store = watching();
    const key = newKey();
    const stopped = await store.watchAttentively(key);
    const other = await store.watch(key);
    stopped.stop();
    stopped.stop();
    await redis.raw.set(key, 'value');
    await other.wakes();
    expect(stopped.calls).toBe(0);
  });

  it('fails as a read does, and tells of nothing then', async () => {
    const store = watching();
    const key = newKey();
    await store.watchAttentively(newKey());
    await redis.raw.lpush(key, 'item');
    let told = 0;
    const look = store.topology.run({ verb: 'read', prefix: '', key }, key, (client, { changes }) => {
      return changes.look(client, key, () => (told += 1)).reply;
    });
    expect(await rejection(look)).toMatchObject({ code: 'REDIS_WRONG_TYPE' });
    await redis.raw.del(key);
    await delay(50);
    expect(told).toBe(0);
  });

  it('loses nothing in 1,000 races of a look with a write', async () => {
    const store = watching();
    await store.watchAttentively(newKey());
    for (let round = 0; round < 1_000; round++) {
      const key = newKey();
      const writing = redis.raw.set(key, 'new');
      const sight = await store.watch(key);
      await writing;
      if (sight.bytes === null) await sight.wakes();
      sight.stop();
    }
  });

  it('takes one more connection for any number of watches, and none before the first', async () => {
    const store = watching();
    await store.set(newKey(), 'value');
    const before = (await clientsOf(redis.raw)).length;
    await store.watchAttentively(newKey());
    await Promise.all(Array.from({ length: 100 }, () => store.watch(newKey())));
    expect(await clientsOf(redis.raw)).toHaveLength(before + 1);
    expect(await listeners()).toHaveLength(1);
    const asked = await calls(redis.raw, 'client|tracking');
    await store.watch(newKey());
    expect(await calls(redis.raw, 'client|tracking')).toBe(asked);
  });

  it('tells of a doubt when the listening connection is lost, and of changes afterwards', async () => {
    const store = watching();
    const key = newKey();
    for (let turn = 0; turn < 3; turn++) {
      const sight = await store.watchAttentively(key);
      const [id = 0] = await listeners();
      await redis.raw.client('KILL', 'ID', id);
      await sight.wakes();
    }
    const sight = await store.watchAttentively(key);
    await redis.raw.set(key, 'value');
    await sight.wakes();
  });

  it('tells of a doubt when the connection that looks is lost, and of changes afterwards', async () => {
    const store = watching();
    const key = newKey();
    for (let turn = 0; turn < 3; turn++) {
      const sight = await eventually(SOON, () => store.watchAttentively(key));
      await redis.raw.client('KILL', 'ID', await idOf(store));
      await sight.wakes();
    }
    const sight = await eventually(SOON, () => store.watchAttentively(key));
    await redis.raw.set(key, 'value');
    await sight.wakes();
    expect(await listeners()).toHaveLength(1);
  });

  it('tells of a doubt when the server ends, and of changes when it is back', async () => {
    const lines: string[] = [];
    const logger = { log: (line: string) => lines.push(line), warn: (line: string) => lines.push(line) };
    const store = newStore({ ...redis.address, socketTimeout: T }, logger);
    const key = newKey();
    const sight = await store.watchAttentively(key);
    await redis.restart();
    await sight.wakes();
    const next = await eventually(5_000, () => store.watchAttentively(key));
    await redis.raw.set(key, 'value');
    await next.wakes();
    // The second connection keeps silent: what it would say is said.
    expect(lines).toHaveLength(2);
  });

  it('is looked at anew after a while as long as nobody listens yet', async () => {
    const sight = await watching().watch(newKey());
    await sight.wakes();
    await delay(QUIET);
    expect(sight.calls).toBe(1);
  });

  it('tells of a doubt when it is closed, and leaves no handle', async () => {
    const before = openHandles();
    const store = watching();
    const sight = await store.watchAttentively(newKey());
    const other = watching();
    const early = await other.watch(newKey());
    await Promise.all([store.close(), other.close()]);
    await sight.wakes();
    await early.wakes();
    await eventually(SOON, async () => expect(await listeners()).toEqual([]));
    await eventually(SOON, async () => expect(openHandles()).toBeLessThanOrEqual(before + 1));
  });

  describe('that forbids it', () => {
    const USER = ['on', '>secret', '~*', 'resetchannels', '+ping', '+get', '+set'];

    afterEach(() => redis.raw.call('ACL', 'DELUSER', 'narrow'));

    async function narrow(...rules: readonly string[]): Promise<WatchingStore> {
      await redis.raw.call('ACL', 'SETUSER', 'narrow', 'reset', ...USER, ...rules);
      return newStore({ ...redis.address, username: 'narrow', password: 'secret', socketTimeout: T });
    }

    it.each([
      ['everything', []],
      ['to listen', ['+client|id']],
      ['the channel', ['+client|id', '+subscribe']],
      ['to note what is looked at', ['+client|id', '+subscribe', '&__redis__:invalidate']],
      ['to note one look', ['+client|id', '+client|tracking', '+subscribe', '&__redis__:invalidate']],
    ])('is looked at again and again, and not asked for it each time: %s', async (_, rules) => {
      const store = await narrow(...rules);
      const key = newKey();
      await redis.raw.call('ACL', 'LOG', 'RESET');
      await waitLong(store);
      const log = await redis.raw.call('ACL', 'LOG');
      const refused = (Array.isArray(log) ? log : []).map((entry: unknown[]) => Number(entry[1]));
      // All the looks that were on their way when the first was refused are refused with it: one command, or two.
      expect([1, 2]).toContain(refused.length);
      expect(Math.max(...refused)).toBeLessThanOrEqual(3);
      expect(await listeners()).toEqual([]);
      const sight = await store.watch(key);
      await redis.raw.set(key, 'value');
      await sight.wakes();
    });

    it('tells of changes where it allows just what that takes', async () => {
      const allowed = ['+client|id', '+client|tracking', '+client|caching', '+subscribe'];
      const store = await narrow(...allowed, '&__redis__:invalidate');
      const key = newKey();
      const sight = await store.watchAttentively(key);
      await redis.raw.set(key, 'value');
      await sight.wakes();
    });

    it('is asked anew on the next connection', async () => {
      const store = await narrow();
      await waitLong(store);
      await redis.raw.call('ACL', 'SETUSER', 'narrow', '+@all', 'allchannels');
      await redis.raw.client('KILL', 'ID', await idOf(store));
      const sight = await eventually(SOON, () => store.watchAttentively(newKey()));
      expect(sight.calls).toBe(0);
    });

    it('tells of a doubt when it is forbidden later on', async () => {
      const store = await narrow('+@all', 'allchannels');
      const sight = await store.watchAttentively(newKey());
      await redis.raw.call('ACL', 'SETUSER', 'narrow', '-client');
      await (await store.watch(newKey())).wakes();
      await sight.wakes();
      await waitLong(store);
    });
  });

  it('is not asked to note anything for a client of the application, which is left as it is', async () => {
    const client = redis.newClient();
    await eventually(SOON, () => client.ping());
    const before = (await clientsOf(redis.raw)).length;
    const store = newStore({ client, socketTimeout: T });
    const key = newKey();
    for (let round = 0; round < 5; round++) await (await store.watch(key)).wakes();
    const sight = await store.watch(key);
    await redis.raw.set(key, 'value');
    await sight.wakes();
    const info: unknown = await client.call('CLIENT', 'TRACKINGINFO');
    expect(info).toEqual(expect.arrayContaining([['off']]));
    expect(await clientsOf(redis.raw)).toHaveLength(before);
  });

  it('begins anew with the listening connection when what comes there is no news', async () => {
    const store = watching();
    const key = newKey();
    const sight = await store.watchAttentively(key);
    const before = await listeners();
    await redis.raw.publish('__redis__:invalidate', 'nonsense');
    await sight.wakes();
    const next = await eventually(SOON, () => store.watchAttentively(key));
    await redis.raw.set(key, 'value');
    await next.wakes();
    expect(await listeners()).not.toEqual(before);
  });

  it.each([
    ['the listener is not known', 'ERR The client ID you want redirect to does not exist'],
    ['a script blocks the server', 'BUSY Redis is busy running a script'],
  ])('tells of a doubt when a look cannot be noted for now, and is asked again: %s', async (_, error) => {
    const { host, port } = way.proxy;
    const store = newStore({ host, port, socketTimeout: T });
    const key = newKey();
    // The listening connection is refused first, and then the one that looks.
    await way.proxy.inject({ kind: 'error-reply', error }, { commands: ['client'], times: 1 });
    await (await store.watch(key)).wakes();
    await eventually(SOON, async () => expect(await listeners()).toHaveLength(1));
    await way.proxy.inject({ kind: 'error-reply', error }, { commands: ['client'], times: 2 });
    await (await store.watch(key)).wakes();
    const sight = await eventually(SOON, () => store.watchAttentively(key));
    await redis.raw.set(key, 'value');
    await sight.wakes();
  });

  it.each([
    ['an empty array', '*0\r\n'],
    ['a null', '$-1\r\n'],
    ['a null array', '*-1\r\n'],
    ['a number', ':7\r\n'],
    ['an answer', '+OK\r\n'],
    ['an error', '-ERR something\r\n'],
    ['a message without a channel', '*3\r\n$7\r\nmessage\r\n$-1\r\n$-1\r\n'],
    ['a message that is no list', '*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$1\r\nx\r\n'],
    ['half a subscription', '*2\r\n$9\r\nsubscribe\r\n$-1\r\n'],
    ['noise', '\u00fe\u0001\r\n'],
  ])('survives what no server says: %s', async (_, bytes) => {
    const { proxy } = way;
    const store = newStore({ host: proxy.host, port: proxy.port, socketTimeout: T });
    const key = newKey();
    const sight = await store.watchAttentively(key);
    await proxy.inject({ kind: 'unsolicited', bytes });
    await sight.wakes();
    await proxy.heal();
    const next = await eventually(5_000, () => store.watchAttentively(key));
    await redis.raw.set(key, 'value');
    await next.wakes();
  });
});

describe('A server that is reached in another way', () => {
  it.each([
    ['with a password and a database', { password: 'S3CRET' }],
    ['with TLS', { tls: true }],
    ['at a unix socket', { unixSocket: true }],
  ])('tells of changes: %s', async (_, options) => {
    await using server = await startRedisServer(options);
    const { host, port, path, password, certificates } = server;
    const login = { password: password && (() => password), socketTimeout: T };
    const tls = certificates && { useSsl: true, tls: { ca: certificates.ca } };
    const store = newStore(path === undefined ? { host, port, db: 3, ...tls, ...login } : { path, ...login });
    const raw = createRawRedis(server, { db: path === undefined ? 3 : 0 });
    const sight = await store.watchAttentively('key');
    await raw.set('key', 'value');
    await sight.wakes();
    await store.close();
    raw.disconnect();
  });
});

describe('The master that sentinels name', () => {
  const redis = useSentinels({ password: 'of-the-data' });

  it('tells of changes, and so does the next one', async () => {
    const store = newStore({ ...redis.address, socketTimeout: T });
    const sight = await store.watchAttentively('key');
    await store.set('key', 'value');
    await sight.wakes();
    const last = await store.watchAttentively('key');
    await redis.servers.killMaster();
    await last.wakes(5_000);
    const master = await redis.servers.awaitFailover();
    const next = await eventually(10_000, () => store.watchAttentively('key'));
    await redis.servers.client(master).set('key', 'other');
    await next.wakes();
    await redis.servers.restore();
  });
});

describe('A cluster', () => {
  const redis = useCluster({ password: 'of-the-nodes' });

  afterEach(() => redis.servers.restore());

  function watching(): WatchingStore {
    return newStore({ ...redis.address, socketTimeout: T });
  }

  async function listenersIn(): Promise<number[]> {
    const nodes = await Promise.all(redis.servers.nodes.map((node) => clientsOf(redis.servers.client(node))));
    return nodes.map((clients) => clients.filter(({ isListening }) => isListening).length);
  }

  async function otherMaster(slot: number): Promise<RedisServer> {
    const own = await redis.servers.masterOf(slot);
    const other = (await redis.servers.masters()).find((node) => node !== own);
    if (other === undefined) throw new Error('There is no other master');
    return other;
  }

  /** A key that a master holds. */
  async function keyOn(master: RedisServer): Promise<string> {
    for (let number = 0; ; number++) {
      const slot = await redis.servers.slotOf(`of ${number}`);
      if ((await redis.servers.masterOf(slot)) === master) return `of ${number}`;
    }
  }

  it('tells of changes on each of its masters, over one connection for each', async () => {
    const store = watching();
    const writer = watching();
    const keys = Array.from({ length: 30 }, (_, index) => `key:${index}`);
    const sights = await Promise.all(keys.map((key) => store.watchAttentively(key)));
    await Promise.all(keys.map((key) => writer.set(key, 'value')));
    for (const sight of sights) await sight.wakes();
    expect((await listenersIn()).filter((count) => count === 1)).toHaveLength(3);
  });

  it('tells of changes of a key whose slot is on its way and arrives', async () => {
    const store = watching();
    const writer = watching();
    const slot = await redis.servers.slotOf('key');
    await writer.set('key', 'value');
    const sight = await store.watchAttentively('key');
    const other = await otherMaster(slot);
    await store.watchAttentively(await keyOn(other));
    const migration = await redis.servers.migrateSlot(slot, other);
    await migration.begin();
    await migration.moveAllKeys();
    // It was removed here.
    await sight.wakes();
    // Nobody can note a look at a key that is only passing.
    const passing = await store.watch('key');
    expect(passing.bytes?.toString()).toBe('value');
    await passing.wakes();
    await migration.end();
    const arrived = await store.watchAttentively('key');
    expect(arrived.bytes?.toString()).toBe('value');
    await writer.set('key', 'other');
    await arrived.wakes();
  });

  it('tells of a doubt when it is noticed that the slot of an absent key has another master', async () => {
    const store = watching();
    const slot = await redis.servers.slotOf('absent');
    const sight = await store.watchAttentively('absent');
    const migration = await redis.servers.migrateSlot(slot, await otherMaster(slot));
    await migration.complete();
    await store.set('absent', 'value');
    await sight.wakes();
  });

  it('tells of a doubt when a master dies, and of changes on the next one', async () => {
    const store = watching();
    const slot = await redis.servers.slotOf('key');
    const sight = await store.watchAttentively('key');
    await redis.servers.killMasterOf(slot);
    await sight.wakes(5_000);
    await redis.servers.awaitPromotion();
    const next = await eventually(10_000, () => store.watchAttentively('key'));
    await watching().set('key', 'value');
    await next.wakes();
  });

  it('leaves no listener at a node that is left, and none at all when it is closed', async () => {
    const store = watching();
    const slot = await redis.servers.slotOf('key');
    const master = await redis.servers.masterOf(slot);
    const sight = await store.watchAttentively('key');
    const [replica] = await redis.servers.replicasOf(master);
    if (replica === undefined) throw new Error('There is no replica');
    await redis.servers.client(replica).cluster('FAILOVER');
    await eventually(10_000, async () => {
      await store.set('key', 'value');
      expect(await redis.servers.masterOf(slot)).toBe(replica);
    });
    await sight.wakes(5_000);
    await eventually(5_000, async () => {
      await store.set('key', 'value');
      const clients = await clientsOf(redis.servers.client(master));
      expect(clients.filter(({ isListening }) => isListening)).toEqual([]);
    });
    await store.close();
    await eventually(SOON, async () => expect(await listenersIn()).toEqual([0, 0, 0, 0, 0, 0]));
  });
});
