import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { CacheBackendCapabilityError } from '../../lib/contract/errors.js';
import { type CacheCapability, requireCapability } from '../../lib/contract/require-capability.js';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';
import {
  type CacheContractOptions,
  describeCacheContract,
} from '../../lib/testing/describe-cache-contract.js';
import { type AclRule, readAclRule } from '../support/acl-rule.js';
import { type RedisFixture, useRedisServer } from '../support/redis-fixture.js';
import { useCluster, useSentinels } from '../support/topology-fixtures.js';

interface Backend extends Pick<CacheContractOptions, 'createCache' | 'advance'> {
  /** What it cannot do, and says so; default: nothing. */
  readonly lacks?: readonly CacheCapability[];
}

/** A backend whose user may do what the rule says, on every server that holds data. */
function asRestrictedUser(
  redis: RedisFixture | ReturnType<typeof useSentinels> | ReturnType<typeof useCluster>,
  { user: username, password, prefix, argumentsWithout }: AclRule,
  servers: () => readonly Redis[],
): Backend {
  beforeAll(() => Promise.all(servers().map((server) => server.call('ACL', argumentsWithout()))));
  return {
    createCache: () =>
      redis.newCacheAt({
        ...redis.address,
        username,
        password,
        keyPrefix: prefix + redis.newPrefix(),
        sync: true,
      }),
  };
}

/** Each starts what it needs, and says how a cache is made there. */
const backends: Readonly<Record<string, () => Backend>> = {
  'in memory': () => ({ createCache: () => new InMemoryCache() }),

  'in memory, by a clock that is turned by hand': () => {
    let now = 0;
    return {
      createCache: () => new InMemoryCache({ clock: () => now }),
      advance: (milliseconds) => {
        now += milliseconds;
      },
    };
  },

  'in memory, under a scope': () => ({ createCache: () => new InMemoryCache().scope('scope:') }),

  'in Redis': () => {
    const redis = useRedisServer();
    return { createCache: () => redis.newCache({ sync: true }) };
  },

  'in Redis, under a scope': () => {
    const redis = useRedisServer();
    return { createCache: () => redis.newCache({ sync: true }).scope('scope:') };
  },

  'in Redis, with a near tier': () => {
    const redis = useRedisServer();
    return { createCache: () => redis.newCache({ near: true, sync: true }) };
  },

  'in Redis, through a client of the application': () => {
    const redis = useRedisServer();
    return {
      createCache: () => redis.newCacheAt({ client: redis.newClient(), keyPrefix: redis.newPrefix() }),
      lacks: ['sync'],
    };
  },

  'in Redis, over TLS': () => {
    const redis = useRedisServer({ tls: { mutual: true } });
    return {
      createCache() {
        const { ca, client: { cert, key } = {} } = redis.server.certificates ?? {};
        return redis.newCacheAt({
          ...redis.address,
          tls: { ca, cert, key },
          keyPrefix: redis.newPrefix(),
          sync: true,
        });
      },
    };
  },

  'in Redis, over a unix socket': () => {
    const redis = useRedisServer({ unixSocket: true });
    return {
      createCache: () =>
        redis.newCacheAt({ path: redis.server.path ?? '', keyPrefix: redis.newPrefix(), sync: true }),
    };
  },

  'in Redis, as the user that the README grants the least to': () => {
    const redis = useRedisServer();
    return asRestrictedUser(redis, readAclRule(), () => [redis.raw]);
  },

  'in Redis, as that user, who may have Redis wake whoever waits': () => {
    const redis = useRedisServer();
    return asRestrictedUser(redis, readAclRule('waking'), () => [redis.raw]);
  },

  'in Redis, where CLIENT, CONFIG and INFO are refused, as by managed services': () => {
    const redis = useRedisServer();
    beforeAll(async () => {
      await redis.raw.call('ACL', 'SETUSER', 'default', '-client', '-config', '-info');
    });
    return { createCache: () => redis.newCache({ sync: true }) };
  },

  'in Redis, found by Sentinel, as the user that the README grants the least to': () => {
    const redis = useSentinels();
    return asRestrictedUser(redis, readAclRule('sentinel'), () =>
      redis.servers.data.map((server) => redis.servers.client(server)),
    );
  },

  'in a cluster of Redis, as the user that the README grants the least to': () => {
    const redis = useCluster();
    return asRestrictedUser(redis, readAclRule('cluster'), () =>
      redis.servers.nodes.map((node) => redis.servers.client(node)),
    );
  },

  'in a cluster of Redis, over TLS and with a password, under a scope': () => {
    const redis = useCluster({ password: 'secret', tls: true });
    return { createCache: () => redis.newCache({ sync: true }).scope('scope:') };
  },
};

const capabilities = ['stampede', 'tags', 'batch', 'write-policy', 'metrics', 'sync', 'explain'] as const;

for (const [name, use] of Object.entries(backends)) {
  describe(name, () => {
    const { lacks = [], createCache, advance } = use();
    const offered = capabilities.filter((capability) => !lacks.some((lack) => lack === capability));
    describeCacheContract({ describe, it, capabilities: offered, createCache, advance });

    for (const lack of lacks) {
      it(`says that it lacks the capability '${lack}'`, async () => {
        const cache = await createCache();
        expect(() => requireCapability(cache, lack)).toThrow(CacheBackendCapabilityError);
        await cache.close();
      });
    }
  });
}
