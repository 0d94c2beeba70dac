import type { RedisCacheOptions } from '../../lib/config/redis-cache-options.js';

/** Whether what a test says of a cache is to hold of one with a near tier as well. */
const isNear = process.env['SPAKKY_TEST_NEAR'] === 'yes';

/**
 * How a test makes a cache that it says nothing about. Over a client of the application nothing can be near, and a test
 * that is about a cache without a near tier says so by itself.
 */
export function withNear(options: RedisCacheOptions): RedisCacheOptions {
  return isNear && options.client === undefined ? { near: true, ...options } : options;
}
