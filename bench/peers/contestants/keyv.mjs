// Keyv over Redis, and cache-manager over that.
import { createKeyv } from '@keyv/redis';
import { createCache } from 'cache-manager';
import { TTL_MS } from '../cases.mjs';

const isHit = (value) => value !== undefined;

function connect({ host, port, name }) {
  const keyv = createKeyv(`redis://${host}:${port}`, { namespace: name, throwOnErrors: true });
  keyv.on('error', (error) => console.error(error));
  return keyv;
}

export const open = {
  keyv: async (place) => {
    const keyv = connect(place);
    return {
      isHit,
      get: (key) => keyv.get(key),
      set: (key, value) => keyv.set(key, value, TTL_MS),
      getMany: (keys) => keyv.getMany(keys),
      getOrSet: async (key, factory) => {
        const found = await keyv.get(key);
        if (found !== undefined) return found;
        const value = await factory();
        await keyv.set(key, value, TTL_MS);
        return value;
      },
      close: () => keyv.disconnect(),
    };
  },
  'cache-manager': async (place) => {
    const cache = createCache({ stores: [connect(place)] });
    return {
      isHit,
      get: (key) => cache.get(key),
      set: (key, value) => cache.set(key, value, TTL_MS),
      getMany: (keys) => cache.mget(keys),
      getOrSet: (key, factory) => cache.wrap(key, factory, TTL_MS),
      close: () => cache.disconnect(),
    };
  },
};
