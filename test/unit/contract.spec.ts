import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { ICache } from '../../lib/contract/cache.interface.js';
import { CacheHit, CacheMiss } from '../../lib/contract/cache-result.js';
import { requireCapability } from '../../lib/contract/capabilities.js';
import { toMilliseconds } from '../../lib/contract/duration.js';
import * as errors from '../../lib/contract/errors.js';
import * as redisErrors from '../../lib/contract/redis-errors.js';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';

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

describe('requireCapability', () => {
  const plain = new InMemoryCache<string>();

  it.each(['tags', 'stampede', 'batch', 'write-policy', 'metrics', 'sync'] as const)(
    'throws for %s, which this backend does not offer',
    (capability) => {
      expect(() => requireCapability(plain, capability)).toThrow(errors.CacheBackendCapabilityError);
      expect(() => requireCapability(plain, capability)).toThrow(
        `InMemoryCache does not offer the capability '${capability}'`,
      );
    },
  );

  it('answers the cache itself when it has what is asked for', () => {
    const tagged: ICache<string> = Object.assign(new InMemoryCache<string>(), {
      evictTags: async () => undefined,
    });
    expect(requireCapability(tagged, 'tags')).toBe(tagged);
  });
});
