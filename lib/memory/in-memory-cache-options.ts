import { inspect } from 'node:util';
import type { CacheSerializer, SerializerOptions } from '../codec/serializer.js';
import type { CacheWriteErrorHandler } from '../contract/capabilities.js';
import { type Duration, LAST_MILLISECOND, toMilliseconds } from '../contract/duration.js';
import { CacheConfigurationError } from '../contract/errors.js';

/** What an {@link InMemoryCache} can be told. */
export interface InMemoryCacheOptions {
  /** How many entries, loads under way and tags it holds at most; the least recently used go first. Default 10,000. */
  readonly maxEntries?: number;
  /** How many bytes keys, encoded values and tags take at most; the least recently used go first. Default 64 MiB. */
  readonly maxBytes?: number;
  /** The time to live of writes that name none; default none: they stay until they are removed or crowded out. */
  readonly ttl?: Duration | null;
  /** Milliseconds since the epoch; default `Date.now`. A test passes its own and turns it by hand. */
  readonly clock?: () => number;
  /** Registered classes, or a serializer of the application's own; the same values are refused as with Redis. */
  readonly serializer?: CacheSerializer | SerializerOptions;
  /** Told of what `writeBehind` could not do in the background. Default: a warning in the log, without the value. */
  readonly onWriteError?: CacheWriteErrorHandler;
}

/** The options with every default filled in; the serializer is the codec's to judge. */
export interface ResolvedInMemoryCacheOptions {
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly ttl: number | undefined;
  readonly clock: () => number;
  /** `undefined` means a warning in the log. */
  readonly onWriteError: CacheWriteErrorHandler | undefined;
}

const DEFAULTS = {
  maxEntries: 10_000,
  maxBytes: 64 * 1024 * 1024,
  clock: () => Date.now(),
} as const satisfies InMemoryCacheOptions;

/** The engine's `Map` holds no more. */
const MOST_ENTRIES = 2 ** 24;

const NAMES: readonly string[] = ['maxEntries', 'maxBytes', 'ttl', 'clock', 'serializer', 'onWriteError'];

/**
 * Fills in the defaults and checks everything at once.
 *
 * @throws CacheConfigurationError that names every option that is wrong
 */
export function resolveInMemoryCacheOptions(options: InMemoryCacheOptions): ResolvedInMemoryCacheOptions {
  if (typeof options !== 'object' || options === null) {
    throw new CacheConfigurationError([`options expects an object, but found ${inspect(options)}`]);
  }
  const {
    maxEntries = DEFAULTS.maxEntries,
    maxBytes = DEFAULTS.maxBytes,
    clock = DEFAULTS.clock,
    onWriteError,
  } = options;
  const ttl = options.ttl === undefined || options.ttl === null ? undefined : toMilliseconds(options.ttl);
  const problems = Object.keys(options)
    .filter((name) => !NAMES.includes(name))
    .map((name) => `options.${name} is unknown: the options are ${NAMES.join(', ')}`);
  if (!isCount(maxEntries) || maxEntries > MOST_ENTRIES) {
    problems.push(expected('maxEntries', `a whole number from 1 to ${MOST_ENTRIES}`, maxEntries));
  }
  if (!isCount(maxBytes)) problems.push(expected('maxBytes', 'a whole number of bytes above 0', maxBytes));
  if (typeof clock !== 'function') {
    problems.push(expected('clock', 'a function that answers milliseconds since the epoch', clock));
  }
  if (onWriteError !== undefined && typeof onWriteError !== 'function') {
    problems.push(expected('onWriteError', 'a function', onWriteError));
  }
  if (ttl !== undefined && !(ttl > 0 && ttl <= LAST_MILLISECOND)) {
    problems.push(expected('ttl', 'a duration of more than 0 milliseconds', options.ttl));
  }
  if (problems.length > 0) throw new CacheConfigurationError(problems);
  return Object.freeze({ maxEntries, maxBytes, ttl, clock, onWriteError });
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function expected(name: string, expectation: string, found: unknown): string {
  return `options.${name} expects ${expectation}, but found ${inspect(found, { depth: 1 })}`;
}
