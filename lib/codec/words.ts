// Buffer's own methods of this kind check their arguments behind a wrapper that the engine does not inline.

/**
 * Reads an unsigned integer of 32 bits, highest byte first.
 *
 * @param bytes that hold it
 * @param at where it begins; four bytes from there exist
 */
export function readWord(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
  return (high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}

/**
 * Writes an unsigned integer of 32 bits, highest byte first.
 *
 * @param bytes that get it
 * @param at where it begins
 * @param value of which the lowest 32 bits are taken
 */
export function writeWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** The same for 64 bits, of which a number holds 53 exactly. */
export function readDoubleWord(bytes: Uint8Array, at: number): number {
  return readWord(bytes, at) * 2 ** 32 + readWord(bytes, at + 4);
}
