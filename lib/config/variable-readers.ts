import { toMilliseconds } from '../contract/duration.js';
import { readSocketTimeout } from './option-readers.js';
import { fits, mismatch, type Reader, type Reading } from './reading.js';

const BOOLEAN_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['no', false],
  ['off', false],
]);

/** Lets a variable hold the digits of a number; ConfigService may have made a number of them already. */
export function fromDigits<T>(read: Reader<T>): Reader<T> {
  return (value) => {
    const isDigits = typeof value === 'string' && /^\s*\d+\s*$/.test(value);
    return read(isDigits ? Number(value) : value);
  };
}

export function readBooleanVariable(value: unknown): Reading<boolean> {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  const truth = typeof text === 'string' ? BOOLEAN_WORDS.get(text.trim().toLowerCase()) : undefined;
  return truth === undefined ? mismatch('true, false, 1, 0, yes, no, on or off') : fits(truth);
}

/** Reads a bare number as **seconds**, as every service does that shares the environment. */
export function readSecondsVariable(value: unknown): Reading<number> {
  const reading = readSocketTimeout(secondsToMilliseconds(value));
  if (reading.fits) return reading;
  return mismatch(
    'seconds, such as 5.0, or a number with a unit, such as 500ms: more than 0, at most 24 hours',
  );
}

function secondsToMilliseconds(value: unknown): number {
  if (typeof value === 'number') return toMilliseconds({ seconds: value });
  if (typeof value !== 'string') return NaN;
  const text = value.trim();
  return /^(?:\d+\.?\d*|\.\d+)$/.test(text)
    ? toMilliseconds({ seconds: Number(text) })
    : toMilliseconds(text);
}

/** A password in the environment is text: a function can only be given in code. */
export function readPasswordVariable(value: unknown): Reading<string> {
  return typeof value === 'string' ? fits(value) : mismatch('a string');
}
