import assert from 'node:assert/strict';
import { CacheBatchError } from '../contract/errors.js';
import { echo, HeldBatchFactory, hits, MANY } from './batch-samples.js';
import { assertFails, assertFailsWith, assertHolds, assertMisses } from './contract-assertions.js';
import type { ContractTests } from './contract-stage.js';
import { FALSY_VALUES, INVALID_KEYS, REFUSED_LOAD_OPTIONS } from './contract-values.js';
import { HeldCall } from './held-call.js';

/** What a cache does that loads many missing values at once. */
export const BATCH_LOAD_TESTS: ContractTests = {
  'loads only what is missing, in one call, and answers in the order of the keys': async ({
    cache,
    batch,
  }) => {
    await cache.set('b', 'there');
    const factory = new HeldBatchFactory();
    const loading = batch.getOrSetMany(['c', 'b', 'a', 'c'], factory.call);
    await factory.begun;
    factory.answer([
      ['a', 'loaded a'],
      ['c', 'loaded c'],
    ]);
    assert.deepEqual(
      [...(await loading)],
      [
        ['c', 'loaded c'],
        ['b', 'there'],
        ['a', 'loaded a'],
      ],
    );
    assert.deepEqual(
      factory.calls.map(([keys]) => keys.toSorted(compare)),
      [['a', 'c']],
    );
    assert.equal(factory.calls[0]?.[1].signal.aborted, false);
    await assertHolds(cache, 'a', 'loaded a');
    await assertHolds(cache, 'c', 'loaded c');
  },

  'calls no factory when nothing is missing': async ({ batch }) => {
    const entries = new Map(FALSY_VALUES.map((value, index) => [`falsy:${index}`, value]));
    const factory = new HeldBatchFactory();
    await batch.getOrSetMany(entries.keys(), (keys) => keys.map((key) => [key, entries.get(key)]));
    assert.deepEqual(await batch.getOrSetMany(entries.keys(), factory.call), entries);
    assert.equal(factory.calls.length, 0);
  },

  'asks for each of many keys once': async ({ batch }) => {
    const many = MANY.slice(0, 1_200);
    const asked: string[] = [];
    const values = await batch.getOrSetMany(many, (keys) => {
      asked.push(...keys);
      return new Map(keys.map((key) => [key, `value of ${key}`]));
    });
    assert.deepEqual(
      [...values],
      many.map((key) => [key, `value of ${key}`]),
    );
    assert.equal(asked.length, many.length);
    assert.deepEqual(new Set(asked), new Set(many));
    assert.equal(hits(await batch.getMany(many)).length, many.length);
  },

  'loads each key once for overlapping callers, in whichever order they name them': async ({
    batch,
    loading,
  }) => {
    const asked: string[] = [];
    const factory = async (keys: readonly string[]): Promise<[string, string][]> => {
      asked.push(...keys);
      await Promise.resolve();
      return keys.map((key) => [key, `value of ${key}`]);
    };
    const [forth, back, single] = await Promise.all([
      batch.getOrSetMany(['a', 'b', 'c'], factory),
      batch.getOrSetMany(['d', 'c', 'b'], factory),
      loading.getOrSet('b', async () => [...(await factory(['b']))][0]?.[1]),
    ]);
    assert.deepEqual([...forth.keys(), ...back.keys()], ['a', 'b', 'c', 'd', 'c', 'b']);
    for (const [key, value] of [...forth, ...back]) assert.equal(value, `value of ${key}`);
    assert.equal(single, 'value of b');
    assert.deepEqual(asked.toSorted(compare), ['a', 'b', 'c', 'd']);
  },

  'loads what is its own at once, also when another load is waited for': async ({ batch, loading }) => {
    const slow = new HeldCall();
    const other = loading.getOrSet('slow', slow.call);
    await slow.begun;
    const factory = new HeldBatchFactory();
    const both = batch.getOrSetMany(['slow', 'own'], factory.call);
    await factory.begun;
    assert.deepEqual(
      factory.calls.map(([keys]) => keys),
      [['own']],
    );
    factory.answer([['own', 'loaded']]);
    slow.answer('from the other');
    assert.deepEqual(
      await both,
      new Map([
        ['slow', 'from the other'],
        ['own', 'loaded'],
      ]),
    );
    assert.equal(await other, 'from the other');
  },

  'takes a pair for each key, undefined too; none is an error that names the key': async ({
    cache,
    batch,
  }) => {
    const failing = batch.getOrSetMany(['nothing', 'undefined'], () => [['undefined', undefined]]);
    await assert.rejects(failing, (error: Error) => error.message.includes('"nothing"'));
    await assertHolds(cache, 'undefined', undefined);
    await assertMisses(cache, 'nothing');
  },

  'stores nothing that it did not ask for': async ({ cache, batch }) => {
    await batch.getOrSetMany(['asked'], () => [
      ['asked', 1],
      ['unasked', 2],
    ]);
    await assertHolds(cache, 'asked', 1);
    await assertMisses(cache, 'unasked');
  },

  'gives the own error of the factory, and stores nothing': async ({ cache, batch }) => {
    await cache.set('there', 1);
    const error = new Error('the origin is down');
    const failing = batch.getOrSetMany(['a', 'there', 'b'], () => {
      throw error;
    });
    await assertFailsWith(failing, error);
    await assertMisses(cache, 'a');
    assert.deepEqual(
      await batch.getOrSetMany(['a', 'b'], echo),
      new Map([
        ['a', 'value of a'],
        ['b', 'value of b'],
      ]),
    );
  },

  'tells which of the loaded values could not be written, and writes the others': async ({
    cache,
    batch,
  }) => {
    const failing = batch.getOrSetMany(['good', 'bad'], (keys) =>
      keys.map((key) => [key, key === 'bad' ? () => 1 : 1]),
    );
    const error = await assertFails(failing, 'CACHE_BATCH');
    assert.ok(error instanceof CacheBatchError);
    assert.deepEqual(
      [...error.failures].map(([key, { code }]) => [key, code]),
      [['bad', 'CACHE_VALUE_REFUSED']],
    );
    await assertHolds(cache, 'good', 1);
  },

  'tells which keys were waited for too long': async ({ cache, batch, loading }) => {
    const slow = new HeldCall();
    const other = loading.getOrSet('slow', slow.call);
    await slow.begun;
    const error = await assertFails(
      batch.getOrSetMany(['quick', 'slow'], echo, { waitFor: 30 }),
      'CACHE_BATCH',
    );
    assert.ok(error instanceof CacheBatchError);
    assert.deepEqual(
      [...error.failures].map(([key, { code }]) => [key, code]),
      [['slow', 'CACHE_LOCK_TIMEOUT']],
    );
    await assertHolds(cache, 'quick', 'value of quick');
    slow.answer('loaded');
    assert.equal(await other, 'loaded');
  },

  'never overwrites a set or undoes a delete that came during the load': async ({ cache, batch }) => {
    const factory = new HeldBatchFactory();
    const loading = batch.getOrSetMany(['set', 'deleted', 'untouched'], factory.call);
    await factory.begun;
    await cache.set('set', 'set');
    await cache.delete('deleted');
    factory.answer(new Map(['set', 'deleted', 'untouched'].map((key) => [key, 'loaded'])));
    assert.deepEqual([...(await loading).values()], ['loaded', 'loaded', 'loaded']);
    await assertHolds(cache, 'set', 'set');
    await assertMisses(cache, 'deleted');
    await assertHolds(cache, 'untouched', 'loaded');
  },

  'refuses what is no key and options that cannot work, and calls no factory': async ({ batch }) => {
    const unchecked: UncheckedBatch = batch;
    const factory = new HeldCall();
    for (const key of INVALID_KEYS) {
      await assertFails(unchecked.getOrSetMany(['good', key], factory.call), 'CACHE_KEY_INVALID');
    }
    for (const [options, code] of REFUSED_LOAD_OPTIONS) {
      await assertFails(unchecked.getOrSetMany(['key'], factory.call, options), code);
    }
    assert.equal(factory.calls.length, 0);
  },
};

/** The order of an array is none that a cache promises to a factory. */
function compare(one: string, other: string): number {
  return one.localeCompare(other);
}

/** Loading as JavaScript sees it: no types hold anything back. */
interface UncheckedBatch {
  getOrSetMany(keys: Iterable<unknown>, factory: unknown, options?: unknown): Promise<unknown>;
}
