import { RedisCache, RedisCacheConnectionError } from '@spakky/nestjs-redis-cache';
import type { RedisServer } from '../../test/support/redis-server.js';

const ADDRESS = ['HOST', 'PORT', 'URL', 'PATH'];
const LOGIN = ['DB', 'USERNAME', 'PASSWORD', 'USE_SSL'];

/** Whether the environment says which Redis to use; otherwise nobody minds another one. */
export function isRedisConfigured(): boolean {
  return ADDRESS.some((name) => Boolean(process.env[`SPAKKY_REDIS__${name}`]));
}

/** Whether a Redis answers at the default address. */
export async function isRedisThere(): Promise<boolean> {
  await using cache = new RedisCache({ socketTimeout: '1s' });
  try {
    await cache.ping();
    return true;
  } catch (error) {
    if (error instanceof RedisCacheConnectionError && error.code === 'REDIS_UNREACHABLE') return false;
    throw error;
  }
}

/** Leads every cache of this process and of its children to a server of our own. */
export function configureRedis({ host, port }: RedisServer): void {
  // An empty variable counts as unset: a login would be meant for another server.
  for (const name of [...ADDRESS, ...LOGIN]) process.env[`SPAKKY_REDIS__${name}`] = '';
  process.env['SPAKKY_REDIS__HOST'] = host;
  process.env['SPAKKY_REDIS__PORT'] = String(port);
}
