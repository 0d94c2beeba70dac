// A lookup in memory behind a promise: no near tier can be faster than about this.
import { LRUCache } from 'lru-cache';

export const open = {
  'lru-cache': async () => {
    const cache = new LRUCache({ max: 100_000 });
    return {
      isHit: (value) => value !== undefined,
      get: async (key) => cache.get(key),
      set: async (key, value) => {
        cache.set(key, value);
      },
      close: async () => undefined,
    };
  },
};
