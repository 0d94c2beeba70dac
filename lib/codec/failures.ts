import { types } from 'node:util';
import { type CacheSerializationCode, CacheSerializationError } from '../contract/errors.js';

/**
 * A value that could not come back exactly.
 *
 * @param key the key of the operation
 * @param reason the path and what is wrong there, with the remedy; no value
 * @param cause what failed underneath; it is made safe to log
 */
export function refusedValue(key: string, reason: string, cause?: unknown): CacheSerializationError {
  return failure('CACHE_VALUE_REFUSED', key, `Cannot store ${JSON.stringify(key)}: ${reason}`, cause);
}

/**
 * A value over the size limit.
 *
 * @param key the key of the operation
 * @param maxBytes the limit in bytes
 */
export function tooLargeToStore(key: string, maxBytes: number): CacheSerializationError {
  const remedy = 'store less under one key, or raise serializer.maxBytes';
  const message = `Cannot store ${JSON.stringify(key)}: the value is over the limit of ${maxBytes} bytes; ${remedy}`;
  return failure('CACHE_VALUE_TOO_LARGE', key, message);
}

/**
 * A stored value over the size limit of this reader.
 *
 * @param key the key of the operation
 * @param maxBytes the limit in bytes
 */
export function tooLargeToRead(key: string, maxBytes: number): CacheSerializationError {
  const remedy = 'raise serializer.maxBytes here, or lower it where it is written';
  const message = `Cannot read ${JSON.stringify(key)}: the stored value is over the limit of ${maxBytes} bytes; ${remedy}`;
  return failure('CACHE_VALUE_TOO_LARGE', key, message);
}

/**
 * Bytes that no member of this cache wrote.
 *
 * @param key the key of the operation
 */
export function foreignPayload(key: string): CacheSerializationError {
  const remedy = 'give this cache a key prefix that nothing else writes under; set() replaces them';
  const message = `Cannot read ${JSON.stringify(key)}: the stored bytes were not written by this cache; ${remedy}`;
  return failure('CACHE_PAYLOAD_FOREIGN', key, message);
}

/**
 * Bytes that are not what was written.
 *
 * @param key the key of the operation
 * @param reason what does not fit; no stored bytes
 */
export function damagedPayload(key: string, reason: string): CacheSerializationError {
  const remedy = 'delete the key or set it again';
  const message = `Cannot read ${JSON.stringify(key)}: the stored bytes are damaged: ${reason}; ${remedy}`;
  return failure('CACHE_PAYLOAD_DAMAGED', key, message);
}

/**
 * Bytes that this reader cannot understand.
 *
 * @param key the key of the operation
 * @param reason what is not understood, with the remedy
 * @param cause what failed underneath; it is made safe to log
 */
export function unsupportedPayload(key: string, reason: string, cause?: unknown): CacheSerializationError {
  return failure('CACHE_PAYLOAD_UNSUPPORTED', key, `Cannot read ${JSON.stringify(key)}: ${reason}`, cause);
}

function failure(code: CacheSerializationCode, key: string, message: string, cause?: unknown) {
  const details = cause === undefined ? { key } : { key, cause: withoutMessage(cause) };
  return new CacheSerializationError(code, message, details);
}

/**
 * What somebody else's code threw, without its message: those quote values (`JSON.parse` does). Its name, its
 * code and its stack frames are enough to find the place.
 */
function withoutMessage(thrown: unknown): Error {
  const safe = new Error('its message is left out: it could quote the value');
  if (!types.isNativeError(thrown)) return safe;
  const { name, message, stack } = thrown;
  if (/^\w{1,64}$/.test(name)) safe.name = name;
  safe.stack = `${safe.name}: ${safe.message}${framesOf(stack ?? '', message)}`;
  return safe;
}

/** Only what follows the message, which may have lines that look like frames. */
function framesOf(stack: string, message: string): string {
  const at = stack.indexOf(message);
  if (at < 0) return '';
  const lines = stack.slice(at + message.length).split('\n');
  return lines
    .filter((line) => /^ +at /.test(line))
    .map((line) => `\n${line}`)
    .join('');
}
