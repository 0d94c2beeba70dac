import { Buffer, isUtf8 } from 'node:buffer';
import { BODY_HEADER, CODEC, FLAG, startBody } from './body.js';
import { damagedPayload, tooLargeToStore } from './failures.js';

/**
 * Encodes a string as its characters.
 *
 * @param text any string
 * @param key for messages
 * @param maxBytes the largest size in bytes
 * @param room free bytes in front of the body
 * @throws CacheSerializationError when it is too large
 */
export function encodeText(text: string, key: string, maxBytes: number, room: number): Buffer {
  if (text.length > maxBytes) throw tooLargeToStore(key, maxBytes);
  const size = Buffer.byteLength(text);
  if (size === text.length) return filled(text, room, 'latin1', FLAG.ascii, size);
  const lone = !text.isWellFormed();
  const stored = lone ? text.length * 2 : size;
  if (stored > maxBytes) throw tooLargeToStore(key, maxBytes);
  return lone ? filled(text, room, 'utf16le', FLAG.utf16, stored) : filled(text, room, 'utf8', 0, stored);
}

function filled(text: string, room: number, encoding: BufferEncoding, flags: number, size: number): Buffer {
  const bytes = startBody(room, CODEC.text, flags, size);
  bytes.write(text, room + BODY_HEADER, encoding);
  return bytes;
}

/**
 * Reads the text of a body.
 *
 * @param bytes that hold the text
 * @param start where it begins
 * @param end where it ends
 * @param flags of its body
 * @param key for messages
 * @throws CacheSerializationError when it is no text of its encoding
 */
export function readText(bytes: Buffer, start: number, end: number, flags: number, key: string): string {
  if (flags !== FLAG.ascii) return readWide(bytes, start, end, flags, key);
  return hasLatin1Slice(bytes) ? bytes.latin1Slice(start, end) : bytes.toString('latin1', start, end);
}

function readWide(bytes: Buffer, start: number, end: number, flags: number, key: string): string {
  if (flags === FLAG.utf16 && (end - start) % 2 === 0) return bytes.toString('utf16le', start, end);
  if (flags !== 0 || !isUtf8(bytes.subarray(start, end)))
    throw damagedPayload(key, 'the text is not well formed');
  return bytes.toString('utf8', start, end);
}

/** What `toString('latin1')` calls in the end: Node has it since ever, and documents it nowhere. */
interface Latin1Slice {
  latin1Slice(start: number, end: number): string;
}

function hasLatin1Slice(bytes: Buffer): bytes is Buffer & Latin1Slice {
  return 'latin1Slice' in bytes;
}
