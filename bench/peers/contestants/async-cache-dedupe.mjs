// async-cache-dedupe with its storage in Redis.
import { createCache } from 'async-cache-dedupe';
import { Redis } from 'ioredis-6';
import { TTL_MS } from '../cases.mjs';

const TTL_SECONDS = TTL_MS / 1_000;

export const open = {
  'async-cache-dedupe': async ({ host, port }) => {
    const client = new Redis({ host, port, lazyConnect: true });
    await client.connect();
    const cache = createCache({
      ttl: TTL_SECONDS,
      storage: { type: 'redis', options: { client } },
      onError: (error) => console.error(error),
    });
    let load;
    cache.define('loaded', (key) => load(key));
    // What a defined function finds has its name before the key.
    const get = (key) => cache.get('loaded', `loaded~${key}`);
    return {
      isHit: (value) => value !== undefined,
      get,
      set: (key, value) => cache.set('loaded', `loaded~${key}`, value, TTL_SECONDS),
      getMany: (keys) => Promise.all(keys.map(get)),
      getOrSet: (key, factory) => {
        load = factory;
        return cache.loaded(key);
      },
      close: () => client.quit(),
    };
  },
};
