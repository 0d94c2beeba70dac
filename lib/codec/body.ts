import { Buffer } from 'node:buffer';
import { damagedPayload, tooLargeToRead, unsupportedPayload } from './failures.js';
import { readWord, writeWord } from './words.js';

/** How a payload was encoded: the first byte of a body. */
export const CODEC = {
  /** `b`: the bytes of a Buffer. */
  bytes: 0x62,
  /** `s`: the characters of a string. */
  text: 0x73,
  /** `j`: JSON text that `JSON.parse` reads exactly. */
  json: 0x6a,
  /** `r`: u32 length of JSON text with tags, the text, then raw memory. */
  rich: 0x72,
  /** `x`: whatever the application's own serializer returned. */
  custom: 0x78,
} as const;

/** Bits of the second byte of a body. */
export const FLAG = {
  /** The text is 7-bit. */
  ascii: 0x01,
  /** The text is UTF-16, lowest byte first: it has lone surrogates. */
  utf16: 0x02,
  /** The payload is a byte for the algorithm and a compressed stream; the plain length is that of what it unpacks to. */
  compressed: 0x40,
  /** Reserved: the payload is followed by an HMAC. */
  hmac: 0x80,
} as const;

/** Where the plain length begins. */
const PLAIN_LENGTH = 2;
/** Codec id, flags, u32 plain length. */
export const BODY_HEADER = 6;

/**
 * Makes a body with room for a payload.
 *
 * @param room free bytes in front of the body, for a frame
 * @param codec one of `CODEC`
 * @param flags bits of `FLAG`
 * @param size of the payload in bytes, before any compression
 * @param stored size of the payload as it is stored
 */
export function startBody(
  room: number,
  codec: number,
  flags: number,
  size: number,
  stored: number = size,
): Buffer {
  const bytes = Buffer.allocUnsafe(room + BODY_HEADER + stored);
  bytes[room] = codec;
  bytes[room + 1] = flags;
  writeWord(bytes, room + PLAIN_LENGTH, size);
  return bytes;
}

/** The size of a payload in bytes, before any compression, as the header of a body says. */
export function plainLength(bytes: Uint8Array, start: number): number {
  return readWord(bytes, start + PLAIN_LENGTH);
}

/**
 * Checks the header of a body; the payload follows it.
 *
 * @param bytes that end with the body
 * @param start where the body begins in them
 * @param key for messages
 * @param maxBytes the largest plain size in bytes
 * @throws CacheSerializationError when this version cannot read it, or the length is wrong or over the limit
 */
export function checkBody(bytes: Uint8Array, start: number, key: string, maxBytes: number): void {
  const stored = bytes.length - start - BODY_HEADER;
  if (stored < 0) throw damagedPayload(key, 'the body is cut short');
  const codec = bytes[start] ?? 0;
  const flags = bytes[start + 1] ?? 0;
  const known = knownFlags(codec);
  if (known === undefined) throw newer(key, `codec ${codec}`);
  if ((flags & ~known) !== 0) throw newer(key, `flags ${flags}`);
  const plain = plainLength(bytes, start);
  const fits = (flags & FLAG.compressed) === 0 ? stored === plain : stored > 0 && stored < plain;
  if (!fits) throw damagedPayload(key, 'the length is wrong');
  if (plain > maxBytes) throw tooLargeToRead(key, maxBytes);
}

/** The flags that a codec may have; undefined when there is no such codec. */
function knownFlags(codec: number): number | undefined {
  switch (codec) {
    case CODEC.json:
    case CODEC.rich:
      return FLAG.ascii | FLAG.compressed;
    case CODEC.text:
      return FLAG.ascii | FLAG.utf16 | FLAG.compressed;
    case CODEC.bytes:
      return FLAG.compressed;
    case CODEC.custom:
      return 0;
    default:
      return undefined;
  }
}

function newer(key: string, what: string): Error {
  return unsupportedPayload(
    key,
    `it was written with ${what}, which this version does not know; upgrade this reader, or delete the key`,
  );
}
