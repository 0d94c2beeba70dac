import assert from 'node:assert/strict';
import type { CacheLoadContext } from '../contract/capabilities.js';
import {
  assertFails,
  assertFailsWith,
  assertHolds,
  assertMisses,
  pause,
  untilOthersHaveAsked,
} from './contract-assertions.js';
import type { ContractTests } from './contract-stage.js';
import { FALSY_VALUES, INVALID_KEYS, REFUSED_LOAD_OPTIONS, REFUSED_VALUES } from './contract-values.js';
import { CountedCall, HeldCall } from './held-call.js';

/** What a cache does that loads missing values. */
export const STAMPEDE_TESTS: ContractTests = {
  'loads a missing value once for a hundred concurrent callers': async ({ cache, loading }) => {
    const factory = new HeldCall();
    const callers = Array.from({ length: 100 }, () => loading.getOrSet('key', factory.call));
    await factory.begun;
    factory.answer({ name: 'Ada' });
    assert.deepEqual(
      await Promise.all(callers),
      callers.map(() => ({ name: 'Ada' })),
    );
    assert.equal(factory.calls.length, 1);
    await assertHolds(cache, 'key', { name: 'Ada' });
  },

  'loads each key by itself, side by side': async ({ loading }) => {
    const factories = [new HeldCall(), new HeldCall(), new HeldCall()];
    const callers = factories.map((factory, index) => loading.getOrSet(`key:${index}`, factory.call));
    await Promise.all(factories.map((factory) => factory.begun));
    for (const [index, factory] of factories.entries()) factory.answer(index);
    assert.deepEqual(await Promise.all(callers), [0, 1, 2]);
  },

  'answers what is there without calling the factory': async ({ cache, loading }) => {
    await cache.set('key', 'there');
    const factory = new CountedCall(() => 'loaded');
    assert.equal(await loading.getOrSet('key', factory.call), 'there');
    assert.equal(factory.count, 0);
  },

  'loads again when the time to live of what it loaded has passed': async ({ cache, loading, advance }) => {
    const factory = new CountedCall(() => 'loaded');
    await loading.getOrSet('key', factory.call, { ttl: 100 });
    await assertHolds(cache, 'key', 'loaded');
    await advance(150);
    await assertMisses(cache, 'key');
    assert.equal(await loading.getOrSet('key', factory.call, { ttl: 100 }), 'loaded');
    assert.equal(factory.count, 2);
  },

  'tells the factory its key, and gives it a signal': async ({ loading }) => {
    const contexts: CacheLoadContext[] = [];
    await loading.getOrSet('profile:42', (context) => {
      contexts.push(context);
      return 1;
    });
    assert.equal(contexts.length, 1);
    assert.equal(contexts[0]?.key, 'profile:42');
    assert.equal(contexts[0]?.signal.aborted, false);
  },

  'loads values that look like nothing once': async ({ loading }) => {
    for (const [index, value] of FALSY_VALUES.entries()) {
      const factory = new CountedCall(() => value);
      assert.deepEqual(await loading.getOrSet(`falsy:${index}`, factory.call), value);
      assert.deepEqual(await loading.getOrSet(`falsy:${index}`, factory.call), value);
      assert.equal(factory.count, 1);
    }
  },

  'gives each caller a copy of its own': async ({ cache, loading }) => {
    const factory = new HeldCall();
    const callers = Array.from({ length: 10 }, () => loading.getOrSet('key', factory.call));
    await factory.begun;
    await untilOthersHaveAsked(cache, 'key');
    factory.answer({ list: [1] });
    const values = await Promise.all(callers);
    assert.equal(new Set(values).size, 10);
    for (const value of values) {
      assert.deepEqual(value, { list: [1] });
      Object.assign(Object(value), { list: 'changed' });
    }
    await assertHolds(cache, 'key', { list: [1] });
  },

  'gives everyone who waits the own error of the factory, and stores nothing': async ({ cache, loading }) => {
    const factory = new HeldCall();
    const callers = Array.from({ length: 10 }, () => loading.getOrSet('key', factory.call));
    await factory.begun;
    await untilOthersHaveAsked(cache, 'key');
    const error = new Error('the origin is down');
    const failures = callers.map((caller) => assertFailsWith(caller, error));
    factory.fail(error);
    await Promise.all(failures);
    assert.equal(factory.calls.length, 1);
    await assertMisses(cache, 'key');
    assert.equal(await loading.getOrSet('key', () => 'the next one may try'), 'the next one may try');
  },

  'gives the error of a factory that throws at once': async ({ cache, loading }) => {
    const error = new Error('at once');
    const failing = loading.getOrSet('key', () => {
      throw error;
    });
    await assertFailsWith(failing, error);
    await assertMisses(cache, 'key');
  },

  'refuses what could not come back, and stores nothing': async ({ cache, loading }) => {
    for (const value of REFUSED_VALUES) {
      // A promise is awaited, whoever makes it.
      if (value instanceof Promise) continue;
      await assertFails(
        loading.getOrSet('key', () => value),
        'CACHE_VALUE_REFUSED',
        'key',
      );
    }
    await assertMisses(cache, 'key');
  },

  'answers a miss, and nothing to delete, while a value is loaded': async ({ cache, loading }) => {
    const factory = new HeldCall();
    const caller = loading.getOrSet('key', factory.call);
    await factory.begun;
    await assertMisses(cache, 'key');
    assert.equal(await cache.delete('key'), false);
    factory.answer('loaded');
    assert.equal(await caller, 'loaded');
  },

  'never overwrites a set that came during the load': async ({ cache, loading }) => {
    const factory = new HeldCall();
    const caller = loading.getOrSet('key', factory.call);
    await factory.begun;
    await cache.set('key', 'set');
    assert.equal(await loading.getOrSet('key', () => 'another load'), 'set');
    factory.answer('loaded');
    assert.equal(await caller, 'loaded');
    await assertHolds(cache, 'key', 'set');
  },

  'never undoes a delete that came during the load': async ({ cache, loading }) => {
    const factory = new HeldCall();
    const caller = loading.getOrSet('key', factory.call);
    await factory.begun;
    await cache.delete('key');
    factory.answer('loaded');
    assert.equal(await caller, 'loaded');
    await assertMisses(cache, 'key');
  },

  'never undoes a clear that came during the load': async ({ cache, loading }) => {
    const factory = new HeldCall();
    const caller = loading.getOrSet('key', factory.call);
    await factory.begun;
    await cache.clear();
    factory.answer('loaded');
    assert.equal(await caller, 'loaded');
    await assertMisses(cache, 'key');
  },

  'loads anew for a caller who comes after a delete, whatever is still under way': async ({
    cache,
    loading,
  }) => {
    const before = new HeldCall();
    const caller = loading.getOrSet('key', before.call);
    await before.begun;
    await cache.delete('key');
    assert.equal(await loading.getOrSet('key', () => 'after'), 'after');
    before.answer('before');
    assert.equal(await caller, 'before');
    await assertHolds(cache, 'key', 'after');
  },

  'gives up waiting for another load after waitFor, and leaves that load alone': async ({
    cache,
    loading,
  }) => {
    const factory = new HeldCall();
    const caller = loading.getOrSet('key', factory.call);
    await factory.begun;
    const impatient = new CountedCall(() => 'another load');
    await assertFails(
      loading.getOrSet('key', impatient.call, { waitFor: '30ms' }),
      'CACHE_LOCK_TIMEOUT',
      'key',
    );
    assert.equal(impatient.count, 0);
    factory.answer('loaded');
    assert.equal(await caller, 'loaded');
    await assertHolds(cache, 'key', 'loaded');
  },

  'gives up a load after loadFor: its signal aborts, and others may load': async ({ cache, loading }) => {
    const factory = new HeldCall<[CacheLoadContext]>();
    await assertFails(loading.getOrSet('key', factory.call, { loadFor: 30 }), 'CACHE_LOCK_TIMEOUT', 'key');
    const signal = factory.calls[0]?.[0].signal;
    assert.equal(signal?.aborted, true);
    await assertMisses(cache, 'key');
    assert.equal(await loading.getOrSet('key', () => 'in time'), 'in time');
    factory.answer('too late');
    await untilOthersHaveAsked(cache, 'key');
    await assertHolds(cache, 'key', 'in time');
  },

  'keeps its right to load for as long as the factory runs': async ({ cache, loading }) => {
    const factory = new HeldCall();
    const caller = loading.getOrSet('key', factory.call, { leaseFor: 600 });
    await factory.begun;
    await pause(800);
    const other = new CountedCall(() => 'another load');
    const waiter = loading.getOrSet('key', other.call);
    await untilOthersHaveAsked(cache, 'key');
    factory.answer('loaded');
    assert.deepEqual(await Promise.all([caller, waiter]), ['loaded', 'loaded']);
    assert.equal(other.count, 0);
    await assertHolds(cache, 'key', 'loaded');
  },

  'ends a load and everyone who waits for it when the cache is closed': async ({ cache, loading }) => {
    const factory = new HeldCall();
    const callers = Array.from({ length: 3 }, () => loading.getOrSet('key', factory.call));
    await factory.begun;
    await untilOthersHaveAsked(cache, 'key');
    const failures = callers.map((caller) => assertFails(caller, 'CACHE_CLOSED'));
    await cache.close();
    factory.answer('too late');
    await Promise.all(failures);
    await assertFails(loading.getOrSet('key', factory.call), 'CACHE_CLOSED');
  },

  'refuses what is no key, and calls no factory': async ({ loading }) => {
    const unchecked: UncheckedLoading = loading;
    const factory = new CountedCall(() => 'loaded');
    for (const key of INVALID_KEYS)
      await assertFails(unchecked.getOrSet(key, factory.call), 'CACHE_KEY_INVALID');
    assert.equal(factory.count, 0);
  },

  'refuses options that cannot work, and calls no factory': async ({ cache, loading }) => {
    const unchecked: UncheckedLoading = loading;
    const factory = new CountedCall(() => 'loaded');
    for (const [options, code] of REFUSED_LOAD_OPTIONS) {
      await assertFails(unchecked.getOrSet('key', factory.call, options), code, 'key');
    }
    assert.equal(factory.count, 0);
    await assertMisses(cache, 'key');
  },

  'takes an absent option for its default': async ({ loading }) => {
    const options = { ttl: undefined, tags: undefined, staleFor: undefined, waitFor: undefined };
    assert.equal(await loading.getOrSet('key', () => 'loaded', options), 'loaded');
  },
};

/** Loading as JavaScript sees it: no types hold anything back. */
interface UncheckedLoading {
  getOrSet(key: unknown, factory: unknown, options?: unknown): Promise<unknown>;
}
