import { InvalidCacheKeyError } from '../contract/errors.js';

/** Longer keys cost more than they tell, in memory and on the wire. */
const MAX_KEY_BYTES = 1_024;

/** A UTF-16 unit becomes at most three bytes of UTF-8, so a shorter key needs no counting. */
const SURELY_SHORT = Math.floor(MAX_KEY_BYTES / 3);

/**
 * Refuses what is no key, before anything is sent.
 *
 * @throws InvalidCacheKeyError unless `key` is a non-empty string of at most 1 KiB in UTF-8 without lone surrogates
 */
export function assertCacheKey(key: unknown): asserts key is string {
  if (typeof key !== 'string') {
    throw new InvalidCacheKeyError(
      `A cache key must be a string, but this one is of type ${typeNameOf(key)}.`,
    );
  }
  if (key === '') throw new InvalidCacheKeyError('A cache key must not be empty.', { key });
  if (!key.isWellFormed()) {
    throw new InvalidCacheKeyError(
      `The cache key ${JSON.stringify(key.slice(0, 80))} has a lone surrogate, which UTF-8 cannot carry: ` +
        'the text was probably cut in the middle of a character.',
      { key },
    );
  }
  if (key.length > SURELY_SHORT && Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new InvalidCacheKeyError(
      `The cache key ${JSON.stringify(key.slice(0, 80))}… takes ${Buffer.byteLength(key)} bytes in UTF-8; ` +
        `at most ${MAX_KEY_BYTES} are allowed: hash the long part of it.`,
      { key },
    );
  }
}

function typeNameOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
