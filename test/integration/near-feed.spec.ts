import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { TRUST_BOUND } from '../../lib/redis/epoch.js';
import { type FollowedStore, useFollowing } from '../support/following.js';
import { useFaultProxy } from '../support/proxied-fixture.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { rejection } from '../support/rejection.js';
import { eventually } from '../support/waiting.js';

jest.setTimeout(60_000);

/** The socket timeout of these tests, in milliseconds. */
const T = 500;

const newStore = useFollowing();

describe('One server', () => {
  const redis = useRedisServer();
  const way = useFaultProxy(redis, T);

  afterEach(async () => {
    if (redis.raw.status === 'end') await redis.restart();
  });

  function following(): FollowedStore {
    return newStore({ ...redis.address, socketTimeout: T });
  }

  async function ready(): Promise<FollowedStore> {
    const store = following();
    await store.ready();
    return store;
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
    await change(redis.raw, `${store.prefix}key`);
    await store.tells('key');
    expect(store.losses).toBe(0);
  });

  it('A39 ends all trust when everything is flushed, and gives it anew', async () => {
    const store = await ready();
    await store.set('key');
    const { keeping } = await store.keepSurely('key');
    await redis.raw.flushdb();
    await eventually(1_000, async () => expect(store.losses).toBe(1));
    expect(keeping?.warrant.holds(performance.now())).toBe(false);
    await store.set('key');
    await store.keepSurely('key');
    await redis.raw.set(`${store.prefix}key`, 'other');
    await store.tells('key');
  });
  void [delay, TRUST_BOUND, rejection, way];
});
