import { describe, expect, it } from '@jest/globals';
import { CacheHit, CacheMiss } from '../../lib/contract/cache-result.js';
import { CacheConfigurationError } from '../../lib/contract/errors.js';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';
import type { InMemoryCacheOptions } from '../../lib/memory/in-memory-cache-options.js';
import { rejection } from '../support/rejection.js';

describe('A cache in memory', () => {
  it('keeps at most so many entries, and lets the least recently used go', async () => {
    const cache = new InMemoryCache<number>({ maxEntries: 2 });
    await cache.set('a', 1);
    await cache.set('b', 2);
    await cache.get('a');
    await cache.set('c', 3);
    expect(await cache.get('b')).toBe(CacheMiss.instance);
    expect(await cache.get('a')).toEqual(new CacheHit(1));
    expect(await cache.get('c')).toEqual(new CacheHit(3));
  });

  it('keeps at most so many bytes of keys and values', async () => {
    const cache = new InMemoryCache<string>({ maxBytes: 10_000 });
    for (let index = 0; index < 100; index += 1) await cache.set(`key:${index}`, 'x'.repeat(900));
    const results = await Promise.all(Array.from({ length: 100 }, (_, index) => cache.get(`key:${index}`)));
    const held = results.filter((result) => result.hit).length;
    expect(held).toBeGreaterThan(5);
    expect(held).toBeLessThanOrEqual(11);
  });

  it('refuses a value that it could never hold, instead of forgetting it at once', async () => {
    const cache = new InMemoryCache<string>({ maxBytes: 1_000 });
    await cache.set('key', 'small');
    expect(await rejection(cache.set('key', 'x'.repeat(1_000)))).toMatchObject({
      code: 'CACHE_VALUE_TOO_LARGE',
      key: 'key',
    });
    expect(await cache.get('key')).toEqual(new CacheHit('small'));
  });

  it('ends an entry with the millisecond that its time to live names', async () => {
    let now = 1_000;
    const cache = new InMemoryCache<number>({ clock: () => now, ttl: 250 });
    await cache.set('default', 1);
    await cache.set('own', 2, { ttl: 251 });
    now = 1_249;
    expect(await cache.get('default')).toEqual(new CacheHit(1));
    now = 1_250;
    expect(await cache.get('default')).toBe(CacheMiss.instance);
    expect(await cache.get('own')).toEqual(new CacheHit(2));
    expect(await cache.delete('default')).toBe(false);
  });

  it('clears a scope and nothing beside it', async () => {
    const cache = new InMemoryCache<number>();
    const scope = cache.scope<number>('scope:');
    await cache.set('key', 1);
    await scope.set('key', 2);
    await scope.clear();
    expect(await cache.get('key')).toEqual(new CacheHit(1));
    expect(await scope.get('key')).toBe(CacheMiss.instance);
  });

  it('can always be reached until it is closed', async () => {
    const cache = new InMemoryCache();
    await cache.ping();
    await cache.close();
    expect(await rejection(cache.ping())).toMatchObject({ code: 'CACHE_CLOSED' });
  });

  it('refuses an option of set that it does not know, rather than ignore it', async () => {
    const cache = new InMemoryCache();
    const unchecked: { set(key: string, value: unknown, options: unknown): Promise<void> } = cache;
    expect(await rejection(unchecked.set('key', 1, { tags: ['a'] }))).toMatchObject({
      code: 'CACHE_CAPABILITY_MISSING',
      key: 'key',
    });
    expect(await cache.get('key')).toBe(CacheMiss.instance);
  });

  it('names every option that is wrong at once', () => {
    const options = {
      maxEntries: 0,
      maxBytes: 1.5,
      ttl: -1,
      clock: 5,
      size: 1,
      serializer: { maxBytes: -1 },
    };
    const error = failureOf(() => Reflect.construct(InMemoryCache, [options]));
    expect(error).toBeInstanceOf(CacheConfigurationError);
    for (const name of Object.keys(options))
      expect(String(error)).toMatch(new RegExp(`(options\\.)?${name}`));
  });

  it.each([null, 5, { maxEntries: 5e9 }, { ttl: 1e300 }])(
    'refuses %j, which are no options that it could keep',
    (options) => {
      expect(failureOf(() => Reflect.construct(InMemoryCache, [options]))).toBeInstanceOf(
        CacheConfigurationError,
      );
    },
  );

  it.each<InMemoryCacheOptions>([{ ttl: null }, { ttl: undefined }, {}])(
    'keeps entries for good with %j',
    async (options) => {
      const cache = new InMemoryCache<number>({ ...options, clock: () => now });
      let now = 0;
      await cache.set('key', 1);
      now = 1e15;
      expect(await cache.get('key')).toEqual(new CacheHit(1));
    },
  );
});

function failureOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
