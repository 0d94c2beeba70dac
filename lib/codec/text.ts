import { Buffer, isUtf8 } from 'node:buffer';
import { BODY_HEADER, CODEC, FLAG, startBody } from './body.js';
import { damagedPayload, tooLargeToStore } from './failures.js';

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Encodes a string as its characters.
 *
 * @param text any string
 * @param key for messages
 * @param maxBytes the largest size in bytes
 * @throws CacheSerializationError when it is too large
 */
export function encodeText(text: string, key: string, maxBytes: number): Buffer {
  if (text.length > maxBytes) throw tooLargeToStore(key, maxBytes);
  const size = Buffer.byteLength(text);
  if (size === text.length) return filled(text, 'latin1', FLAG.ascii, size);
  const lone = LONE_SURROGATE.test(text);
  const stored = lone ? text.length * 2 : size;
  if (stored > maxBytes) throw tooLargeToStore(key, maxBytes);
  return lone ? filled(text, 'utf16le', FLAG.utf16, stored) : filled(text, 'utf8', 0, stored);
}

function filled(text: string, encoding: BufferEncoding, flags: number, size: number): Buffer {
  const body = startBody(CODEC.text, flags, size);
  body.write(text, BODY_HEADER, encoding);
  return body;
}

/**
 * Reads the text of a body.
 *
 * @param body with a checked header
 * @param start where the text begins
 * @param end where it ends
 * @param key for messages
 * @throws CacheSerializationError when it is no text of its encoding
 */
export function readText(body: Buffer, start: number, end: number, key: string): string {
  const flags = body[1] ?? 0;
  if (flags === FLAG.ascii) return body.toString('latin1', start, end);
  if (flags === FLAG.utf16 && (end - start) % 2 === 0) return body.toString('utf16le', start, end);
  if (flags !== 0 || !isUtf8(body.subarray(start, end)))
    throw damagedPayload(key, 'the text is not well formed');
  return body.toString('utf8', start, end);
}
