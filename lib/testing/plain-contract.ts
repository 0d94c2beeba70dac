import assert from 'node:assert/strict';
import { CacheHit, CacheMiss } from '../contract/cache-result.js';
import { assertFails, assertHolds } from './contract-assertions.js';
import type { ContractTests } from './contract-stage.js';
import {
  FALSY_VALUES,
  INVALID_KEYS,
  INVALID_TTLS,
  REFUSED_VALUES,
  RICH_VALUES,
  TENTH_SECOND,
  UNUSUAL_KEYS,
} from './contract-values.js';

/** What every cache does: hit, miss, time to live, keys, copies and errors. */
export const PLAIN_TESTS: ContractTests = {
  'answers the one miss for a key that was never written': async ({ cache }) => {
    const result = await cache.get('absent');
    assert.equal(result.hit, false);
    assert.equal(result, CacheMiss.instance);
  },

  'answers a hit with the value that was written': async ({ cache }) => {
    await cache.set('profile:42', { name: 'Ada' });
    const result = await cache.get('profile:42');
    assert.ok(result instanceof CacheHit && result.hit);
    assert.deepEqual(result.value, { name: 'Ada' });
  },

  'tells values that look like nothing from a miss': async ({ cache }) => {
    for (const value of FALSY_VALUES) {
      await cache.set('falsy', value);
      await assertHolds(cache, 'falsy', value);
    }
  },

  'gives rich values back as they were': async ({ cache }) => {
    for (const value of RICH_VALUES) {
      await cache.set('rich', value);
      await assertHolds(cache, 'rich', value);
    }
  },

  'refuses what could not come back, and keeps what was there': async ({ cache }) => {
    await cache.set('key', 'before');
    for (const value of REFUSED_VALUES) {
      await assertFails(cache.set('key', value), 'CACHE_VALUE_REFUSED', 'key');
    }
    await assertHolds(cache, 'key', 'before');
  },

  'stores a copy and reads copies': async ({ cache }) => {
    const original = { list: [1] };
    await cache.set('key', original);
    original.list.push(2);
    const first = await cache.get('key');
    assert.ok(first.hit);
    assert.deepEqual(first.value, { list: [1] });
    Object.assign(Object(first.value), { list: 'changed' });
    await assertHolds(cache, 'key', { list: [1] });
  },

  'replaces the value and its time to live': async ({ cache, advance }) => {
    await cache.set('key', 'short', { ttl: 100 });
    await cache.set('key', 'long');
    await advance(200);
    await assertHolds(cache, 'key', 'long');
  },

  'forgets an entry when its time to live has passed, whichever way it was written': async ({
    cache,
    advance,
  }) => {
    for (const [index, ttl] of TENTH_SECOND.entries()) await cache.set(`key:${index}`, index, { ttl });
    for (const index of TENTH_SECOND.keys()) await assertHolds(cache, `key:${index}`, index);
    await advance(150);
    for (const index of TENTH_SECOND.keys()) assert.equal((await cache.get(`key:${index}`)).hit, false);
  },

  'takes an absent or null time to live for none': async ({ cache }) => {
    await cache.set('absent', 1, {});
    await cache.set('undefined', 2, { ttl: undefined });
    await cache.set('null', 3, { ttl: null });
    await assertHolds(cache, 'absent', 1);
    await assertHolds(cache, 'undefined', 2);
    await assertHolds(cache, 'null', 3);
  },

  'refuses a time to live that is none, and writes nothing': async ({ cache }) => {
    const unchecked: UncheckedCache = cache;
    for (const ttl of INVALID_TTLS) {
      await assertFails(unchecked.set('key', 'value', { ttl }), 'CACHE_TTL_INVALID', 'key');
    }
    assert.equal((await cache.get('key')).hit, false);
  },

  'refuses a bare number where options belong': async ({ cache }) => {
    const unchecked: UncheckedCache = cache;
    await assertFails(unchecked.set('key', 'value', 5_000), 'CACHE_TTL_INVALID', 'key');
    assert.equal((await cache.get('key')).hit, false);
  },

  'refuses what is no key, in every method': async ({ cache }) => {
    const unchecked: UncheckedCache = cache;
    for (const key of INVALID_KEYS) {
      await assertFails(unchecked.get(key), 'CACHE_KEY_INVALID');
      await assertFails(unchecked.set(key, 'value'), 'CACHE_KEY_INVALID');
      await assertFails(unchecked.delete(key), 'CACHE_KEY_INVALID');
    }
  },

  'keeps unusual keys apart': async ({ cache }) => {
    for (const [index, key] of UNUSUAL_KEYS.entries()) await cache.set(key, index);
    for (const [index, key] of UNUSUAL_KEYS.entries()) await assertHolds(cache, key, index);
  },

  'says whether a deleted key held an entry': async ({ cache }) => {
    await cache.set('key', undefined);
    assert.equal(await cache.delete('key'), true);
    assert.equal(await cache.delete('key'), false);
    assert.equal((await cache.get('key')).hit, false);
  },

  'does not count an entry past its time to live as deleted': async ({ cache, advance }) => {
    await cache.set('key', 1, { ttl: 50 });
    await advance(100);
    assert.equal(await cache.delete('key'), false);
  },

  'clears every entry, and may do so again': async ({ cache }) => {
    await Promise.all(UNUSUAL_KEYS.map((key) => cache.set(key, 1)));
    await cache.clear();
    for (const key of UNUSUAL_KEYS) assert.equal((await cache.get(key)).hit, false);
    await cache.clear();
    await cache.set('key', 'after');
    await assertHolds(cache, 'key', 'after');
  },

  'gives a hundred concurrent callers each their own value': async ({ cache }) => {
    const keys = Array.from({ length: 100 }, (_, index) => `key:${index}`);
    await Promise.all(keys.map((key) => cache.set(key, `value of ${key}`)));
    const results = await Promise.all(keys.map((key) => cache.get(key)));
    const values = results.map((result) => result.hit && result.value);
    assert.deepEqual(
      values,
      keys.map((key) => `value of ${key}`),
    );
  },

  'keeps the order of operations on one key that nobody waited for': async ({ cache }) => {
    const operations = [cache.set('key', 1), cache.delete('key'), cache.set('key', 2), cache.set('key', 3)];
    const read = cache.get('key');
    await Promise.all(operations);
    assert.deepEqual(await read, new CacheHit(3));
  },

  'refuses every call after it was closed, which may be repeated': async ({ cache }) => {
    await cache.close();
    await cache.close();
    await assertFails(cache.get('key'), 'CACHE_CLOSED');
    await assertFails(cache.set('key', 1), 'CACHE_CLOSED');
    await assertFails(cache.delete('key'), 'CACHE_CLOSED');
    await assertFails(cache.clear(), 'CACHE_CLOSED');
  },
};

/** A cache as JavaScript sees it: no types hold anything back. */
interface UncheckedCache {
  get(key: unknown): Promise<unknown>;
  set(key: unknown, value?: unknown, options?: unknown): Promise<unknown>;
  delete(key: unknown): Promise<unknown>;
}
