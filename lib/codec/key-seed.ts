import { Buffer } from 'node:buffer';
import { endianness } from 'node:os';

/** The prime of FNV-1a (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv), taken over the units of UTF-16. */
const PRIME = 0x01000193;
const BASIS = 0x811c9dc5;

const units = new Uint16Array(2_048);
const scratch = Buffer.from(units.buffer);
const IS_LITTLE_ENDIAN = endianness() === 'LE';

/**
 * What the checksum of a frame begins with, so that a frame found under another key than it was written for is told
 * from one that belongs there: a reply that reached the wrong caller, or a key that was renamed.
 *
 * @param wholeKey as it is in the store, prefix included
 */
export function keySeed(wholeKey: string): number {
  if (!IS_LITTLE_ENDIAN || wholeKey.length > units.length) return seedOfUnits(wholeKey);
  // Measured: with ioredis in the process the engine reads characters five times as slowly as it copies all of them.
  scratch.write(wholeKey, 0, 'utf16le');
  let hash = BASIS;
  for (let index = 0; index < wholeKey.length; index += 1) {
    hash = Math.imul(hash ^ (units[index] ?? 0), PRIME);
  }
  return hash | 0;
}

function seedOfUnits(wholeKey: string): number {
  let hash = BASIS;
  for (let index = 0; index < wholeKey.length; index += 1) {
    hash = Math.imul(hash ^ wholeKey.charCodeAt(index), PRIME);
  }
  return hash | 0;
}
