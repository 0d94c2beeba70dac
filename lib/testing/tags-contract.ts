import assert from 'node:assert/strict';
import { CacheHit } from '../contract/cache-result.js';
import { assertFails, assertHolds, assertMisses } from './contract-assertions.js';
import type { ContractTests } from './contract-stage.js';
import { INVALID_TAGS, UNUSUAL_KEYS } from './contract-values.js';

/** What a cache does that removes entries by their tags. */
export const TAGS_TESTS: ContractTests = {
  'evicts every entry that carries a tag, and no other': async ({ cache, tagged }) => {
    const dutch = Array.from({ length: 100 }, (_, index) => `nl:${index}`);
    await Promise.all(dutch.map((key) => tagged.set(key, key, { tags: ['country:NL'] })));
    await tagged.set('belgian', 1, { tags: ['country:BE'] });
    await tagged.set('plain', 2);
    await tagged.evictTags('country:NL');
    const results = await Promise.all(dutch.map((key) => cache.get(key)));
    assert.deepEqual(
      results.filter(({ hit }) => hit),
      [],
    );
    await assertHolds(cache, 'belgian', 1);
    await assertHolds(cache, 'plain', 2);
  },

  'evicts an entry of several tags with any of them': async ({ cache, tagged }) => {
    for (const tag of ['first', 'middle', 'last']) {
      await tagged.set('key', tag, { tags: ['first', 'middle', 'last', 'last'] });
      await assertHolds(cache, 'key', tag);
      await tagged.evictTags(tag);
      await assertMisses(cache, 'key');
    }
  },

  'evicts several tags at once, and takes none and unknown ones': async ({ cache, tagged }) => {
    await tagged.set('a', 1, { tags: ['a'] });
    await tagged.set('b', 2, { tags: ['b'] });
    await tagged.set('c', 3, { tags: ['c'] });
    await tagged.evictTags();
    await tagged.evictTags('never used');
    await assertHolds(cache, 'a', 1);
    await tagged.evictTags('a', 'b', 'never used', 'a');
    await assertMisses(cache, 'a');
    await assertMisses(cache, 'b');
    await assertHolds(cache, 'c', 3);
  },

  'keeps what is written after an eviction, however often that is repeated': async ({ cache, tagged }) => {
    for (let round = 0; round < 3; round += 1) {
      await tagged.set('key', round, { tags: ['a'] });
      await assertHolds(cache, 'key', round);
      await tagged.evictTags('a');
      await tagged.evictTags('a');
      await assertMisses(cache, 'key');
    }
    await tagged.set('key', 'after', { tags: ['a'] });
    await assertHolds(cache, 'key', 'after');
  },

  'judges an entry by its own tags, whichever ones the reader names': async ({ tagged }) => {
    for (const named of [[], ['a'], ['b'], ['a', 'b'], ['b', 'a', 'a'], ['another'], ['another', 'a']]) {
      await tagged.set('key', 1, { tags: ['a', 'b'] });
      assert.deepEqual(await tagged.get('key', { tags: named }), new CacheHit(1));
      await tagged.evictTags('b');
      assert.equal((await tagged.get('key', { tags: named })).hit, false);
    }
  },

  'reads a plain entry and an absent one, whichever tags the reader names': async ({ tagged }) => {
    await tagged.set('key', 1);
    await tagged.evictTags('a');
    assert.deepEqual(await tagged.get('key', { tags: ['a'] }), new CacheHit(1));
    assert.equal((await tagged.get('absent', { tags: ['a'] })).hit, false);
  },

  'lets a later write decide what an entry belongs to': async ({ cache, tagged }) => {
    await tagged.set('moved', 1, { tags: ['a'] });
    await tagged.set('moved', 2, { tags: ['b'] });
    await tagged.set('freed', 1, { tags: ['a'] });
    await tagged.set('freed', 2);
    await tagged.evictTags('a');
    await assertHolds(cache, 'moved', 2);
    await assertHolds(cache, 'freed', 2);
    await tagged.evictTags('b');
    await assertMisses(cache, 'moved');
    await assertHolds(cache, 'freed', 2);
  },

  'forgets a tagged entry when its time to live has passed': async ({ cache, tagged, advance }) => {
    await tagged.set('short', 1, { ttl: 100, tags: ['a'] });
    await tagged.set('long', 2, { ttl: '1h', tags: ['a'] });
    await tagged.set('default', 3, { tags: ['a'] });
    await tagged.set('endless', 4, { ttl: null, tags: ['a'] });
    await assertHolds(cache, 'short', 1);
    await advance(150);
    await assertMisses(cache, 'short');
    await assertHolds(cache, 'long', 2);
    await assertHolds(cache, 'default', 3);
    await assertHolds(cache, 'endless', 4);
  },

  'outlives its entries with every tag': async ({ cache, tagged, advance }) => {
    await tagged.set('short', 1, { ttl: 50, tags: ['a'] });
    await tagged.set('long', 2, { ttl: '1h', tags: ['a'] });
    await advance(200);
    await assertHolds(cache, 'long', 2);
    await tagged.set('late', 3, { ttl: 50, tags: ['a'] });
    await tagged.evictTags('a');
    await assertMisses(cache, 'long');
    await assertMisses(cache, 'late');
  },

  'keeps unusual tags apart, from keys too': async ({ cache, tagged }) => {
    await Promise.all(UNUSUAL_KEYS.map((tag) => tagged.set(tag, tag, { tags: [tag] })));
    for (const [index, tag] of UNUSUAL_KEYS.entries()) {
      for (const left of UNUSUAL_KEYS.slice(index)) await assertHolds(cache, left, left);
      await tagged.evictTags(tag);
      await assertMisses(cache, tag);
    }
  },

  'takes 64 tags of an entry, and repeated ones once': async ({ cache, tagged }) => {
    const tags = Array.from({ length: 64 }, (_, index) => `tag:${index}`);
    await tagged.set('key', 1, { tags: [...tags, ...tags] });
    await assertHolds(cache, 'key', 1);
    await tagged.evictTags('tag:63');
    await assertMisses(cache, 'key');
  },

  'refuses what are no tags, and writes nothing': async ({ cache, tagged }) => {
    const unchecked: UncheckedTags = tagged;
    for (const tags of INVALID_TAGS) {
      await assertFails(unchecked.set('key', 1, { tags }), 'CACHE_KEY_INVALID', 'key');
      await assertFails(unchecked.get('key', { tags }), 'CACHE_KEY_INVALID', 'key');
    }
    for (const tag of ['', 42, null, '\ud800', ['a'], 'x'.repeat(1_025)]) {
      await assertFails(unchecked.evictTags('a', tag), 'CACHE_KEY_INVALID');
    }
    await assertMisses(cache, 'key');
  },

  'evicts nothing when one of the tags is refused': async ({ cache, tagged }) => {
    await tagged.set('key', 1, { tags: ['a'] });
    await assertFails(tagged.evictTags('a', ''), 'CACHE_KEY_INVALID');
    await assertHolds(cache, 'key', 1);
  },

  'reads what was written with tags before it, though nobody waited for that': async ({ cache, tagged }) => {
    await cache.set('key', 'older');
    const writing = tagged.set('key', 'newer', { tags: ['tag'] });
    const reading = cache.get('key');
    await writing;
    assert.deepEqual(await reading, new CacheHit('newer'));
  },

  'keeps the order of tagged and plain writes of one key that nobody waited for': async ({
    cache,
    tagged,
  }) => {
    await Promise.all([tagged.set('key', 1, { tags: ['a'] }), cache.set('key', 2)]);
    await assertHolds(cache, 'key', 2);
    await Promise.all([cache.set('key', 3), tagged.set('key', 4, { tags: ['a'] })]);
    await assertHolds(cache, 'key', 4);
    await Promise.all([tagged.set('key', 5, { tags: ['a'] }), tagged.set('key', 6, { tags: ['b', 'c'] })]);
    await assertHolds(cache, 'key', 6);
    const [, isRemoved] = await Promise.all([tagged.set('key', 7, { tags: ['a'] }), cache.delete('key')]);
    assert.equal(isRemoved, true);
    await assertMisses(cache, 'key');
  },

  'encodes a tagged value when it is handed over': async ({ cache, tagged }) => {
    const value = { list: [1] };
    const writing = tagged.set('key', value, { tags: ['a'] });
    value.list.push(2);
    await writing;
    await assertHolds(cache, 'key', { list: [1] });
  },

  'goes on with tags after everything was cleared': async ({ cache, tagged }) => {
    await tagged.set('key', 1, { tags: ['a'] });
    await cache.clear();
    await assertMisses(cache, 'key');
    await tagged.set('key', 2, { tags: ['a'] });
    await assertHolds(cache, 'key', 2);
    await tagged.evictTags('a');
    await assertMisses(cache, 'key');
  },

  'evicts no tags after it was closed': async ({ cache, tagged }) => {
    await cache.close();
    await assertFails(tagged.evictTags('a'), 'CACHE_CLOSED');
  },
};

/** Tags as JavaScript sees them: no types hold anything back. */
interface UncheckedTags {
  get(key: string, options: unknown): Promise<unknown>;
  set(key: string, value: unknown, options: unknown): Promise<unknown>;
  evictTags(...tags: readonly unknown[]): Promise<unknown>;
}
