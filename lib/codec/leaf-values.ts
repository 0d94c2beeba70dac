import { URL } from 'node:url';

/** Looked for, and not matched from end to end: over many millions of digits a repetition runs out of stack. */
const NO_DIGIT = /[^\da-f]/;

const SPECIAL_NUMBERS: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

// Each answers undefined for data that no writer of this cache writes.

/** Reads a number that JSON has no word for. */
export function readNumber(data: unknown): number | undefined {
  return SPECIAL_NUMBERS.get(data);
}

/** Reads a bigint from hexadecimal digits: in linear time, whatever their number. */
export function readBigInt(data: unknown): bigint | undefined {
  if (typeof data !== 'string') return undefined;
  const negative = data.startsWith('-');
  const digits = negative ? data.slice(1) : data;
  if (digits === '' || NO_DIGIT.test(digits)) return undefined;
  const size = attempt(() => BigInt(`0x${digits}`));
  return negative && size !== undefined ? -size : size;
}

/** Reads a Date from its milliseconds, an invalid one from null. */
export function readDate(data: unknown): Date | undefined {
  if (data === null) return new Date(Number.NaN);
  const value = new Date(typeof data === 'number' ? data : Number.NaN);
  return value.getTime() === data ? value : undefined;
}

/** Reads a RegExp from its source, flags and lastIndex. */
export function readRegExp(data: readonly unknown[]): RegExp | undefined {
  const [source, flags, lastIndex] = data;
  if (typeof source !== 'string' || typeof flags !== 'string' || !Number.isSafeInteger(lastIndex))
    return undefined;
  const value = attempt(() => new RegExp(source, flags));
  return value === undefined ? undefined : Object.assign(value, { lastIndex });
}

/** Reads a URL. */
export function readUrl(data: unknown): URL | undefined {
  return typeof data === 'string' && URL.canParse(data) ? new URL(data) : undefined;
}

/** Engines refuse some data that looks right: a bigint of too many digits, an unknown flag of a RegExp. */
function attempt<T>(build: () => T): T | undefined {
  try {
    return build();
  } catch {
    return undefined;
  }
}
