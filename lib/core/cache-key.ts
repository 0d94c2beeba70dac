import { inspect } from 'node:util';
import { CacheConfigurationError, InvalidCacheKeyError } from '../contract/errors.js';

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

/**
 * Refuses what is no prefix of a scope.
 *
 * @throws CacheConfigurationError unless `prefix` is a non-empty string without lone surrogates
 */
export function assertScopePrefix(prefix: unknown): asserts prefix is string {
  if (typeof prefix === 'string' && prefix !== '' && prefix.isWellFormed()) return;
  throw new CacheConfigurationError([
    `scope(prefix) expects a non-empty text without lone surrogates, but found ${inspect(prefix)}`,
  ]);
}

/** Each tag of an entry is a key that a write draws or looks up. */
const MOST_TAGS = 64;

/**
 * Refuses what are no tags of an entry, before anything is sent.
 *
 * @returns each tag once
 * @throws InvalidCacheKeyError unless `tags` is a list of at most 64 strings that could be keys
 */
export function uniqueTags(tags: unknown, key?: string): readonly string[] {
  const unique = distinctTags(tags, key);
  if (unique.length <= MOST_TAGS) return unique;
  throw new InvalidCacheKeyError(`An entry has at most ${MOST_TAGS} tags, but here are ${unique.length}.`, {
    key,
  });
}

/**
 * Refuses what are no tags, before anything is sent.
 *
 * @returns each tag once
 * @throws InvalidCacheKeyError unless `tags` is a list of strings that could be keys
 */
export function distinctTags(tags: unknown, key?: string): readonly string[] {
  if (Array.isArray(tags)) return [...new Set(tags)].map((tag: unknown) => asTag(tag, key));
  const found = typeNameOf(tags);
  throw new InvalidCacheKeyError(`Tags are a list of strings, but these are of type ${found}.`, { key });
}

function asTag(tag: unknown, key: string | undefined): string {
  try {
    assertCacheKey(tag);
    return tag;
  } catch (error) {
    if (!(error instanceof InvalidCacheKeyError)) throw error;
    throw new InvalidCacheKeyError(`A tag follows the rules of keys. ${error.message}`, { key });
  }
}

function typeNameOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
