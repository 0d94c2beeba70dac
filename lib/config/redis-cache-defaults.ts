import type { RedisCacheSettings, RedisTcpOptions } from './redis-cache-options.js';

/** What holds when neither code nor configuration nor environment says otherwise; durations in milliseconds. */
export const REDIS_CACHE_DEFAULTS = Object.freeze({
  host: 'localhost',
  port: 6379,
  db: 0,
  useSsl: false,
  keyPrefix: 'spakky:cache:',
  socketTimeout: 5_000,
  lazy: false,
}) satisfies RedisTcpOptions & RedisCacheSettings;

/** Where a sentinel listens unless something else is said. */
export const DEFAULT_SENTINEL_PORT = 26_379;

/** The default prefix of a cache, so that caches of different names never share a key. */
export function defaultKeyPrefix(name: string | undefined): string {
  return name === undefined ? REDIS_CACHE_DEFAULTS.keyPrefix : `spakky:${name}:`;
}
