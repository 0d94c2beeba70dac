import { describe, it } from '@jest/globals';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';
import {
  type CacheContractOptions,
  describeCacheContract,
} from '../../lib/testing/describe-cache-contract.js';
import { useRedisServer } from '../support/redis-fixture.js';

const redis = useRedisServer();

let now = 0;

type Backend = Pick<CacheContractOptions, 'createCache' | 'advance'>;

const backends: Readonly<Record<string, Backend>> = {
  'in memory': { createCache: () => new InMemoryCache() },
  'in memory, by a clock that is turned by hand': {
    createCache: () => new InMemoryCache({ clock: () => now }),
    advance: (milliseconds) => {
      now += milliseconds;
    },
  },
  'in memory, under a scope': { createCache: () => new InMemoryCache().scope('scope:') },
  'in Redis': { createCache: () => redis.newCache() },
  'in Redis, under a scope': { createCache: () => redis.newCache().scope('scope:') },
  'in Redis, through a client of the application': {
    createCache: () => redis.newCacheAt({ client: redis.newClient(), keyPrefix: redis.newPrefix() }),
  },
};

for (const [name, backend] of Object.entries(backends)) {
  describe(name, () => describeCacheContract({ describe, it, ...backend }));
}
