import { SLOTS } from './slot-map.js';

const OPENING = 0x7b;
const CLOSING = 0x7d;

/** The remainders of CRC-16/XMODEM (polynomial 0x1021) for one byte. */
const REMAINDERS = Uint16Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 8;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 0x8000 ? (remainder << 1) ^ 0x1021 : remainder << 1;
  }
  return remainder;
});

/**
 * The slot of a key: the checksum of its hash tag, or of the whole key when it has none
 * (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags).
 */
export function keySlot(key: string | Buffer): number {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  const opening = bytes.indexOf(OPENING);
  const closing = opening === -1 ? -1 : bytes.indexOf(CLOSING, opening + 1);
  const hasTag = closing > opening + 1;
  return hasTag ? checksum(bytes, opening + 1, closing) : checksum(bytes, 0, bytes.length);
}

function checksum(bytes: Buffer, start: number, end: number): number {
  let crc = 0;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0;
    crc = ((crc << 8) & 0xffff) ^ (REMAINDERS[(crc >> 8) ^ byte] ?? 0);
  }
  return crc % SLOTS;
}
