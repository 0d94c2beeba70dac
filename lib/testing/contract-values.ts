import type { Duration } from '../contract/duration.js';

export const FALSY_VALUES: readonly unknown[] = [undefined, null, false, 0, -0, Number.NaN, '', 0n];

export const RICH_VALUES: readonly unknown[] = [
  { name: 'Ada', born: new Date('1815-12-10T00:00:00.000Z'), tags: new Set(['maths', 'engines']) },
  new Map<unknown, unknown>([
    ['size', 2],
    [{ key: 'an object' }, [1, undefined, 3]],
  ]),
  [10n ** 30n, Number.NEGATIVE_INFINITY, -0, 'ünïcödé 🦊', 'a lone \ud800 surrogate'],
  new Uint8Array([0, 127, 255]),
  Buffer.from('bytes'),
  /ab+c/giu,
  'x'.repeat(100_000),
];

class Unregistered {
  readonly field = 1;
}

export const REFUSED_VALUES: readonly unknown[] = [
  () => 1,
  Symbol('s'),
  new WeakMap(),
  Promise.resolve(1),
  new Unregistered(),
  { deep: { inside: [() => 1] } },
];

export const INVALID_KEYS: readonly unknown[] = [
  '',
  'x'.repeat(1_025),
  'é'.repeat(513),
  '\ud800',
  42,
  null,
  undefined,
  {},
];

export const UNUSUAL_KEYS: readonly string[] = [
  ' ',
  'a b',
  'line\nbreak',
  '*',
  '[x]',
  '?',
  '\\',
  'a:b:c',
  '__proto__',
  'ключ',
  '🦊',
  'x'.repeat(1_024),
];

export const INVALID_TTLS: readonly unknown[] = [
  0,
  -1,
  Number.NaN,
  Infinity,
  1e18,
  '5',
  '5 minutes',
  '-1s',
  {},
  { minute: 5 },
  true,
];

export const TENTH_SECOND: readonly Duration[] = [
  100,
  '100ms',
  '0.1s',
  { milliseconds: 100 },
  { seconds: 0.1 },
];

/** What are no tags of an entry. */
export const INVALID_TAGS: readonly unknown[] = [
  'a tag',
  null,
  { 0: 'a' },
  new Set(['a']),
  [''],
  ['a', ''],
  [42],
  [null],
  ['\ud800'],
  ['x'.repeat(1_025)],
  Array.from({ length: 65 }, (_, index) => `tag:${index}`),
];

/** Options that every write refuses, and the code that says why. */
export const REFUSED_WRITE_OPTIONS: readonly (readonly [options: unknown, code: string])[] = [
  [{ ttl: 0 }, 'CACHE_TTL_INVALID'],
  [{ ttl: '5 minutes' }, 'CACHE_TTL_INVALID'],
  [5_000, 'CACHE_TTL_INVALID'],
  [null, 'CACHE_TTL_INVALID'],
  [{ tll: 5_000 }, 'CACHE_CAPABILITY_MISSING'],
];

/** Options that every load refuses, and the code that says why. */
export const REFUSED_LOAD_OPTIONS: readonly (readonly [options: unknown, code: string])[] = [
  ...REFUSED_WRITE_OPTIONS,
  [{ waitFor: -1 }, 'CACHE_TTL_INVALID'],
  [{ waitFor: 'soon' }, 'CACHE_TTL_INVALID'],
  [{ loadFor: Infinity }, 'CACHE_TTL_INVALID'],
  [{ leaseFor: 0 }, 'CACHE_TTL_INVALID'],
  [{ pauseFor: null }, 'CACHE_TTL_INVALID'],
  [{ ttl: 100, factoryTimeout: Number.NaN }, 'CACHE_TTL_INVALID'],
  [{ ttl: 100, staleFor: -1 }, 'CACHE_TTL_INVALID'],
  [{ ttl: 100, refreshEarly: -1 }, 'CACHE_TTL_INVALID'],
  [{ ttl: 100, refreshEarly: '1' }, 'CACHE_TTL_INVALID'],
  [{ staleFor: 100 }, 'CACHE_TTL_INVALID'],
  [{ refreshEarly: 1 }, 'CACHE_TTL_INVALID'],
  [{ whenUnavailable: 'ignore' }, 'CACHE_TTL_INVALID'],
];
