import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';

/** Bytes of a write id. */
export const WRITE_ID_LENGTH = 8;

const POOLED = 512;
const pool = Buffer.allocUnsafeSlow(POOLED * WRITE_ID_LENGTH);
let next = pool.length;

/** Draws the random bytes that tell one write of a key from every other. */
export function newWriteId(): Buffer {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  const id = Buffer.allocUnsafe(WRITE_ID_LENGTH);
  for (let at = 0; at < WRITE_ID_LENGTH; at += 1) id[at] = pool[next++] ?? 0;
  return id;
}
