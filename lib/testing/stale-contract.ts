import assert from 'node:assert/strict';
import type { CacheLoadOptions } from '../contract/capabilities.js';
import {
  assertFailsWith,
  assertHolds,
  assertMisses,
  assertSoon,
  untilOthersHaveAsked,
} from './contract-assertions.js';
import type { ContractStage, ContractTests } from './contract-stage.js';
import { CountedCall, HeldCall } from './held-call.js';

const STALE = { ttl: '1m', staleFor: '1m', pauseFor: '1m' } as const;
const ERROR = new Error('the origin is down');

/** What a cache does with values that have expired and stay as a safety net, or that are refreshed early. */
export const STALE_TESTS: ContractTests = {
  'serves an expired value at once while one caller refreshes it': async (stage) => {
    const { cache, loading } = stage;
    await expire(stage, 'key', 'old');
    const factory = new HeldCall();
    const owner = loading.getOrSet('key', factory.call, STALE);
    await factory.begun;
    const others = Array.from({ length: 10 }, () => loading.getOrSet('key', factory.call, STALE));
    assert.deepEqual(
      await Promise.all(others),
      others.map(() => 'old'),
    );
    factory.answer('new');
    assert.equal(await owner, 'new');
    assert.equal(factory.calls.length, 1);
    await assertHolds(cache, 'key', 'new');
  },

  'answers a miss to get for an expired value that could serve': async (stage) => {
    await expire(stage, 'key', 'old');
    await assertMisses(stage.cache, 'key');
    assert.equal(await stage.loading.getOrSet('key', failing().call, STALE), 'old');
    await assertMisses(stage.cache, 'key');
  },

  'goes on serving when a refresh fails, and starts no other one during the pause': async (stage) => {
    await expire(stage, 'key', 'old');
    const factory = failing();
    for (let call = 0; call < 5; call += 1) {
      assert.equal(await stage.loading.getOrSet('key', factory.call, STALE), 'old');
    }
    assert.equal(factory.count, 1);
  },

  'refreshes again when the pause is over': async (stage) => {
    await expire(stage, 'key', 'old');
    const options = { ...STALE, pauseFor: 50 };
    assert.equal(await stage.loading.getOrSet('key', failing().call, options), 'old');
    await stage.advance(100);
    assert.equal(await stage.loading.getOrSet('key', () => 'new', options), 'new');
    await assertHolds(stage.cache, 'key', 'new');
  },

  'goes on serving when a refresh takes longer than loadFor': async (stage) => {
    await expire(stage, 'key', 'old');
    const factory = new HeldCall();
    const options = { ...STALE, loadFor: 30 };
    assert.equal(await stage.loading.getOrSet('key', factory.call, options), 'old');
    assert.equal(await stage.loading.getOrSet('key', factory.call, options), 'old');
    assert.equal(factory.calls.length, 1);
  },

  'serves nothing that is older than staleFor': async (stage) => {
    await expire(stage, 'key', 'old', { ttl: 30, staleFor: 30 });
    await assertFailsWith(stage.loading.getOrSet('key', failing().call, STALE), ERROR);
  },

  'loads for a caller who wants no stale value': async (stage) => {
    await expire(stage, 'key', 'old');
    assert.equal(await stage.loading.getOrSet('key', () => 'new'), 'new');
    await assertHolds(stage.cache, 'key', 'new');
  },

  'lets a caller who wants no stale value wait for the refresh': async (stage) => {
    await expire(stage, 'key', 'old');
    const factory = new HeldCall();
    const owner = stage.loading.getOrSet('key', factory.call, STALE);
    await factory.begun;
    const waiter = stage.loading.getOrSet('key', factory.call);
    await untilOthersHaveAsked(stage.cache, 'key');
    factory.answer('new');
    assert.deepEqual(await Promise.all([owner, waiter]), ['new', 'new']);
    assert.equal(factory.calls.length, 1);
  },

  'removes an expired value with delete, which says that there was none': async (stage) => {
    await expire(stage, 'key', 'old');
    assert.equal(await stage.cache.delete('key'), false);
    await assertFailsWith(stage.loading.getOrSet('key', failing().call, STALE), ERROR);
  },

  'removes an expired value with clear': async (stage) => {
    await expire(stage, 'key', 'old');
    await stage.cache.clear();
    await assertFailsWith(stage.loading.getOrSet('key', failing().call, STALE), ERROR);
  },

  'replaces an expired value with set': async (stage) => {
    await expire(stage, 'key', 'old');
    await stage.cache.set('key', 'set');
    await assertHolds(stage.cache, 'key', 'set');
    assert.equal(await stage.loading.getOrSet('key', failing().call, STALE), 'set');
  },

  'never overwrites a set or undoes a delete that came during a refresh': async (stage) => {
    const { cache, loading } = stage;
    await Promise.all(['set', 'deleted'].map((key) => expire(stage, key, 'old')));
    const factory = new HeldCall();
    const owners = ['set', 'deleted'].map((key) => loading.getOrSet(key, factory.call, STALE));
    await assertSoon(() => factory.calls.length === 2);
    await cache.set('set', 'set');
    await cache.delete('deleted');
    factory.answer('new');
    assert.deepEqual(await Promise.all(owners), ['new', 'new']);
    await assertHolds(cache, 'set', 'set');
    await assertMisses(cache, 'deleted');
  },

  'leaves a refresh that takes longer than factoryTimeout to the background': async (stage) => {
    await expire(stage, 'key', 'old');
    const factory = new HeldCall();
    const options = { ...STALE, factoryTimeout: 30 };
    assert.equal(await stage.loading.getOrSet('key', factory.call, options), 'old');
    assert.equal(await stage.loading.getOrSet('key', factory.call, options), 'old');
    factory.answer('new');
    await assertSoon(async () => (await stage.cache.get('key')).hit);
    await assertHolds(stage.cache, 'key', 'new');
    assert.equal(factory.calls.length, 1);
  },

  'waits for a slow factory where nothing can serve meanwhile': async ({ loading }) => {
    const factory = new HeldCall();
    const caller = loading.getOrSet('key', factory.call, { ...STALE, factoryTimeout: 10 });
    setTimeout(() => factory.answer('loaded'), 50);
    assert.equal(await caller, 'loaded');
  },

  'refreshes a fresh value early in the background, while it serves everyone': async ({ cache, loading }) => {
    const options = { ttl: '1h', refreshEarly: 1e12 } as const;
    await loading.getOrSet('key', () => 'old', options);
    const factory = new HeldCall();
    assert.equal(await loading.getOrSet('key', factory.call, options), 'old');
    await factory.begun;
    assert.equal(await loading.getOrSet('key', factory.call, options), 'old');
    await assertHolds(cache, 'key', 'old');
    factory.answer('new');
    await assertSoon(async () => (await loading.getOrSet('key', () => 'newer')) === 'new');
    assert.equal(factory.calls.length, 1);
  },

  'keeps a fresh value whose early refresh fails': async ({ cache, loading }) => {
    const options = { ttl: '1h', refreshEarly: 1e12, pauseFor: '1m' } as const;
    await loading.getOrSet('key', () => 'old', options);
    const factory = failing();
    assert.equal(await loading.getOrSet('key', factory.call, options), 'old');
    await assertSoon(() => factory.count === 1);
    await untilOthersHaveAsked(cache, 'key');
    assert.equal(await loading.getOrSet('key', factory.call, options), 'old');
    await untilOthersHaveAsked(cache, 'key');
    assert.equal(factory.count, 1);
    await assertHolds(cache, 'key', 'old');
  },

  'counts a fresh value that is being refreshed early as deleted': async ({ cache, loading }) => {
    const options = { ttl: '1h', refreshEarly: 1e12 } as const;
    await loading.getOrSet('key', () => 'old', options);
    const factory = new HeldCall();
    await loading.getOrSet('key', factory.call, options);
    await factory.begun;
    assert.equal(await cache.delete('key'), true);
    factory.answer('new');
    await untilOthersHaveAsked(cache, 'key');
    await assertMisses(cache, 'key');
  },
};

/** Loads a value and lets its time to live pass. */
async function expire(
  { loading, advance }: ContractStage,
  key: string,
  value: unknown,
  options: CacheLoadOptions = { ttl: 50, staleFor: '1m' },
): Promise<void> {
  await loading.getOrSet(key, () => value, options);
  await advance(80);
}

function failing(): CountedCall<never> {
  return new CountedCall(() => {
    throw ERROR;
  });
}
