import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type RedisCluster, startCluster } from '../support/redis-cluster.js';
import { type RedisSentinels, startSentinels } from '../support/redis-sentinels.js';
import type { RedisServer } from '../support/redis-server.js';

jest.setTimeout(60_000);

describe('Test servers with sentinels', () => {
  let servers: RedisSentinels;

  beforeAll(async () => {
    servers = await startSentinels({ password: 'of-the-data', sentinelPassword: 'of-the-watch' });
  });
  afterAll(() => servers.stop());

  it('name their master, which has two replicas', async () => {
    const [role, , replicas] = await servers.client(await servers.master()).role();
    expect([role, replicas]).toEqual(['master', [expect.anything(), expect.anything()]]);
    expect(servers.addresses).toHaveLength(3);
  });

  it('ask for their passwords', async () => {
    const [sentinel] = servers.sentinels;
    for (const server of [sentinel, await servers.master()]) {
      if (!server) throw new Error('There is none');
      const stranger = servers.client(server).duplicate({ password: undefined });
      stranger.on('error', () => undefined);
      await expect(stranger.call('ROLE')).rejects.toThrow('NOAUTH');
      stranger.disconnect();
    }
  });

  it('promote a replica when the master dies, and take it back as a replica', async () => {
    const former = await servers.killMaster();
    const master = await servers.awaitFailover();
    expect(master).not.toBe(former);
    await servers.client(master).set('key', 'after');
    await servers.restore();
    expect(await servers.client(former).get('key')).toBe('after');
    await expect(servers.client(former).set('key', 'other')).rejects.toThrow('READONLY');
  });

  it('do so without one of the sentinels, and when the master is only silent', async () => {
    const [sentinel] = servers.sentinels;
    if (sentinel) await servers.killSentinel(sentinel);
    const former = await servers.freezeMaster();
    expect(await servers.awaitFailover()).not.toBe(former);
    await servers.restore();
    expect((await servers.client(former).role())[0]).toBe('slave');
  });

  it('replace a master that is well when they are asked to', async () => {
    const former = await servers.replaceMaster();
    expect(await servers.awaitFailover()).not.toBe(former);
    expect((await servers.client(former).role())[0]).toBe('master');
    await servers.restore();
    expect((await servers.client(former).role())[0]).toBe('slave');
  });

  it('leave nothing behind', async () => {
    await expectToVanish([...servers.data, ...servers.sentinels], servers);
  });
});

describe('Test servers of a cluster', () => {
  let servers: RedisCluster;

  beforeAll(async () => {
    servers = await startCluster({ password: 'of the nodes', tls: true });
  });
  afterAll(() => servers.stop());

  it('share the slots among three masters, each with a replica', async () => {
    const masters = [0, 8_000, 16_383].map((slot) => servers.masterOf(slot));
    expect(new Set(await Promise.all(masters)).size).toBe(3);
    expect(await servers.masters()).toHaveLength(3);
    for (const master of await servers.masters()) {
      expect((await servers.client(master).role())[2]).toHaveLength(1);
    }
  });

  it('move a slot step by step', async () => {
    const slot = await servers.slotOf('{tag}');
    const from = await servers.masterOf(slot);
    const to = (await servers.masters()).find((node) => node !== from);
    if (!to) throw new Error('There is no other master');
    for (const key of ['{tag}1', '{tag}2', '{tag}3']) await servers.client(from).set(key, key);

    const migration = await servers.migrateSlot(slot, to);
    await migration.begin();
    expect(await migration.moveKeys(2)).toBe(2);
    expect(await servers.client(from).cluster('COUNTKEYSINSLOT', slot)).toBe(1);
    await expect(servers.client(from).get('{tag}4')).rejects.toThrow(`ASK ${slot}`);
    await migration.moveAllKeys();
    await migration.end();

    expect(await servers.masterOf(slot)).toBe(to);
    await expect(servers.client(from).get('{tag}1')).rejects.toThrow(`MOVED ${slot}`);
    expect(await servers.client(to).get('{tag}1')).toBe('{tag}1');
    await servers.awaitAgreement();
  });

  it('promote a replica when a master dies, and take it back as a replica', async () => {
    const former = await servers.killMasterOf(0);
    const master = await servers.awaitPromotion();
    expect(master).not.toBe(former);
    expect(await servers.masterOf(0)).toBe(master);
    expect(await servers.masterOf(16_383)).not.toBe(master);
    await servers.restore();
    expect((await servers.client(former).role())[0]).toBe('slave');
  });

  it('do so when it is only silent', async () => {
    const former = await servers.freezeMasterOf(16_383);
    expect(await servers.awaitPromotion()).not.toBe(former);
    await servers.restore();
    expect((await servers.client(former).role())[0]).toBe('slave');
  });

  it('leave nothing behind', async () => {
    await expectToVanish(servers.nodes, servers);
  });
});

async function expectToVanish(
  members: readonly RedisServer[],
  servers: { stop(): Promise<void> },
): Promise<void> {
  const left = () => members.filter(({ folder }) => existsSync(folder));
  expect(left()).toHaveLength(6);
  await servers.stop();
  expect(left()).toEqual([]);
  expect(members.some((member) => member.isServing)).toBe(false);
}
