import { Redis, type RedisOptions } from 'ioredis';
import type { RedisServer } from './redis-server.js';

/**
 * A plain client to look behind the cache's back: keys, times to live, keys of others.
 *
 * It fails at once rather than retry: a test that looks at a dead server wants to know.
 */
export function createRawRedis(server: RedisServer, options: RedisOptions = {}): Redis {
  const redis = new Redis({
    host: server.host,
    port: server.port,
    password: server.password,
    ...(server.certificates && { tls: { ca: server.certificates.ca } }),
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    // Disconnecting from a server that is gone leaves a timer of this length, which keeps the process alive.
    disconnectTimeout: 50,
    ...options,
  });
  // What fails is told by the command that failed; without a listener ioredis would print it as well.
  redis.on('error', () => undefined);
  return redis;
}
