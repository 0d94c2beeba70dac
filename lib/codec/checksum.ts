import { crc32 } from 'node:zlib';

/** Below this a loop beats the call into zlib. */
const SHORT = 64;
const POLYNOMIAL = 0xedb88320;
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => remainder(byte));

function remainder(byte: number): number {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
}

/**
 * The CRC-32 of some bytes.
 *
 * @param bytes the bytes
 * @param before the checksum of what comes before them
 */
export function checksum(bytes: Uint8Array, before = 0): number {
  return bytes.length > SHORT ? crc32(bytes, before) : checksumOf(bytes, 0, bytes.length, before);
}

/**
 * The CRC-32 of a short part of some bytes.
 *
 * @param bytes the bytes
 * @param start where the part begins
 * @param end where it ends
 * @param before the checksum of what comes before it
 */
export function checksumOf(bytes: Uint8Array, start: number, end: number, before = 0): number {
  let value = ~before;
  for (let at = start; at < end; at += 1) {
    value = (TABLE[(value ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (value >>> 8);
  }
  return ~value >>> 0;
}
