import { Buffer } from 'node:buffer';
import { endianness } from 'node:os';

// xxHash32, as its specification names the parts.
const PRIME_1 = 0x9e3779b1 | 0;
const PRIME_2 = 0x85ebca77 | 0;
const PRIME_3 = 0xc2b2ae3d | 0;
/** Words that go into the four lanes together. */
const STRIPE = 4;

/** Bytes are copied here, part by part, because words of any alignment are four times as slow to read. */
const words = new Int32Array(1024);
const part = Buffer.from(words.buffer);
const swapped = endianness() === 'BE';

/**
 * The checksum of a frame: xxHash32, seeded with its key and its length, of its bytes and zeros up to a multiple of 16. Every
 * step is reversible, so that a change within one word never goes unnoticed; for the small values that most entries
 * are it takes a third of the time of a call of CRC-32.
 *
 * @param bytes at least 16
 * @param blank indexes of 32-bit words among the first 1,024 that are read as zero
 * @param seedOfKey a whole number of 32 bits
 */
export function checksum(bytes: Uint8Array, blank: readonly number[], seedOfKey: number): number {
  const seed = (seedOfKey ^ bytes.length) | 0;
  let one = (seed + PRIME_1 + PRIME_2) | 0;
  let two = (seed + PRIME_2) | 0;
  let three = seed;
  let four = (seed - PRIME_1) | 0;
  let done = 0;
  let end = load(bytes, 0);
  for (let index = 0; index < blank.length; index += 1) words[blank[index] ?? 0] = 0;
  for (;;) {
    for (let at = 0; at < end; at += STRIPE) {
      one = round(one, words[at] ?? 0);
      two = round(two, words[at + 1] ?? 0);
      three = round(three, words[at + 2] ?? 0);
      four = round(four, words[at + 3] ?? 0);
    }
    done += end * 4;
    if (done >= bytes.length) return finish(one, two, three, four, done);
    end = load(bytes, done);
  }
}

/** Copies the next part, with zeros up to a whole stripe, and answers how many words it has. */
function load(bytes: Uint8Array, start: number): number {
  const size = Math.min(bytes.length - start, part.length);
  const end = ((size + 15) >>> 4) * STRIPE;
  for (let at = end - STRIPE; at < end; at += 1) words[at] = 0;
  part.set(size === bytes.length ? bytes : bytes.subarray(start, start + size));
  if (swapped) part.swap32();
  return end;
}

// The rotations are written out: as calls they would be too many for the engine to inline.

function round(lane: number, word: number): number {
  const mixed = (lane + Math.imul(word, PRIME_2)) | 0;
  return Math.imul((mixed << 13) | (mixed >>> 19), PRIME_1);
}

/** Takes in the length, and lets every bit change about half of the others. */
function finish(one: number, two: number, three: number, four: number, length: number): number {
  const left = ((one << 1) | (one >>> 31)) + ((two << 7) | (two >>> 25));
  const right = ((three << 12) | (three >>> 20)) + ((four << 18) | (four >>> 14));
  let hash = (left + right + length) | 0;
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
