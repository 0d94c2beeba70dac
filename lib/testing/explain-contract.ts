import assert from 'node:assert/strict';
import type { CacheExplanation } from '../contract/cache-explanation.js';
import { assertFails, assertHolds } from './contract-assertions.js';
import type { ContractTests } from './contract-stage.js';
import { INVALID_KEYS, UNUSUAL_KEYS } from './contract-values.js';
import { HeldCall } from './held-call.js';

/** What a cache does that tells a person what it knows about a key. */
export const EXPLAIN_TESTS: ContractTests = {
  'tells that a key holds nothing': async ({ explaining }) => {
    const { physicalKey, ...told } = await explaining.explain('key');
    assert.deepEqual(told, { state: 'absent', key: 'key' });
    assert.ok(physicalKey.endsWith('key'));
  },

  'tells of an entry how it is stored, and that it is a hit': async ({ cache, explaining }) => {
    await cache.set('key', 'value');
    const entry = entryOf(await explaining.explain('key'));
    assert.equal(entry.key, 'key');
    assert.ok(entry.size > 0);
    assert.deepEqual([entry.hit, entry.tags, entry.ttl, entry.goneIn], [true, [], undefined, undefined]);
  },

  'tells how long an entry stays, and nothing of it afterwards': async ({ cache, explaining, advance }) => {
    await cache.set('long', 'value', { ttl: '1m' });
    await cache.set('short', 'value', { ttl: 50 });
    const { ttl } = entryOf(await explaining.explain('long'));
    assert.ok(ttl !== undefined && ttl > 30_000 && ttl <= 60_000, `${ttl} milliseconds left`);
    await advance(100);
    assert.equal((await explaining.explain('short')).state, 'absent');
  },

  'tells where a key is, whatever it holds, and never one place for two keys': async ({
    cache,
    explaining,
  }) => {
    const places = new Set<string>();
    for (const key of UNUSUAL_KEYS) {
      const { physicalKey } = await explaining.explain(key);
      await cache.set(key, 'value');
      assert.equal((await explaining.explain(key)).physicalKey, physicalKey);
      assert.ok(physicalKey.endsWith(key));
      places.add(physicalKey);
    }
    assert.equal(places.size, UNUSUAL_KEYS.length);
  },

  'tells no value, and leaves the entry as it is': async ({ cache, explaining }) => {
    await cache.set('key', 'S3CRET');
    assert.ok(!JSON.stringify(await explaining.explain('key')).includes('S3CRET'));
    await assertHolds(cache, 'key', 'S3CRET');
  },

  'sees what was written and not awaited': async ({ cache, explaining }) => {
    const writing = cache.set('key', 'value');
    assert.equal((await explaining.explain('key')).state, 'entry');
    await writing;
  },

  'refuses to explain what is no key': async ({ explaining }) => {
    const unchecked: UncheckedExplaining = explaining;
    for (const key of INVALID_KEYS) await assertFails(unchecked.explain(key), 'CACHE_KEY_INVALID');
  },

  'refuses to explain after it was closed': async ({ cache, explaining }) => {
    await cache.close();
    await assertFails(explaining.explain('key'), 'CACHE_CLOSED');
  },
};

/** What a cache does that explains and removes entries by their tags. */
export const TAGGED_EXPLAIN_TESTS: ContractTests = {
  'tells which tags of an entry were evicted, and that it is no hit any more': async ({
    explaining,
    tagged,
  }) => {
    await tagged.set('key', 'value', { tags: ['kept', 'gone'] });
    assert.deepEqual(matchesOf(await explaining.explain('key')), [
      true,
      [
        ['kept', true],
        ['gone', true],
      ],
    ]);
    await tagged.evictTags('gone');
    assert.deepEqual(matchesOf(await explaining.explain('key')), [
      false,
      [
        ['kept', true],
        ['gone', false],
      ],
    ]);
    const gone = entryOf(await explaining.explain('key')).tags.find(({ tag }) => tag === 'gone');
    assert.equal(gone?.current, undefined);
  },
};

/** What a cache does that explains and loads missing values. */
export const LOADED_EXPLAIN_TESTS: ContractTests = {
  'tells that somebody loads a key, until the entry is there': async ({ explaining, loading }) => {
    const factory = new HeldCall();
    const load = loading.getOrSet('key', factory.call);
    await factory.begun;
    const lease = await explaining.explain('key');
    assert.ok(lease.state === 'lease' && lease.lease.endsIn > 0, `it is ${lease.state}`);
    factory.answer('loaded');
    await load;
    assert.equal((await explaining.explain('key')).state, 'entry');
  },

  'tells for how long an entry is stale': async ({ explaining, loading, advance }) => {
    await loading.getOrSet('key', () => 'value', { ttl: 50, staleFor: '1m' });
    await advance(100);
    const stale = await explaining.explain('key');
    assert.ok(stale.state === 'stale' && stale.expiredFor > 0, `it is ${stale.state}`);
  },
};

/** As JavaScript sees it: no types hold anything back. */
interface UncheckedExplaining {
  explain(key: unknown): Promise<unknown>;
}

type ExplainedEntry = Extract<CacheExplanation, { state: 'entry' }>;

function entryOf(explanation: CacheExplanation): ExplainedEntry {
  assert.ok(explanation.state === 'entry', `expected an entry, but it is ${explanation.state}`);
  return explanation;
}

/** Whether it is a hit, and which of its tags match. */
function matchesOf(explanation: CacheExplanation): [boolean, [string, boolean][]] {
  const { hit, tags } = entryOf(explanation);
  return [hit, tags.map(({ tag, matches }) => [tag, matches])];
}
