// Clears a key space in a process of its own: with this package, or with nothing but the commands that it takes.
import { Redis } from 'ioredis';
import { RedisCache } from '../../dist/esm/index.js';
import { serve, watchMemory } from './serve.mjs';

const PAGE = 1_000;
let clear;

const ways = {
  own({ host, port, prefix }) {
    const cache = new RedisCache({ host, port, keyPrefix: prefix });
    return { ready: () => cache.ping(), clear: () => cache.clear() };
  },

  bare({ host, port, prefix }) {
    const client = new Redis({ host, port });
    const pattern = `${prefix}*`;
    return {
      ready: () => client.ping(),
      async clear() {
        let cursor = '0';
        do {
          const [next, keys] = await client.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', PAGE);
          if (keys.length > 0) await client.unlink(keys);
          cursor = String(next);
        } while (cursor !== '0');
      },
    };
  },
};

serve({
  async open({ way, ...place }) {
    const opened = ways[way](place);
    await opened.ready();
    ({ clear } = opened);
  },
  clear: () => watchMemory(() => clear()),
});
