import { describe, expect, it } from '@jest/globals';
import { CacheHit, CacheMiss } from '../../lib/contract/cache-result.js';
import { FollowedStore } from '../support/followed-store.js';
import { NearCache } from '../support/near-cache.js';

describe('A near tier', () => {
  it('answers what was read before without asking again', async () => {
    const store = new FollowedStore();
    const cache = new NearCache(store);
    await cache.set('key', { a: [1, 2] });
    expect(await cache.get('key')).toEqual(new CacheHit({ a: [1, 2] }));
    expect(await cache.get('key')).toEqual(new CacheHit({ a: [1, 2] }));
    expect(store.count('readToKeep')).toBe(1);
    expect(cache.metrics().near).toMatchObject({ hits: 1, misses: 1, entries: 1, isTrusted: true });
    await cache.delete('key');
    expect(await cache.get('key')).toBe(CacheMiss.instance);
  });
  it('tagged', async () => {
    const store = new FollowedStore();
    const cache = new NearCache(store);
    await cache.set('key', 1, { tags: ['t'] });
    expect(await cache.get('key')).toEqual(new CacheHit(1));
    const n = store.asked.length;
    expect(await cache.get('key')).toEqual(new CacheHit(1));
    expect(store.asked.length).toBe(n);
    await cache.evictTags('t');
    expect(await cache.get('key')).toBe(CacheMiss.instance);
    expect(await cache.getOrSet('key', () => 2, { tags: ['t'] })).toBe(2);
    expect(await cache.getOrSet('key', () => 3, { tags: ['t'] })).toBe(2);
  });
});
