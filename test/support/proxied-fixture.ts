import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { started } from './cache-fixture.js';
import { type FaultProxy, startFaultProxy } from './fault-proxy.js';
import type { RedisFixture } from './redis-fixture.js';

/** A proxy before the server of a file, and caches that reach the server through it. */
export interface ProxiedFixture {
  readonly proxy: FaultProxy;
  /** A cache under a prefix of its own unless one is named; it is closed after the test. */
  newProxiedCache(keyPrefix?: string): RedisCache;
}

/**
 * Starts a proxy for the file that calls this; it is healed after each test.
 *
 * @param socketTimeout of the caches, in milliseconds
 */
export function useFaultProxy(redis: RedisFixture, socketTimeout: number): ProxiedFixture {
  let proxy: FaultProxy | undefined;

  beforeAll(async () => {
    proxy = await startFaultProxy(redis.address);
  });
  afterEach(async () => {
    await proxy?.heal();
    proxy?.resetCounts();
  });
  afterAll(async () => {
    await proxy?.close();
  });

  return {
    get proxy() {
      return started(proxy);
    },
    newProxiedCache(keyPrefix = redis.newPrefix()) {
      const { host, port } = started(proxy);
      return redis.newCacheAt({ host, port, keyPrefix, socketTimeout });
    },
  };
}

/** Fills keys that each hold their own name, so that a value tells whose it is. */
export async function fillKeys(cache: RedisCache, count: number): Promise<readonly string[]> {
  const keys = Array.from({ length: count }, (_, index) => `key:${index}`);
  await Promise.all(keys.map((key) => cache.set(key, key)));
  return keys;
}
