import type { NearOptions, RedisCacheSettings, RedisTcpOptions } from './redis-cache-options.js';

/** What holds when neither code nor configuration nor environment says otherwise; durations in milliseconds. */
export const REDIS_CACHE_DEFAULTS = Object.freeze({
  host: 'localhost',
  port: 6379,
  db: 0,
  useSsl: false,
  keyPrefix: 'spakky:cache:',
  socketTimeout: 5_000,
  lazy: false,
  near: false,
  sync: false,
}) satisfies RedisTcpOptions & RedisCacheSettings;

/** What holds of a near tier unless something else is said. */
export const NEAR_DEFAULTS = Object.freeze({
  maxEntries: 10_000,
  maxBytes: 64 * 1024 * 1024,
  values: 'copied',
}) satisfies NearOptions;

/** Where a sentinel listens unless something else is said. */
export const DEFAULT_SENTINEL_PORT = 26_379;

/** The default prefix of a cache, so that caches of different names never share a key. */
export function defaultKeyPrefix(name: string | undefined): string {
  return name === undefined ? REDIS_CACHE_DEFAULTS.keyPrefix : `spakky:${name}:`;
}
