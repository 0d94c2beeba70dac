import assert from 'node:assert/strict';
import { CacheHit, CacheMiss } from '../contract/cache-result.js';
import { CacheBatchError } from '../contract/errors.js';
import { echo, HeldBatchFactory, hits, MANY } from './batch-samples.js';
import { assertFails, assertHolds, assertMisses } from './contract-assertions.js';
import type { ContractTests } from './contract-stage.js';
import { FALSY_VALUES, INVALID_KEYS, REFUSED_WRITE_OPTIONS } from './contract-values.js';

/** What a cache does that reads and writes many keys at once. */
export const BATCH_TESTS: ContractTests = {
  'answers in the order of the keys, each once, misses too': async ({ batch }) => {
    await batch.setMany([
      ['a', 1],
      ['b', 2],
    ]);
    const results = await batch.getMany(['b', 'absent', 'a', 'b']);
    assert.deepEqual(
      [...results],
      [
        ['b', new CacheHit(2)],
        ['absent', CacheMiss.instance],
        ['a', new CacheHit(1)],
      ],
    );
    assert.equal(results.get('absent'), CacheMiss.instance);
  },

  'has nothing to do for nothing': async ({ batch }) => {
    assert.deepEqual(await batch.getMany([]), new Map());
    await batch.setMany([]);
    await batch.setMany(new Map());
    assert.equal(await batch.deleteMany(new Set()), 0);
    const factory = new HeldBatchFactory();
    assert.deepEqual(await batch.getOrSetMany([], factory.call), new Map());
    assert.equal(factory.calls.length, 0);
  },

  'takes keys and entries from anything that can be iterated': async ({ batch }) => {
    await batch.setMany(new Map([['map', 1]]));
    await batch.setMany(pairs('generated'));
    const keys = new Set(['map', 'generated']);
    assert.deepEqual(
      [...(await batch.getMany(keys)).values()],
      [new CacheHit(1), new CacheHit('value of generated')],
    );
    assert.deepEqual([...(await batch.getMany(new Map([['map', 0]]).keys())).keys()], ['map']);
    assert.equal(await batch.deleteMany(keys.values()), 2);
  },

  'lets the last of several values of one key win': async ({ cache, batch }) => {
    await batch.setMany([
      ['key', 1],
      ['other', 2],
      ['key', 3],
    ]);
    await assertHolds(cache, 'key', 3);
    await assertHolds(cache, 'other', 2);
  },

  'counts the keys that held an entry, each once': async ({ cache, batch, advance }) => {
    await batch.setMany([
      ['a', undefined],
      ['b', null],
      ['kept', 1],
    ]);
    await cache.set('expired', 1, { ttl: 50 });
    await advance(100);
    assert.equal(await batch.deleteMany(['a', 'absent', 'b', 'a', 'expired']), 2);
    assert.equal(await batch.deleteMany(['a', 'b']), 0);
    await assertMisses(cache, 'a');
    await assertHolds(cache, 'kept', 1);
  },

  'forgets what it has written when the time to live has passed': async ({ batch, advance }) => {
    await batch.setMany(
      [
        ['a', 1],
        ['b', 2],
      ],
      { ttl: '100ms' },
    );
    await batch.setMany([['c', 3]]);
    assert.deepEqual(hits(await batch.getMany(['a', 'b', 'c'])), ['a', 'b', 'c']);
    await advance(150);
    assert.deepEqual(hits(await batch.getMany(['a', 'b', 'c'])), ['c']);
  },

  'tells values that look like nothing from misses, and gives copies': async ({ batch }) => {
    const entries = FALSY_VALUES.map((value, index): [string, unknown] => [`falsy:${index}`, value]);
    const shared = { list: [1] };
    await batch.setMany([...entries, ['a', shared], ['b', shared]]);
    shared.list.push(2);
    const results = await batch.getMany(entries.map(([key]) => key));
    assert.deepEqual(
      [...results],
      entries.map(([key, value]) => [key, new CacheHit(value)]),
    );
    const copies = [...(await batch.getMany(['a', 'b'])).values()];
    assert.deepEqual(copies, [new CacheHit({ list: [1] }), new CacheHit({ list: [1] })]);
    assert.notEqual(copies[0]?.hit && copies[0].value, copies[1]?.hit && copies[1].value);
  },

  'carries more keys than one command should, in their order': async ({ batch }) => {
    await batch.setMany(MANY.map((key) => [key, `value of ${key}`]));
    const results = await batch.getMany(MANY);
    assert.deepEqual(
      [...results],
      MANY.map((key) => [key, new CacheHit(`value of ${key}`)]),
    );
    assert.equal(await batch.deleteMany(MANY), MANY.length);
    assert.deepEqual(hits(await batch.getMany(MANY)), []);
  },

  'tells which values could not be written and why, and writes the others': async ({ cache, batch }) => {
    await cache.set('function', 'before');
    const entries: [string, unknown][] = [
      ['first', 1],
      ['function', () => 1],
      ['middle', 2],
      ['symbol', Symbol('s')],
      ['last', 3],
    ];
    const error = await assertFails(batch.setMany(entries), 'CACHE_BATCH');
    assert.ok(error instanceof CacheBatchError);
    assert.deepEqual([...error.failures.keys()], ['function', 'symbol']);
    for (const [key, failure] of error.failures) {
      assert.equal(failure.code, 'CACHE_VALUE_REFUSED');
      assert.equal(failure.key, key);
    }
    await assertHolds(cache, 'first', 1);
    await assertHolds(cache, 'middle', 2);
    await assertHolds(cache, 'last', 3);
    await assertHolds(cache, 'function', 'before');
    await assertMisses(cache, 'symbol');
  },

  'refuses what is no key, and does nothing at all': async ({ cache, batch }) => {
    await cache.set('good', 'before');
    const unchecked: UncheckedBatch = batch;
    for (const key of INVALID_KEYS) {
      await assertFails(unchecked.getMany(['good', key]), 'CACHE_KEY_INVALID');
      await assertFails(unchecked.deleteMany(['good', key]), 'CACHE_KEY_INVALID');
      const entries = [
        ['good', 'after'],
        [key, 1],
      ];
      await assertFails(unchecked.setMany(entries), 'CACHE_KEY_INVALID');
    }
    await assertHolds(cache, 'good', 'before');
  },

  'refuses options that cannot work, and writes nothing': async ({ cache, batch }) => {
    const unchecked: UncheckedBatch = batch;
    for (const [options, code] of REFUSED_WRITE_OPTIONS) {
      await assertFails(unchecked.setMany([['key', 1]], options), code);
    }
    await assertMisses(cache, 'key');
  },

  'keeps the order of batches and single operations that nobody waited for': async ({ cache, batch }) => {
    await Promise.all([batch.setMany([['key', 1]]), cache.set('key', 2)]);
    await assertHolds(cache, 'key', 2);
    await Promise.all([cache.set('key', 2), batch.setMany([['key', 3]])]);
    await assertHolds(cache, 'key', 3);
    await Promise.all([cache.set('key', 4), batch.deleteMany(['key']), cache.set('other', 5)]);
    await assertMisses(cache, 'key');
    await assertHolds(cache, 'other', 5);
  },

  'keeps the order of long batches and single operations that nobody waited for': async ({
    cache,
    batch,
  }) => {
    const last = MANY.at(-1) ?? '';
    await Promise.all([batch.setMany(MANY.map((key) => [key, 1])), cache.set(last, 2)]);
    await assertHolds(cache, last, 2);
    const [count] = await Promise.all([batch.deleteMany(MANY), cache.set(last, 3)]);
    assert.equal(count, MANY.length);
    await assertHolds(cache, last, 3);
  },

  'refuses every batch after it was closed': async ({ cache, batch }) => {
    await cache.close();
    await assertFails(batch.getMany(['a']), 'CACHE_CLOSED');
    await assertFails(batch.setMany([['a', 1]]), 'CACHE_CLOSED');
    await assertFails(batch.deleteMany(['a']), 'CACHE_CLOSED');
    await assertFails(batch.getOrSetMany(['a'], echo), 'CACHE_CLOSED');
  },
};

/** What a cache does that takes many keys at once and removes entries by their tags. */
export const TAGGED_BATCH_TESTS: ContractTests = {
  'evicts what a batch has written or loaded': async ({ cache, batch, tagged }) => {
    await batch.setMany(
      [
        ['a', 1],
        ['b', 2],
      ],
      { tags: ['written', 'all'] },
    );
    await batch.getOrSetMany(['c'], echo, { tags: ['loaded', 'all'] });
    await batch.getOrSetMany(['d'], echo, { tags: (value) => [String(value)] });
    await tagged.evictTags('written');
    assert.deepEqual(hits(await batch.getMany(['a', 'b', 'c', 'd'])), ['c', 'd']);
    await tagged.evictTags('value of d');
    assert.deepEqual(hits(await batch.getMany(['a', 'b', 'c', 'd'])), ['c']);
    await tagged.evictTags('all');
    await assertMisses(cache, 'c');
  },

  'reads entries of many different tags at once': async ({ batch, tagged }) => {
    const keys = MANY.slice(0, 200);
    await Promise.all(keys.map((key) => tagged.set(key, key, { tags: [`tag of ${key}`] })));
    assert.deepEqual(hits(await batch.getMany(keys)), keys);
    await tagged.evictTags('tag of key:0', 'tag of key:199');
    assert.deepEqual(hits(await batch.getMany(keys)), keys.slice(1, -1));
  },

  'keeps the order of tagged batches and single writes that nobody waited for': async ({ cache, batch }) => {
    await Promise.all([batch.setMany([['key', 1]], { tags: ['a'] }), cache.set('key', 2)]);
    await assertHolds(cache, 'key', 2);
  },
};

function* pairs(...keys: readonly string[]): Generator<[string, unknown]> {
  yield* echo(keys);
}

/** Batches as JavaScript sees them: no types hold anything back. */
interface UncheckedBatch {
  getMany(keys: Iterable<unknown>): Promise<unknown>;
  setMany(entries: Iterable<unknown>, options?: unknown): Promise<unknown>;
  deleteMany(keys: Iterable<unknown>): Promise<unknown>;
}
