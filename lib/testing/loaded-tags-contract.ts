import assert from 'node:assert/strict';
import type { CacheLoadOptions } from '../contract/capabilities.js';
import { assertFails, assertFailsWith, assertHolds, assertMisses } from './contract-assertions.js';
import type { ContractTests } from './contract-stage.js';
import { INVALID_TAGS } from './contract-values.js';
import { CountedCall, HeldCall } from './held-call.js';

/** How the tags of what is loaded become known: before the value, or only from it. */
const TAGGINGS: readonly CacheLoadOptions['tags'][] = [
  ['country:NL'],
  (value) => [`country:${String(value)}`],
];

/** What a cache does that loads values and removes them by their tags. */
export const LOADED_TAGS_TESTS: ContractTests = {
  'evicts what was loaded, by tags that were known before or only from the value': async ({
    cache,
    tagged,
    loading,
  }) => {
    for (const tags of TAGGINGS) {
      const factory = new CountedCall(() => 'NL');
      for (const round of [1, 2]) {
        assert.equal(await loading.getOrSet('key', factory.call, { tags }), 'NL');
        assert.equal(await loading.getOrSet('key', factory.call, { tags }), 'NL');
        assert.equal(factory.count, round);
        await assertHolds(cache, 'key', 'NL');
        await tagged.evictTags('country:NL');
        await assertMisses(cache, 'key');
      }
    }
  },

  'does not store what an eviction during the load concerns': async ({ cache, tagged, loading }) => {
    for (const tags of TAGGINGS) {
      const factory = new HeldCall();
      const caller = loading.getOrSet('key', factory.call, { tags });
      await factory.begun;
      await tagged.evictTags('country:NL');
      factory.answer('NL');
      assert.equal(await caller, 'NL');
      await assertMisses(cache, 'key');
      assert.equal(await loading.getOrSet('key', () => 'loaded anew', { tags }), 'loaded anew');
      await cache.clear();
    }
  },

  'loads anew for a caller who comes after an eviction, not what began before it': async ({
    cache,
    tagged,
    loading,
  }) => {
    for (const tags of TAGGINGS) {
      const before = new HeldCall();
      const early = loading.getOrSet('key', before.call, { tags });
      await before.begun;
      await tagged.evictTags('country:NL');
      const late = loading.getOrSet('key', () => 'after', { tags });
      before.answer('NL');
      assert.deepEqual(await Promise.all([early, late]), ['NL', 'after']);
      await assertHolds(cache, 'key', 'after');
      await cache.clear();
    }
  },

  'stores what an eviction of another tag during the load does not concern': async ({
    cache,
    tagged,
    loading,
  }) => {
    const factory = new HeldCall();
    const caller = loading.getOrSet('key', factory.call, { tags: ['country:NL'] });
    await factory.begun;
    await tagged.evictTags('country:BE');
    factory.answer('NL');
    assert.equal(await caller, 'NL');
    await assertHolds(cache, 'key', 'NL');
  },

  'stores what has no tags after all, and what has many': async ({ cache, tagged, loading }) => {
    await loading.getOrSet('none', () => [], { tags: itself });
    await loading.getOrSet('many', () => ['a', 'b', 'c'], { tags: itself });
    await tagged.evictTags('a', 'b');
    await assertHolds(cache, 'none', []);
    await assertMisses(cache, 'many');
  },

  'removes an expired value with its tags too': async ({ tagged, loading, advance }) => {
    const error = new Error('the origin is down');
    const failing = new CountedCall(() => {
      throw error;
    });
    for (const tags of TAGGINGS) {
      const options: CacheLoadOptions = { ttl: 30, staleFor: '1m', pauseFor: 0, tags };
      await loading.getOrSet('key', () => 'NL', options);
      await advance(60);
      assert.equal(await loading.getOrSet('key', failing.call, options), 'NL');
      await tagged.evictTags('country:NL');
      await assertFailsWith(loading.getOrSet('key', failing.call, options), error);
    }
  },

  'does not keep a refreshed value that an eviction during the refresh concerns': async ({
    cache,
    tagged,
    loading,
    advance,
  }) => {
    for (const tags of TAGGINGS) {
      await loading.getOrSet('key', () => 'NL', { ttl: 30, staleFor: '1m', tags });
      await advance(60);
      const options: CacheLoadOptions = { ttl: '1m', staleFor: '1m', tags };
      const factory = new HeldCall();
      const owner = loading.getOrSet('key', factory.call, options);
      await factory.begun;
      await tagged.evictTags('country:NL');
      factory.answer('NL');
      assert.equal(await owner, 'NL');
      await assertMisses(cache, 'key');
      assert.equal(await loading.getOrSet('key', () => 'loaded anew', options), 'loaded anew');
      await cache.clear();
    }
  },

  'refuses what are no tags, before the factory where they are known': async ({ cache, loading }) => {
    const factory = new CountedCall(() => 'loaded');
    const unchecked: UncheckedTagLoading = loading;
    for (const tags of INVALID_TAGS) {
      await assertFails(unchecked.getOrSet('key', factory.call, { tags }), 'CACHE_KEY_INVALID', 'key');
    }
    assert.equal(factory.count, 0);
    for (const tags of INVALID_TAGS) {
      const options = { tags: () => tags };
      await assertFails(unchecked.getOrSet('key', factory.call, options), 'CACHE_KEY_INVALID', 'key');
    }
    assert.equal(factory.count, INVALID_TAGS.length);
    await assertMisses(cache, 'key');
  },

  'gives the own error of a function that tells the tags, and stores nothing': async ({ cache, loading }) => {
    const error = new Error('no tags for this');
    const tags = (): string[] => {
      throw error;
    };
    await assertFailsWith(
      loading.getOrSet('key', () => 'loaded', { tags }),
      error,
    );
    await assertMisses(cache, 'key');
  },
};

/** The tags of a value that is a list of them. */
function itself(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** Loading as JavaScript sees it: no types hold anything back. */
interface UncheckedTagLoading {
  getOrSet(key: string, factory: unknown, options: unknown): Promise<unknown>;
}
