import { afterEach } from '@jest/globals';
import type { RedisCacheOptions } from '../../lib/config/redis-cache-options.js';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { withNear } from './near-option.js';

/** Variables as a process has them. */
export type Variables = Readonly<Record<string, string>>;

/** What the tests of one file make of servers, whichever these are. */
export interface CacheFixture {
  /** A prefix that no other test has. */
  newPrefix(): string;
  /** A cache that reaches whatever it is told to, by options and by variables; it is closed after the test. */
  newCacheAt<T = unknown>(options: RedisCacheOptions, variables?: Variables): RedisCache<T>;
}

/** Closes, after each test, every cache that the test made. */
export function useCaches(): CacheFixture {
  let prefixes = 0;
  const caches: RedisCache[] = [];

  afterEach(async () => {
    await Promise.all(caches.splice(0).map((cache) => cache.close()));
  });

  return {
    newPrefix() {
      prefixes += 1;
      return `test:${prefixes}:`;
    },
    newCacheAt<T>(options: RedisCacheOptions, variables: Variables = {}) {
      const cache = new RedisCache<T>(withNear(options), { variable: (name) => variables[name] });
      caches.push(cache);
      return cache;
    },
  };
}

/** What a hook has started; only tests may ask for it. */
export function started<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('The server starts before the first test: use it inside a test');
  return value;
}
