import { LAST_MILLISECOND, toMilliseconds } from '../contract/duration.js';
import { describeValue } from './describe-value.js';
import { isRecord } from './is-record.js';
import { fits, type Mismatch, mismatch, type Reader, type Reading } from './reading.js';
import { NEAR_DEFAULTS } from './redis-cache-defaults.js';
import type { NearOptions } from './redis-cache-options.js';
import type { ResolvedNearOptions } from './resolved-redis-cache-options.js';

/** The engine's `Map` holds no more. */
const MOST_ENTRIES = 2 ** 24;

const NAMES = ['maxEntries', 'maxBytes', 'ttl', 'values'] as const satisfies readonly (keyof NearOptions)[];
const BY_DEFAULT: ResolvedNearOptions = Object.freeze({ ...NEAR_DEFAULTS, ttl: undefined });

/** Reads whether there is a near tier, and what it is like. */
export function readNear(value: unknown): Reading<ResolvedNearOptions | false> {
  if (value === false) return fits(value);
  if (value === true) return fits(BY_DEFAULT);
  if (!isRecord(value)) return mismatch('true, false or an object of options');
  const mismatches: Mismatch[] = [];
  const take = <Option>(name: keyof NearOptions, read: Reader<Option>, fallback: Option): Option => {
    const written = value[name];
    const reading = written === undefined ? fits(fallback) : read(written);
    if (reading.fits) return reading.value;
    for (const { expected } of reading.mismatches) {
      mismatches.push({ part: `.${name}`, expected, found: describeValue(written) });
    }
    return fallback;
  };
  const resolved: ResolvedNearOptions = {
    maxEntries: take('maxEntries', readMaxEntries, BY_DEFAULT.maxEntries),
    maxBytes: take('maxBytes', readMaxBytes, BY_DEFAULT.maxBytes),
    ttl: take('ttl', readTtl, BY_DEFAULT.ttl),
    values: take('values', readValues, BY_DEFAULT.values),
  };
  for (const name of Object.keys(value)) if (!isKnown(name)) mismatches.push(unknownOption(name));
  return mismatches.length === 0 ? fits(Object.freeze(resolved)) : { fits: false, mismatches };
}

function isKnown(name: string): boolean {
  return NAMES.some((known) => known === name);
}

function unknownOption(name: string): Mismatch {
  return { expected: `nothing but ${NAMES.join(', ')}`, found: `${describeValue(name)} in it` };
}

function readMaxEntries(value: unknown): Reading<number> {
  return isCount(value) && value <= MOST_ENTRIES
    ? fits(value)
    : mismatch(`a whole number from 1 to ${MOST_ENTRIES}`);
}

function readMaxBytes(value: unknown): Reading<number> {
  return isCount(value) ? fits(value) : mismatch('a whole number of bytes above 0');
}

function readTtl(value: unknown): Reading<number> {
  const milliseconds = toMilliseconds(value);
  if (milliseconds > 0 && milliseconds <= LAST_MILLISECOND) return fits(milliseconds);
  return mismatch("a duration of more than 0 ms, such as 1500, '5m' or { minutes: 5 }");
}

function readValues(value: unknown): Reading<ResolvedNearOptions['values']> {
  return value === 'copied' || value === 'frozen' ? fits(value) : mismatch("'copied' or 'frozen'");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
