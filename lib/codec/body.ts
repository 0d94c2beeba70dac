import { Buffer } from 'node:buffer';
import { damagedPayload, tooLargeToRead, unsupportedPayload } from './failures.js';

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
  /** Reserved: tag stamps stand between the plain length and the payload. */
  stamps: 0x20,
  /** Reserved: the payload is compressed; the plain length is that of the uncompressed one. */
  compressed: 0x40,
  /** Reserved: the payload is followed by an HMAC. */
  hmac: 0x80,
} as const;

/** The flags that each codec may have. */
const KNOWN_FLAGS: ReadonlyMap<number, number> = new Map<number, number>([
  [CODEC.json, FLAG.ascii],
  [CODEC.text, FLAG.ascii | FLAG.utf16],
  [CODEC.bytes, 0],
  [CODEC.rich, FLAG.ascii],
  [CODEC.custom, 0],
]);

/** Codec id, flags, u32 plain length. */
export const BODY_HEADER = 6;

/**
 * Makes a body with room for a payload.
 *
 * @param codec one of `CODEC`
 * @param flags bits of `FLAG`
 * @param size of the payload in bytes
 */
export function startBody(codec: number, flags: number, size: number): Buffer {
  const body = Buffer.allocUnsafe(BODY_HEADER + size);
  body[0] = codec;
  body[1] = flags;
  body[2] = size >>> 24;
  body[3] = size >>> 16;
  body[4] = size >>> 8;
  body[5] = size;
  return body;
}

/**
 * Checks the header of a body; the payload follows it.
 *
 * @param body as it was stored
 * @param key for messages
 * @param maxBytes the largest plain size in bytes
 * @throws CacheSerializationError when this version cannot read it, or the length is wrong or over the limit
 */
export function checkBody(body: Uint8Array, key: string, maxBytes: number): void {
  if (body.length < BODY_HEADER) throw damagedPayload(key, 'the body is cut short');
  const codec = body[0] ?? 0;
  const flags = body[1] ?? 0;
  const known = KNOWN_FLAGS.get(codec);
  if (known === undefined) throw newer(key, `codec ${codec}`);
  if ((flags & ~known) !== 0) throw newer(key, `flags ${flags}`);
  const plain = plainLength(body);
  if (plain !== body.length - BODY_HEADER) throw damagedPayload(key, 'the length is wrong');
  if (plain > maxBytes) throw tooLargeToRead(key, maxBytes);
}

function newer(key: string, what: string): Error {
  return unsupportedPayload(
    key,
    `it was written with ${what}, which this version does not know; upgrade this reader, or delete the key`,
  );
}

function plainLength(body: Uint8Array): number {
  let length = 0;
  for (let at = 2; at < BODY_HEADER; at += 1) length = length * 256 + (body[at] ?? 0);
  return length;
}
