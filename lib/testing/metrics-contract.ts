import assert from 'node:assert/strict';
import { assertFails, assertFailsWith, assertSoon } from './contract-assertions.js';
import type { ContractTests } from './contract-stage.js';
import { countsOf, flat } from './counts.js';
import { CountedCall, HeldCall } from './held-call.js';

/** What a cache does that counts. */
export const METRICS_TESTS: ContractTests = {
  'has counted nothing before it was used': async ({ counting }) => {
    for (const [name, count] of flat(counting.metrics())) assert.equal(count, 0, name);
  },

  'counts hits and misses, and the bytes that were read': async (stage) => {
    await stage.cache.set('key', 'x'.repeat(1_000));
    const { bytesIn, ...counts } = await countsOf(stage, async ({ cache }) => {
      await cache.get('key');
      await cache.get('key');
      await cache.get('absent');
    });
    assert.deepEqual(counts, { hits: 2, misses: 1 });
    assert.ok(bytesIn !== undefined && bytesIn >= 2_000 && bytesIn < 2_200, `${bytesIn} bytes in`);
  },

  'counts writes, and the bytes that were written': async (stage) => {
    const { bytesOut, ...counts } = await countsOf(stage, async ({ cache }) => {
      await cache.set('key', 'x'.repeat(1_000));
      await cache.set('key', 'x'.repeat(1_000), { ttl: 100 });
    });
    assert.deepEqual(counts, { writes: 2 });
    assert.ok(bytesOut !== undefined && bytesOut >= 2_000 && bytesOut < 2_200, `${bytesOut} bytes out`);
  },

  'counts deletes and clears': async (stage) => {
    const counts = await countsOf(stage, async ({ cache }) => {
      await cache.delete('absent');
      await cache.delete('absent');
      await cache.clear();
    });
    assert.deepEqual(counts, { deletes: 2, clears: 1 });
  },

  'counts an expired entry as a miss': async (stage) => {
    await stage.cache.set('key', 1, { ttl: 50 });
    await stage.advance(100);
    assert.deepEqual(await countsOf(stage, ({ cache }) => cache.get('key')), { misses: 1 });
  },

  'counts errors by their code': async (stage) => {
    const counts = await countsOf(stage, async ({ cache }) => {
      await assertFails(cache.get(''), 'CACHE_KEY_INVALID');
      await assertFails(cache.delete(''), 'CACHE_KEY_INVALID');
      await assertFails(cache.set('key', 1, { ttl: 0 }), 'CACHE_TTL_INVALID');
      await assertFails(
        cache.set('key', () => 1),
        'CACHE_VALUE_REFUSED',
      );
    });
    assert.deepEqual(counts, {
      'error CACHE_KEY_INVALID': 2,
      'error CACHE_TTL_INVALID': 1,
      'error CACHE_VALUE_REFUSED': 1,
    });
  },

  'answers a snapshot that changes no more': async ({ cache, counting }) => {
    const before = counting.metrics();
    await cache.get('absent');
    await assertFails(cache.get(''), 'CACHE_KEY_INVALID');
    assert.equal(before.misses, 0);
    assert.deepEqual(before.errors, {});
    assert.equal(counting.metrics().misses, 1);
  },

  'still tells what it has counted after it was closed': async ({ cache, counting }) => {
    await cache.get('absent');
    await cache.close();
    assert.equal(counting.metrics().misses, 1);
  },
};

/** What a cache does that counts and loads missing values. */
export const LOAD_METRICS_TESTS: ContractTests = {
  'counts one miss, one load and one write, and everyone else as waiting': async (stage) => {
    const { bytesOut, ...counts } = await countsOf(stage, async ({ loading, counting }) => {
      const factory = new HeldCall();
      const callers = Array.from({ length: 10 }, () => loading.getOrSet('key', factory.call));
      await assertSoon(() => counting.metrics().loadWaits === 9);
      factory.answer('x'.repeat(1_000));
      await Promise.all(callers);
    });
    assert.deepEqual(counts, { misses: 1, loads: 1, loadWaits: 9, writes: 1 });
    assert.ok(bytesOut !== undefined && bytesOut >= 1_000 && bytesOut < 1_100, `${bytesOut} bytes out`);
  },

  'counts what was found as a hit': async (stage) => {
    await stage.cache.set('key', 1);
    const { bytesIn, ...counts } = await countsOf(stage, ({ loading }) => loading.getOrSet('key', () => 2));
    assert.deepEqual(counts, { hits: 1 });
    assert.ok(bytesIn !== undefined && bytesIn > 0);
  },

  'counts expired values that served, and the refresh that failed': async (stage) => {
    const options = { ttl: 50, staleFor: '1m', pauseFor: '1m' } as const;
    await stage.loading.getOrSet('key', () => 'old', options);
    await stage.advance(100);
    const { bytesIn, ...counts } = await countsOf(stage, async ({ loading }) => {
      const failing = new CountedCall(() => {
        throw new Error('the origin is down');
      });
      for (let call = 0; call < 3; call += 1) await loading.getOrSet('key', failing.call, options);
    });
    assert.deepEqual(counts, { misses: 1, staleHits: 3, loads: 1, loadFailures: 1 });
    assert.ok(bytesIn !== undefined && bytesIn > 0);
  },

  'counts a failed load, but the error of a factory is none of the cache': async (stage) => {
    const error = new Error('the origin is down');
    const counts = await countsOf(stage, ({ loading }) =>
      assertFailsWith(
        loading.getOrSet('key', () => Promise.reject(error)),
        error,
      ),
    );
    assert.deepEqual(counts, { misses: 1, loads: 1, loadFailures: 1 });
  },

  'counts waits and loads that were given up': async (stage) => {
    const counts = await countsOf(stage, async ({ loading }) => {
      const factory = new HeldCall();
      const owner = assertFails(
        loading.getOrSet('key', factory.call, { loadFor: 100 }),
        'CACHE_LOCK_TIMEOUT',
      );
      await factory.begun;
      await assertFails(loading.getOrSet('key', factory.call, { waitFor: 10 }), 'CACHE_LOCK_TIMEOUT');
      await owner;
    });
    assert.deepEqual(counts, {
      misses: 1,
      loads: 1,
      loadFailures: 1,
      loadWaits: 1,
      lockTimeouts: 2,
      'error CACHE_LOCK_TIMEOUT': 2,
    });
  },
};

/** What a cache does that counts and removes entries by their tags. */
export const TAG_METRICS_TESTS: ContractTests = {
  'counts the tags that were evicted, each once, and what they removed as misses': async (stage) => {
    await stage.tagged.set('key', 1, { tags: ['a'] });
    const counts = await countsOf(stage, async ({ cache, tagged }) => {
      await tagged.evictTags('a', 'b', 'a');
      await tagged.evictTags();
      await cache.get('key');
    });
    assert.deepEqual(counts, { tagEvictions: 2, misses: 1 });
  },
};

/** What a cache does that counts and takes many keys at once. */
export const BATCH_METRICS_TESTS: ContractTests = {
  'counts each key of a batch': async (stage) => {
    const { bytesIn, bytesOut, ...counts } = await countsOf(stage, async ({ batch }) => {
      await batch.setMany([
        ['a', 'x'.repeat(1_000)],
        ['b', 'x'.repeat(1_000)],
      ]);
      await batch.getMany(['a', 'b', 'absent', 'a']);
      await batch.deleteMany(['a', 'b', 'absent']);
    });
    assert.deepEqual(counts, { writes: 2, hits: 2, misses: 1, deletes: 3 });
    assert.ok(bytesOut !== undefined && bytesOut >= 2_000 && bytesOut < 2_200, `${bytesOut} bytes out`);
    assert.equal(bytesIn, bytesOut);
  },
};

/** What a cache does that counts and keeps an origin in step. */
export const WRITE_POLICY_METRICS_TESTS: ContractTests = {
  'counts writes through and behind as writes': async (stage) => {
    const { bytesOut, ...counts } = await countsOf(stage, async ({ policy }) => {
      const writer = new CountedCall(() => undefined);
      await policy.writeThrough('through', 'x'.repeat(1_000), writer.call);
      await policy.writeBehind('behind', 'x'.repeat(1_000), writer.call);
      await assertSoon(() => writer.count === 2);
    });
    assert.deepEqual(counts, { writes: 2 });
    assert.ok(bytesOut !== undefined && bytesOut >= 2_000 && bytesOut < 2_200, `${bytesOut} bytes out`);
  },

  'counts nothing as written when the writer fails, whose error is none of the cache': async (stage) => {
    const error = new Error('the origin is down');
    const counts = await countsOf(stage, ({ policy }) =>
      assertFailsWith(
        policy.writeThrough('key', 1, () => Promise.reject(error)),
        error,
      ),
    );
    assert.deepEqual(counts, {});
  },
};
