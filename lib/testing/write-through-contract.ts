import assert from 'node:assert/strict';
import type { ICache } from '../contract/cache.interface.js';
import { CacheHit, CacheMiss } from '../contract/cache-result.js';
import {
  assertFails,
  assertFailsWith,
  assertHolds,
  assertMisses,
  assertSoon,
  pause,
  untilOthersHaveAsked,
} from './contract-assertions.js';
import type { ContractTests } from './contract-stage.js';
import { FALSY_VALUES, INVALID_KEYS, REFUSED_VALUES, REFUSED_WRITE_OPTIONS } from './contract-values.js';
import { CountedCall, HeldCall } from './held-call.js';

/** What a cache does that writes origins first. */
export const WRITE_THROUGH_TESTS: ContractTests = {
  'writes the origin first, then the entry': async ({ cache, policy }) => {
    await cache.set('there', 'old');
    for (const [key, before] of [
      ['there', new CacheHit('old')],
      ['absent', CacheMiss.instance],
    ] as const) {
      const writer = new HeldCall<[unknown, string]>();
      const writing = policy.writeThrough(key, 'new', writer.call);
      await writer.begun;
      assert.deepEqual(await cache.get(key), before);
      writer.answer('what a writer answers is of no interest');
      await writing;
      assert.deepEqual(writer.calls, [['new', key]]);
      await assertHolds(cache, key, 'new');
    }
  },

  'leaves the cache as it was when the writer fails, and gives its own error': async ({ cache, policy }) => {
    await cache.set('there', 'old');
    const error = new Error('the origin is down');
    for (const key of ['there', 'absent']) {
      const rejecting = policy.writeThrough(key, 'new', () => Promise.reject(error));
      await assertFailsWith(rejecting, error);
      const throwing = policy.writeThrough(key, 'new', () => {
        throw error;
      });
      await assertFailsWith(throwing, error);
    }
    await assertHolds(cache, 'there', 'old');
    await assertMisses(cache, 'absent');
    await policy.writeThrough('absent', 'new', () => undefined);
    await assertHolds(cache, 'absent', 'new');
  },

  'writes values that look like nothing': async ({ cache, policy }) => {
    for (const value of FALSY_VALUES) {
      await policy.writeThrough('key', value, () => undefined);
      await assertHolds(cache, 'key', value);
    }
  },

  'forgets what it has written when the time to live has passed': async ({ cache, policy, advance }) => {
    await policy.writeThrough('key', 1, () => undefined, { ttl: 100 });
    await assertHolds(cache, 'key', 1);
    await advance(150);
    await assertMisses(cache, 'key');
  },

  'calls no writer for what the cache refuses': async ({ cache, policy }) => {
    const unchecked: UncheckedPolicy = policy;
    const writer = new CountedCall(() => undefined);
    for (const key of INVALID_KEYS) {
      await assertFails(unchecked.writeThrough(key, 1, writer.call), 'CACHE_KEY_INVALID');
    }
    for (const value of REFUSED_VALUES) {
      await assertFails(policy.writeThrough('key', value, writer.call), 'CACHE_VALUE_REFUSED', 'key');
    }
    for (const [options, code] of REFUSED_WRITE_OPTIONS) {
      await assertFails(unchecked.writeThrough('key', 1, writer.call, options), code, 'key');
    }
    await cache.close();
    await assertFails(policy.writeThrough('key', 1, writer.call), 'CACHE_CLOSED');
    assert.equal(writer.count, 0);
  },

  'never leaves cache and origin different after overlapping writers': async ({ cache, policy }) => {
    for (let round = 0; round < 5; round += 1) {
      const origin = new Origin();
      await Promise.all(
        [1, 2, 3, 4, 5].map((value) => policy.writeThrough('key', value, origin.write(Math.random() * 4))),
      );
      await assertEqualsOrMisses(cache, 'key', origin.value);
    }
  },

  'never leaves cache and origin different after a set, delete or clear during the write': async ({
    cache,
    policy,
  }) => {
    for (const interfere of [
      () => cache.set('key', 'set'),
      () => cache.delete('key'),
      () => cache.clear(),
      () => cache.delete('key').then(() => cache.set('key', 'set')),
    ]) {
      for (const before of ['there', 'absent']) {
        await (before === 'there' ? cache.set('key', 'old') : cache.delete('key'));
        const writer = new HeldCall();
        const writing = policy.writeThrough('key', 'new', writer.call);
        await writer.begun;
        await interfere();
        writer.answer(undefined);
        await writing;
        await assertEqualsOrMisses(cache, 'key', 'new');
      }
    }
  },

  'keeps what is set after it': async ({ cache, policy }) => {
    await policy.writeThrough('key', 'written through', () => undefined);
    await cache.set('key', 'set');
    await assertHolds(cache, 'key', 'set');
    assert.equal(await cache.delete('key'), true);
    await assertMisses(cache, 'key');
  },
};

/** What a cache does that writes origins first and loads missing values from them. */
export const LOADED_WRITE_THROUGH_TESTS: ContractTests = {
  'lets loads wait for a write of an absent key, and gives them its value': async ({
    cache,
    policy,
    loading,
  }) => {
    const writer = new HeldCall();
    const writing = policy.writeThrough('key', 'written', writer.call);
    await writer.begun;
    const factory = new CountedCall(() => 'loaded');
    const callers = Array.from({ length: 10 }, () => loading.getOrSet('key', factory.call));
    await untilOthersHaveAsked(cache, 'key');
    writer.answer(undefined);
    await writing;
    assert.deepEqual(
      await Promise.all(callers),
      callers.map(() => 'written'),
    );
    assert.equal(factory.count, 0);
  },

  'lets loads go on when the write of an absent key has failed': async ({ cache, policy, loading }) => {
    const writer = new HeldCall();
    const error = new Error('the origin is down');
    const writing = assertFailsWith(policy.writeThrough('key', 'written', writer.call), error);
    await writer.begun;
    const caller = loading.getOrSet('key', () => 'loaded');
    await untilOthersHaveAsked(cache, 'key');
    writer.fail(error);
    await writing;
    assert.equal(await caller, 'loaded');
    await assertHolds(cache, 'key', 'loaded');
  },

  'never lets a load that began before a write bring the old value back': async ({
    cache,
    policy,
    loading,
  }) => {
    const factory = new HeldCall();
    const caller = loading.getOrSet('key', factory.call);
    await factory.begun;
    await policy.writeThrough('key', 'new', () => undefined);
    factory.answer('old');
    assert.equal(await caller, 'old');
    await assertEqualsOrMisses(cache, 'key', 'new');
  },

  'never lets a load that ends during a write bring the old value back': async ({
    cache,
    policy,
    loading,
  }) => {
    const factory = new HeldCall();
    const caller = loading.getOrSet('key', factory.call);
    await factory.begun;
    const writer = new HeldCall();
    const writing = policy.writeThrough('key', 'new', writer.call);
    await writer.begun;
    factory.answer('old');
    assert.equal(await caller, 'old');
    writer.answer(undefined);
    await writing;
    await assertEqualsOrMisses(cache, 'key', 'new');
  },

  'never leaves cache and origin different after overlapping writers and loads': async ({
    cache,
    policy,
    loading,
  }) => {
    for (let round = 0; round < 5; round += 1) {
      const origin = new Origin();
      const read = async (): Promise<unknown> => {
        const { value } = origin;
        await pause(Math.random() * 4);
        return value;
      };
      await cache.delete('key');
      await Promise.all([
        ...[1, 2, 3].map((value) => policy.writeThrough('key', value, origin.write(Math.random() * 4))),
        ...[1, 2, 3].map(() => pause(Math.random() * 4).then(() => loading.getOrSet('key', read))),
      ]);
      await assertEqualsOrMisses(cache, 'key', origin.value);
    }
  },
};

/** What a cache does that keeps an origin in step and removes entries by their tags. */
export const TAGGED_WRITE_TESTS: ContractTests = {
  'evicts what was written through or behind': async ({ cache, policy, tagged }) => {
    const writer = new CountedCall(() => undefined);
    await policy.writeThrough('through', 1, writer.call, { tags: ['a'] });
    await policy.writeBehind('behind', 2, writer.call, { tags: ['a', 'b'] });
    await assertSoon(() => writer.count === 2);
    await assertHolds(cache, 'through', 1);
    await assertHolds(cache, 'behind', 2);
    await tagged.evictTags('a');
    await assertMisses(cache, 'through');
    await assertMisses(cache, 'behind');
  },

  'does not keep what an eviction during the write concerns': async ({ cache, policy, tagged }) => {
    const writer = new HeldCall();
    const writing = policy.writeThrough('key', 'new', writer.call, { tags: ['a'] });
    await writer.begun;
    await tagged.evictTags('a');
    writer.answer(undefined);
    await writing;
    await assertMisses(cache, 'key');
  },
};

/** Where values come from. */
class Origin {
  value: unknown;

  /** A writer that takes a while, before it and after it. */
  write(milliseconds: number): (value: unknown) => Promise<void> {
    return async (value) => {
      await pause(milliseconds);
      this.value = value;
      await pause(milliseconds);
    };
  }
}

async function assertEqualsOrMisses(cache: ICache, key: string, value: unknown): Promise<void> {
  const result = await cache.get(key);
  if (result.hit) assert.deepEqual(result.value, value);
}

/** Write policies as JavaScript sees them: no types hold anything back. */
interface UncheckedPolicy {
  writeThrough(key: unknown, value: unknown, writer: unknown, options?: unknown): Promise<unknown>;
}
