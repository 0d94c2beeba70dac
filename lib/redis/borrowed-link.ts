import type { Redis } from 'ioredis';
import type { RedisClientLike } from '../config/redis-cache-options.js';
import { CacheConfigurationError } from '../contract/errors.js';
import { hostAndPort } from './address.js';
import { connectQuietly, type RedisLink } from './redis-link.js';

/** The application's own client: it is used, and left as it is. */
export function borrowedLink(candidate: RedisClientLike): RedisLink {
  if (!isRedisClient(candidate)) {
    throw new CacheConfigurationError([
      'options.client expects a client of ioredis for one server: new Redis(…)',
    ]);
  }
  const { host = 'localhost', port = 6379, path, db = 0 } = candidate.options;
  return {
    client: candidate,
    target: {
      address: path ?? hostAndPort({ host, port }),
      db,
      choice: 'The client that was handed in chose it.',
    },
    tls: candidate.options.tls !== undefined,
    ending: 'close',
    redialledBy: 'owner',
    seeksMaster: false,
    prepare: async () => undefined,
    connect() {
      if (candidate.status === 'wait') connectQuietly(candidate);
    },
    hangUp: () => undefined,
  };
}

function isRedisClient(client: RedisClientLike): client is Redis {
  if (Reflect.get(client, 'isCluster') === true) return false;
  const commands = ['getBuffer', 'set', 'unlink', 'eval', 'scanBuffer', 'ping', 'on'];
  return commands.every((command) => typeof Reflect.get(client, command) === 'function');
}
