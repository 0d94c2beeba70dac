import { Buffer } from 'node:buffer';
import { randomBytes, randomFillSync } from 'node:crypto';

/** Bytes of a write id. */
export const WRITE_ID_LENGTH = 8;

const POOLED = 512;
const pool = Buffer.allocUnsafeSlow(POOLED * WRITE_ID_LENGTH);
let next = pool.length;
/** Cutting a short text out of a long one costs a fifth of making one of bytes. */
let pooledText = '';
let nextText = 0;

/**
 * Draws the random bytes that tell one write of a key from every other.
 *
 * @param target where they go
 * @param offset of the first one
 */
export function putNewWriteId(target: Uint8Array, offset: number): void {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  for (let at = offset; at < offset + WRITE_ID_LENGTH; at += 1) target[at] = pool[next++] ?? 0;
}

/** Draws a write id of its own, as eight characters of one byte each. */
export function newWriteId(): string {
  if (nextText === pooledText.length) {
    pooledText = randomBytes(POOLED * WRITE_ID_LENGTH).toString('latin1');
    nextText = 0;
  }
  nextText += WRITE_ID_LENGTH;
  return pooledText.slice(nextText - WRITE_ID_LENGTH, nextText);
}
