import assert from 'node:assert/strict';
import { assertFails, assertHolds, assertMisses, assertSoon } from './contract-assertions.js';
import type { ContractTests } from './contract-stage.js';
import { FALSY_VALUES, INVALID_KEYS, REFUSED_VALUES, REFUSED_WRITE_OPTIONS } from './contract-values.js';
import { CountedCall, HeldCall } from './held-call.js';

/** What a cache does that writes origins in the background. */
export const WRITE_BEHIND_TESTS: ContractTests = {
  'writes the entry at once, and the origin in the background': async ({ cache, policy }) => {
    const writer = new HeldCall<[unknown, string]>();
    await policy.writeBehind('key', 'new', writer.call);
    await assertHolds(cache, 'key', 'new');
    await writer.begun;
    assert.deepEqual(writer.calls, [['new', 'key']]);
    writer.answer('what a writer answers is of no interest');
    await assertHolds(cache, 'key', 'new');
  },

  'writes values that look like nothing': async ({ cache, policy }) => {
    const written: unknown[] = [];
    for (const [index, value] of FALSY_VALUES.entries()) {
      await policy.writeBehind(`falsy:${index}`, value, () => written.push(value));
      await assertHolds(cache, `falsy:${index}`, value);
    }
    await assertSoon(() => written.length === FALSY_VALUES.length);
  },

  'writes the origin of one key in order, a later value in the place of one that waits': async ({
    cache,
    policy,
  }) => {
    const first = new HeldCall();
    await policy.writeBehind('key', 1, first.call);
    await first.begun;
    const written: unknown[] = [];
    for (const value of [2, 3, 4]) await policy.writeBehind('key', value, (latest) => written.push(latest));
    await assertHolds(cache, 'key', 4);
    assert.deepEqual(written, []);
    first.answer(undefined);
    await assertSoon(() => written.length > 0);
    assert.deepEqual(written, [4]);
    await assertHolds(cache, 'key', 4);
  },

  'ends with the last of many values that nobody waited for': async ({ cache, policy }) => {
    let origin: unknown;
    const values = Array.from({ length: 20 }, (_, index) => index);
    await Promise.all(
      values.map((value) =>
        policy.writeBehind('key', value, async (latest) => {
          await Promise.resolve();
          origin = latest;
        }),
      ),
    );
    await assertSoon(() => origin === 19);
    await assertHolds(cache, 'key', 19);
  },

  'writes different keys side by side': async ({ policy }) => {
    const slow = new HeldCall();
    await policy.writeBehind('slow', 1, slow.call);
    const other = new CountedCall(() => undefined);
    await policy.writeBehind('other', 2, other.call);
    await assertSoon(() => other.count === 1);
    slow.answer(undefined);
  },

  'tries again when the writer fails': async ({ cache, policy }) => {
    let attempts = 0;
    let isWritten = false;
    await policy.writeBehind('key', 'new', () => {
      attempts += 1;
      if (attempts === 1) throw new Error('the origin is down');
      isWritten = true;
    });
    await assertSoon(() => isWritten);
    assert.equal(attempts, 2);
    await assertHolds(cache, 'key', 'new');
  },

  'removes an entry that is no longer its own once the origin is written': async ({ cache, policy }) => {
    const writer = new HeldCall();
    await policy.writeBehind('key', 'written behind', writer.call);
    await writer.begun;
    await cache.set('key', 'set meanwhile');
    await assertHolds(cache, 'key', 'set meanwhile');
    writer.answer(undefined);
    await assertSoon(async () => !(await cache.get('key')).hit);
  },

  'leaves a deleted entry deleted': async ({ cache, policy }) => {
    const writer = new HeldCall();
    await policy.writeBehind('key', 1, writer.call);
    await writer.begun;
    assert.equal(await cache.delete('key'), true);
    writer.answer(undefined);
    const next = new CountedCall(() => undefined);
    await policy.writeBehind('next', 1, next.call);
    await assertSoon(() => next.count === 1);
    await assertMisses(cache, 'key');
  },

  'forgets what it has written when the time to live has passed': async ({ cache, policy, advance }) => {
    await policy.writeBehind('key', 1, () => undefined, { ttl: 100 });
    await assertHolds(cache, 'key', 1);
    await advance(150);
    await assertMisses(cache, 'key');
  },

  'still writes the origins of what it had taken when it was closed': async ({ cache, policy }) => {
    const written = new Map<string, unknown>();
    for (const value of [1, 2, 3]) {
      await policy.writeBehind(`key:${value}`, value, async (latest, key) => {
        await Promise.resolve();
        written.set(key, latest);
      });
    }
    await cache.close();
    await assertSoon(() => written.size === 3);
  },

  'calls no writer for what the cache refuses': async ({ cache, policy }) => {
    const unchecked: UncheckedPolicy = policy;
    const writer = new CountedCall(() => undefined);
    for (const key of INVALID_KEYS) {
      await assertFails(unchecked.writeBehind(key, 1, writer.call), 'CACHE_KEY_INVALID');
    }
    for (const value of REFUSED_VALUES) {
      await assertFails(policy.writeBehind('key', value, writer.call), 'CACHE_VALUE_REFUSED', 'key');
    }
    for (const [options, code] of REFUSED_WRITE_OPTIONS) {
      await assertFails(unchecked.writeBehind('key', 1, writer.call, options), code, 'key');
    }
    await assertMisses(cache, 'key');
    await cache.close();
    await assertFails(policy.writeBehind('key', 1, writer.call), 'CACHE_CLOSED');
    assert.equal(writer.count, 0);
  },
};

/** Write policies as JavaScript sees them: no types hold anything back. */
interface UncheckedPolicy {
  writeBehind(key: unknown, value: unknown, writer: unknown, options?: unknown): Promise<unknown>;
}
