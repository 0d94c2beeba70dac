import { isIPv6 } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { CacheSerializer, SerializerOptions } from '../codec/serializer.js';
import type { CacheWriteErrorHandler } from '../contract/capabilities.js';
import { LAST_MILLISECOND, toMilliseconds } from '../contract/duration.js';
import { fits, mismatch, type Reading } from './reading.js';
import type { RedisPassword } from './redis-cache-options.js';

/** Far below the limit of Node's timers (2^31 - 1 ms), and far above any deadline that makes sense. */
const LONGEST_TIMEOUT = 86_400_000;
const LONGEST_PREFIX = 512;

export function readHost(value: unknown): Reading<string> {
  const expected = 'a host name or an IP address, without scheme, port or brackets';
  if (typeof value !== 'string' || !/^[^\s\p{Cc}/@[\]?#,;=]+$/u.test(value)) return mismatch(expected);
  return value.includes(':') && !isIPv6(value) ? mismatch(expected) : fits(value);
}

export function readPort(value: unknown): Reading<number> {
  const expected = 'a whole number from 1 to 65535';
  return isWholeNumber(value) && value >= 1 && value <= 65_535 ? fits(value) : mismatch(expected);
}

export function readDatabase(value: unknown): Reading<number> {
  return isWholeNumber(value) && value >= 0 ? fits(value) : mismatch('a whole number, 0 or above');
}

export function readUsername(value: unknown): Reading<string> {
  if (typeof value === 'string' && value !== '') return fits(value);
  return mismatch('a non-empty string; leave it out to log in as the default user');
}

export function readPassword(value: unknown): Reading<RedisPassword> {
  if (isPasswordFunction(value)) return fits(value);
  if (typeof value === 'string' && value !== '') return fits(value);
  return mismatch('a non-empty string or a function that answers one; leave it out for none');
}

export function readBoolean(value: unknown): Reading<boolean> {
  return typeof value === 'boolean' ? fits(value) : mismatch('true or false');
}

export function readTls(value: unknown): Reading<ConnectionOptions> {
  // A copy, so that later changes of the application's object do not reach a validated configuration.
  return isTlsOptions(value) ? fits(Object.freeze({ ...value })) : mismatch('an object of node:tls options');
}

export function readSocketPath(value: unknown): Reading<string> {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return fits(value);
  return mismatch('the file of a Unix domain socket');
}

export function readSentinelName(value: unknown): Reading<string> {
  if (typeof value === 'string' && /^[^\s\p{Cc}]+$/u.test(value)) return fits(value);
  return mismatch('the name of a master, as in SENTINEL MONITOR, without white space');
}

export function readKeyPrefix(value: unknown): Reading<string> {
  const expected = `a string of 1 to ${LONGEST_PREFIX} bytes in UTF-8`;
  if (value === '') return mismatch(`${expected}, as clear() deletes whatever begins with it`);
  if (typeof value !== 'string') return mismatch(expected);
  if (!value.isWellFormed()) return mismatch(expected, 'a lone surrogate in it');
  const size = Buffer.byteLength(value);
  return size <= LONGEST_PREFIX ? fits(value) : mismatch(expected, `${size} bytes`);
}

export function readTtl(value: unknown): Reading<number | null> {
  if (value === null) return fits(value);
  const milliseconds = toMilliseconds(value);
  if (milliseconds > 0 && milliseconds <= LAST_MILLISECOND) return fits(milliseconds);
  return mismatch(
    "a duration of more than 0 ms, such as 1500, '5m' or { minutes: 5 }, or null for no expiry",
  );
}

export function readSocketTimeout(value: unknown): Reading<number> {
  const milliseconds = toMilliseconds(value);
  if (milliseconds > 0 && milliseconds <= LONGEST_TIMEOUT) return fits(milliseconds);
  return mismatch("a duration of more than 0 ms and at most 24 hours, such as 1500, '5s' or { seconds: 5 }");
}

export function readSerializer(value: unknown): Reading<CacheSerializer | SerializerOptions> {
  return isSerializer(value)
    ? fits(value)
    : mismatch('a serializer, or an object of options for the built-in one');
}

export function readWriteErrorHandler(value: unknown): Reading<CacheWriteErrorHandler> {
  return isWriteErrorHandler(value) ? fits(value) : mismatch('a function');
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPasswordFunction(value: unknown): value is () => string | Promise<string> {
  return typeof value === 'function';
}

function isWriteErrorHandler(value: unknown): value is CacheWriteErrorHandler {
  return typeof value === 'function';
}

function isTlsOptions(value: unknown): value is ConnectionOptions {
  return isObject(value);
}

function isSerializer(value: unknown): value is CacheSerializer | SerializerOptions {
  return isObject(value);
}
