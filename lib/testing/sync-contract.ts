import assert from 'node:assert/strict';
import { CacheHit, CacheMiss, type CacheResult } from '../contract/cache-result.js';
import { SpakkyCacheError } from '../contract/errors.js';
import { assertHolds, assertMisses, reasonOf } from './contract-assertions.js';
import type { ContractTests } from './contract-stage.js';
import {
  FALSY_VALUES,
  INVALID_KEYS,
  INVALID_TTLS,
  REFUSED_VALUES,
  RICH_VALUES,
  TENTH_SECOND,
} from './contract-values.js';
import { countsOf } from './counts.js';
import { HeldCall } from './held-call.js';

/** What a cache does that can block: the same as its awaited twins. */
export const SYNC_TESTS: ContractTests = {
  'finds and removes, blocking, what was awaited, and the other way round': async ({ cache, blocking }) => {
    assert.equal(blocking.getSync('key'), CacheMiss.instance);
    await cache.set('key', 'awaited');
    assertHit(blocking.getSync('key'), 'awaited');
    blocking.setSync('key', 'blocking');
    await assertHolds(cache, 'key', 'blocking');
    assert.equal(blocking.deleteSync('key'), true);
    await assertMisses(cache, 'key');
    assert.equal(blocking.deleteSync('key'), false);
  },

  'gives values back as they were, whichever way they were written': async ({ cache, blocking }) => {
    for (const value of [...FALSY_VALUES, ...RICH_VALUES]) {
      blocking.setSync('key', value);
      assertHit(blocking.getSync('key'), value);
      await assertHolds(cache, 'key', value);
      await cache.set('key', value);
      assertHit(blocking.getSync('key'), value);
    }
  },

  'forgets an entry when its time to live has passed': async ({ blocking, advance }) => {
    for (const [index, ttl] of TENTH_SECOND.entries()) blocking.setSync(`key:${index}`, index, { ttl });
    blocking.setSync('for ever', 'value', { ttl: null });
    await advance(150);
    for (const index of TENTH_SECOND.keys()) assert.equal(blocking.getSync(`key:${index}`).hit, false);
    assert.equal(blocking.deleteSync('key:0'), false);
    assertHit(blocking.getSync('for ever'), 'value');
  },

  'clears every entry, and may do so again': async ({ cache, blocking }) => {
    await cache.set('awaited', 1);
    blocking.setSync('blocking', 2);
    blocking.clearSync();
    await assertMisses(cache, 'awaited');
    assert.equal(blocking.getSync('blocking').hit, false);
    blocking.clearSync();
    blocking.setSync('key', 'after');
    await assertHolds(cache, 'key', 'after');
  },

  'refuses what its awaited twins refuse, in the same words': async ({ cache, blocking }) => {
    for (const key of INVALID_KEYS) {
      await assertSameFailure(cache, blocking, 'get', key);
      await assertSameFailure(cache, blocking, 'set', key, 'value');
      await assertSameFailure(cache, blocking, 'delete', key);
    }
    for (const ttl of INVALID_TTLS) await assertSameFailure(cache, blocking, 'set', 'key', 1, { ttl });
    for (const value of REFUSED_VALUES) await assertSameFailure(cache, blocking, 'set', 'key', value);
    await assertMisses(cache, 'key');
  },

  'refuses every call after it was closed, as its awaited twins do': async ({ cache, blocking }) => {
    await cache.close();
    await assertSameFailure(cache, blocking, 'get', 'key');
    await assertSameFailure(cache, blocking, 'set', 'key', 1);
    await assertSameFailure(cache, blocking, 'delete', 'key');
    await assertSameFailure(cache, blocking, 'clear');
  },
};

/** What a cache does that can block and removes entries by their tags. */
export const TAGGED_SYNC_TESTS: ContractTests = {
  'judges an entry by its tags, whichever way it was written': async ({ blocking, tagged }) => {
    blocking.setSync('blocking', 1, { tags: ['a', 'b'] });
    await tagged.set('awaited', 2, { tags: ['b'] });
    blocking.setSync('kept', 3, { tags: ['c'] });
    assertHit(blocking.getSync('blocking'), 1);
    assertHit(blocking.getSync('awaited'), 2);
    await tagged.evictTags('b');
    assert.equal(blocking.getSync('blocking').hit, false);
    assert.equal(blocking.getSync('awaited').hit, false);
    assertHit(blocking.getSync('kept'), 3);
  },
};

/** What a cache does that can block and loads missing values. */
export const LOADED_SYNC_TESTS: ContractTests = {
  'wins over a load that is under way': async ({ cache, blocking, loading }) => {
    const factory = new HeldCall();
    const load = loading.getOrSet('key', factory.call);
    await factory.begun;
    assert.equal(blocking.getSync('key').hit, false);
    blocking.setSync('key', 'blocking');
    factory.answer('loaded');
    assert.equal(await load, 'loaded');
    await assertHolds(cache, 'key', 'blocking');
  },
};

/** What a cache does that can block and counts. */
export const SYNC_METRICS_TESTS: ContractTests = {
  'counts blocking calls as their awaited twins': async (stage) => {
    const { cache, blocking } = stage;
    const awaited = await countsOf(stage, async () => {
      await cache.set('key', 'value');
      await cache.get('key');
      await cache.get('absent');
      await cache.delete('key');
      await cache.clear();
      await reasonOf(cache.get(''));
    });
    const unawaited = await countsOf(stage, async () => {
      blocking.setSync('key', 'value');
      blocking.getSync('key');
      blocking.getSync('absent');
      blocking.deleteSync('key');
      blocking.clearSync();
      thrownBy(() => blocking.getSync(''));
    });
    assert.deepEqual(unawaited, awaited);
  },
};

/** A cache as JavaScript sees it: no types hold anything back. */
interface UncheckedCache {
  get(...args: readonly unknown[]): Promise<unknown>;
  set(...args: readonly unknown[]): Promise<unknown>;
  delete(...args: readonly unknown[]): Promise<unknown>;
  clear(...args: readonly unknown[]): Promise<unknown>;
}

interface UncheckedTwins {
  getSync(...args: readonly unknown[]): unknown;
  setSync(...args: readonly unknown[]): unknown;
  deleteSync(...args: readonly unknown[]): unknown;
  clearSync(...args: readonly unknown[]): unknown;
}

function assertHit(result: CacheResult<unknown>, value: unknown): void {
  assert.deepEqual(result, new CacheHit(value));
}

async function assertSameFailure(
  cache: UncheckedCache,
  blocking: UncheckedTwins,
  method: keyof UncheckedCache,
  ...args: readonly unknown[]
): Promise<void> {
  const twin = `${method}Sync` as const;
  const thrown = thrownBy(() => blocking[twin](...args));
  const reason = await reasonOf(cache[method](...args));
  assert.ok(
    thrown instanceof SpakkyCacheError,
    `expected an error of the cache, but found ${String(thrown)}`,
  );
  assert.ok(
    reason instanceof SpakkyCacheError,
    `expected an error of the cache, but found ${String(reason)}`,
  );
  assert.deepEqual(factsOf(thrown), factsOf(reason));
}

function factsOf({ name, code, key, message }: SpakkyCacheError): object {
  return { name, code, key, message };
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
