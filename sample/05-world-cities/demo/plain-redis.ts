import { Redis } from 'ioredis';

/** A client that knows nothing of the cache and its prefix, for looking behind its back. */
export function openPlainRedis(): Redis {
  const { env } = process;
  const url = env['SPAKKY_REDIS__URL'];
  const failFast = { retryStrategy: () => null, maxRetriesPerRequest: 0 };
  if (url) return new Redis(url, failFast);
  return new Redis({
    ...failFast,
    host: env['SPAKKY_REDIS__HOST'] || 'localhost',
    port: Number(env['SPAKKY_REDIS__PORT'] || 6379),
    path: env['SPAKKY_REDIS__PATH'] || undefined,
    db: Number(env['SPAKKY_REDIS__DB'] || 0),
    username: env['SPAKKY_REDIS__USERNAME'] || undefined,
    password: env['SPAKKY_REDIS__PASSWORD'] || undefined,
    ...(/^(true|1|yes|on)$/i.test(env['SPAKKY_REDIS__USE_SSL'] ?? '') && { tls: {} }),
  });
}

export async function countKeys(redis: Redis, prefix: string): Promise<number> {
  let count = 0;
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 })) {
    if (Array.isArray(keys)) count += keys.length;
  }
  return count;
}
