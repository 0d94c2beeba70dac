import { damagedPayload } from './failures.js';

/** Shorter text cannot be nested too deeply: each level needs two characters. */
const SHALLOW_BYTES = 2000;

/**
 * Parses JSON text after checking that it is not nested too deeply, so that hostile text costs no memory.
 *
 * @param text the text
 * @param bytes that end with the same text, as ASCII or UTF-8
 * @param start where the text begins
 * @param maxDepth brackets inside brackets, at most
 * @param key for messages
 * @throws CacheSerializationError when it is no JSON or too deep; the parser's own message would quote it
 */
export function parseJson(
  text: string,
  bytes: Uint8Array,
  start: number,
  maxDepth: number,
  key: string,
): unknown {
  if (bytes.length > SHALLOW_BYTES && isDeeper(bytes, start, maxDepth))
    throw damagedPayload(key, 'it is nested too deeply');
  try {
    return JSON.parse(text);
  } catch {
    throw damagedPayload(key, 'the text is no JSON');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts brackets outside strings: `[` and `{`, `]` and `}` differ in one bit. */
function isDeeper(bytes: Uint8Array, start: number, maxDepth: number): boolean {
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      at = endOfString(bytes, at + 1);
    } else if ((byte | 0x20) === 0x7b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if ((byte | 0x20) === 0x7d) {
      depth -= 1;
    }
  }
  return false;
}

function endOfString(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** Whether text could hold an own `__proto__`; a writer of this cache never escapes its characters. */
export function mayHoldProto(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u005');
}

/**
 * Makes sure that no object of a parsed value has an own `__proto__`: it would be copied onto a prototype by
 * careless code.
 *
 * @param value from `JSON.parse`, not nested too deeply
 * @param key for messages
 * @throws CacheSerializationError when one has
 */
export function refuseProto(value: unknown, key: string): void {
  if (typeof value !== 'object' || value === null) return;
  if (Object.hasOwn(value, '__proto__')) throw protoFound(key);
  for (const part of Object.values(value)) refuseProto(part, key);
}

/** The error about an own `__proto__` in stored bytes. */
export function protoFound(key: string): Error {
  return damagedPayload(key, 'an object has an own property "__proto__", which is never written');
}
