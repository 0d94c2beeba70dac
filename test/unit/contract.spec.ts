import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { CacheWriteOptions, ICache } from '../../lib/contract/cache.interface.js';
import { CacheHit, CacheMiss, type CacheResult } from '../../lib/contract/cache-result.js';
import type { CacheFactory, CacheWriter } from '../../lib/contract/capabilities.js';
import { requireCapability } from '../../lib/contract/require-capability.js';
import { toMilliseconds } from '../../lib/contract/duration.js';
import * as errors from '../../lib/contract/errors.js';
import * as redisErrors from '../../lib/contract/redis-errors.js';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';
import {
  type CacheContractCapability,
  type CacheContractOptions,
  describeCacheContract,
} from '../../lib/testing/index.js';

describe('A duration', () => {
  it.each([
    [1_500, 1_500],
    [0.2, 1],
    ['250ms', 250],
    ['5s', 5_000],
    ['1.1s', 1_100],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['0.0001ms', 1],
    [{ minutes: 5 }, 300_000],
    [{ weeks: 1, days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 }, 694_861_001],
    [{ microseconds: 1 }, 1],
    [{ seconds: 1, minutes: undefined }, 1_000],
    [{ years: 0, months: 0, seconds: 2 }, 2_000],
    [{ hours: 1, minutes: -30 }, 1_800_000],
  ])('%j is %d milliseconds', (duration, milliseconds) => {
    expect(toMilliseconds(duration)).toBe(milliseconds);
  });

  it.each([
    ['5'],
    ['5 m'],
    ['m5'],
    ['-5s'],
    ['1e3ms'],
    [''],
    ['5y'],
    [{}],
    [{ minute: 5 }],
    [{ years: 1 }],
    [{ months: 1, days: 1 }],
    [{ seconds: '5' }],
    [null],
    [undefined],
    [true],
    [5n],
    [[]],
    [Number.NaN],
  ])('%p is none', (value) => {
    expect(toMilliseconds(value)).toBeNaN();
  });

  it('takes what a Temporal.Duration is: an object whose fields are getters of its class', () => {
    class Duration {
      get years() {
        return 0;
      }
      get minutes() {
        return 5;
      }
    }
    expect(toMilliseconds(new Duration())).toBe(300_000);
  });

  it('is a whole number of milliseconds or none, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const milliseconds = toMilliseconds(value);
        expect(
          Number.isNaN(milliseconds) || !Number.isFinite(milliseconds) || Number.isInteger(milliseconds),
        ).toBe(true);
      }),
    );
  });
});

describe('A result', () => {
  it('is told by hit and by its class, and a miss is one frozen instance', () => {
    expect(new CacheHit(undefined)).toMatchObject({ hit: true, value: undefined });
    expect(CacheMiss.instance.hit).toBe(false);
    expect(Object.isFrozen(CacheMiss.instance)).toBe(true);
  });
});

describe('An error', () => {
  const classes = Object.entries({ ...errors, ...redisErrors });

  it.each(classes)('%s has its own name, for logs and after minifiers', (name, errorClass) => {
    if (name === 'SpakkyCacheError' || name === 'RedisCacheError')
      return expect(errorClass.prototype).toBeInstanceOf(Error);
    return expect(errorClass.prototype.name).toBe(name);
  });

  it('carries its code, its key and its cause', () => {
    const cause = new Error('underneath');
    const error = new errors.CacheSerializationError('CACHE_PAYLOAD_DAMAGED', 'It is damaged', {
      key: 'profile:42',
      cause,
    });
    expect(error).toMatchObject({
      code: 'CACHE_PAYLOAD_DAMAGED',
      key: 'profile:42',
      message: 'It is damaged',
      cause,
    });
    expect(error).toBeInstanceOf(errors.SpakkyCacheError);
    expect(inspect(error)).toMatch(/^CacheSerializationError: It is damaged/);
    expect('key' in new errors.CacheClosedError('Closed')).toBe(false);
  });

  it('tells one configuration problem in a sentence and several in a list', () => {
    expect(new errors.CacheConfigurationError(['a']).message).toBe('The cache configuration is wrong: a');
    expect(new errors.CacheConfigurationError(['a', 'b']).message).toMatch(/in 2 places:\n {2}- a\n {2}- b$/);
  });

  it('of a batch tells what became of each key', () => {
    const failures = new Map([['key', new errors.CacheClosedError('Closed')]]);
    expect(new errors.CacheBatchError('1 of 2 keys failed', failures).failures).toBe(failures);
  });
});

/** A backend that offers the contract and nothing else. */
class PlainBackend<T> implements ICache<T> {
  /** No time passes for it: what a test of expiry says of it must not depend on how long the test takes. */
  readonly #inner = new InMemoryCache<T>({ clock: () => 0 });

  get(key: string): Promise<CacheResult<T>> {
    return this.#inner.get(key);
  }

  set(key: string, value: T, options?: CacheWriteOptions): Promise<void> {
    return this.#inner.set(key, value, options);
  }

  delete(key: string): Promise<boolean> {
    return this.#inner.delete(key);
  }

  clear(): Promise<void> {
    return this.#inner.clear();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

const CAPABILITIES = ['tags', 'stampede', 'batch', 'write-policy', 'metrics', 'sync'] as const;
const TESTED = [...CAPABILITIES, 'explain'] as const;

describe('requireCapability', () => {
  it.each(CAPABILITIES)('throws for %s where a backend does not offer it', (capability) => {
    const plain = new PlainBackend<string>();
    expect(() => requireCapability(plain, capability)).toThrow(errors.CacheBackendCapabilityError);
    expect(() => requireCapability(plain, capability)).toThrow(
      `PlainBackend does not offer the capability '${capability}'`,
    );
  });

  it.each(CAPABILITIES)('answers the cache itself for %s, in memory and under a scope', (capability) => {
    const cache = new InMemoryCache<string>();
    const scope = cache.scope('scope:');
    expect(requireCapability(cache, capability)).toBe(cache);
    expect(requireCapability(scope, capability)).toBe(scope);
  });

  it('throws where one of several methods is missing', () => {
    const half: ICache<string> = Object.assign(new PlainBackend<string>(), { getMany: () => undefined });
    expect(() => requireCapability(half, 'batch')).toThrow(errors.CacheBackendCapabilityError);
  });
});

/** Runs the published suite by a runner that notes what happens; a test that does not end fails. */
async function runContract(
  options: Pick<CacheContractOptions, 'createCache' | 'capabilities' | 'advance'>,
): Promise<{
  readonly groups: readonly string[];
  readonly failures: readonly unknown[];
  readonly passed: number;
}> {
  const groups: string[] = [];
  const tests: (() => Promise<void>)[] = [];
  const caches: ICache[] = [];
  describeCacheContract({
    describe: (name, body) => {
      groups.push(name);
      body();
    },
    it: (_name, body) => tests.push(body),
    advance: () => undefined,
    ...options,
    createCache: async () => {
      const cache = await options.createCache();
      caches.push(cache);
      return cache;
    },
  });
  const results = await Promise.allSettled(tests.map((test) => Promise.race([test(), expiry()])));
  // A test that did not end has not closed its cache.
  await Promise.all(caches.map((cache) => cache.close()));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  return { groups, failures, passed: tests.length - failures.length };
}

async function expiry(): Promise<never> {
  await new Promise((resolve) => {
    setTimeout(resolve, 1_500).unref();
  });
  throw new Error('The test did not end');
}

/** The groups beside the plain one. */
async function groupsOf(...capabilities: readonly CacheContractCapability[]): Promise<readonly string[]> {
  const { groups } = await runContract({ createCache: () => new PlainBackend(), capabilities });
  return groups.slice(1);
}

describe('The published suite', () => {
  it('runs only what every cache can do unless more is named', async () => {
    let closed = 0;
    const createCache = (): ICache => {
      const cache = new PlainBackend<unknown>();
      return Object.assign(cache, {
        close: () => PlainBackend.prototype.close.call(cache).then(() => (closed += 1)),
      });
    };
    const { groups, passed } = await runContract({ createCache });
    expect(groups).toEqual(['the cache contract']);
    expect(passed).toBeGreaterThan(10);
    expect(closed).toBeGreaterThanOrEqual(passed);
  });

  it('adds what several capabilities mean together', async () => {
    expect(await groupsOf('tags')).toEqual(['the contract of tags']);
    expect(await groupsOf('batch')).toEqual(['the contract of batches']);
    expect(await groupsOf('tags', 'batch')).toEqual([
      'the contract of tags',
      'the contract of batches',
      'the contract of batches with tags',
    ]);
    expect(await groupsOf(...TESTED)).toHaveLength(23);
  });

  it.each(TESTED)('fails every test of %s on a backend that lacks it', async (capability) => {
    const plain = await runContract({ createCache: () => new PlainBackend() });
    const { failures, passed } = await runContract({
      createCache: () => new PlainBackend(),
      capabilities: [capability],
    });
    const missing = failures.filter((failure) => failure instanceof errors.CacheBackendCapabilityError);
    expect(missing.length).toBeGreaterThan(5);
    expect(failures).toHaveLength(plain.failures.length + missing.length);
    expect(passed).toBe(plain.passed);
  });

  it.each<[string, CacheContractCapability, (cache: InMemoryCache) => object]>([
    [
      'loads for every caller',
      'stampede',
      (cache) => ({
        getOrSet: async (key: string, factory: CacheFactory<unknown>) => {
          const value = await factory({ key, signal: new AbortController().signal });
          await cache.set(key, value);
          return value;
        },
      }),
    ],
    ['evicts nothing', 'tags', () => ({ evictTags: async () => undefined })],
    ['clears instead of evicting', 'tags', (cache) => ({ evictTags: () => cache.clear() })],
    [
      'answers in an order of its own',
      'batch',
      (cache) => ({
        getMany: async (keys: Iterable<string>) =>
          new Map([...(await InMemoryCache.prototype.getMany.call(cache, keys))].toReversed()),
      }),
    ],
    [
      'writes the entry before the origin',
      'write-policy',
      (cache) => ({
        writeThrough: async (key: string, value: unknown, writer: CacheWriter<unknown>) => {
          await cache.set(key, value);
          await writer(value, key);
        },
      }),
    ],
    [
      'writes the origin before it answers',
      'write-policy',
      (cache) => ({
        writeBehind: (key: string, value: unknown, writer: CacheWriter<unknown>) =>
          cache.writeThrough(key, value, writer),
      }),
    ],
    [
      'counts nothing',
      'metrics',
      (cache) => {
        const nothing = cache.metrics();
        return { metrics: () => nothing };
      },
    ],
    ['says of every key that it held an entry, when it blocks', 'sync', () => ({ deleteSync: () => true })],
    [
      'explains its own keys as somewhere else',
      'explain',
      (cache) => ({
        explain: async () => await InMemoryCache.prototype.explain.call(cache, 'elsewhere'),
      }),
    ],
  ])('notices a cache that %s', async (_what, capability, breakage) => {
    let now = 0;
    const createSound = (): InMemoryCache => new InMemoryCache({ clock: () => now });
    const advance = (milliseconds: number): void => {
      now += milliseconds;
    };
    const createBroken = (): ICache => {
      const cache = createSound();
      return Object.assign(cache, breakage(cache));
    };
    const options = { capabilities: [capability], advance };
    const sound = await runContract({ createCache: createSound, ...options });
    const broken = await runContract({ createCache: createBroken, ...options });
    expect(broken.failures.length).toBeGreaterThan(sound.failures.length);
  });
});
