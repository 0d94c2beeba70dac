// What is cached, and under which keys.
import { Buffer } from 'node:buffer';

/** Different ones for each write, so that nobody writes the same object again and again. */
const VARIANTS = 32;
const SENTENCE = 'The quick brown fox jumps over the lazy dog. ';

function smallObject(index) {
  return {
    id: index,
    name: `customer ${index}`,
    email: `customer${index}@example.com`,
    active: true,
    score: 4.5,
    plan: null,
  };
}

/** Bytes that look random, and are the same in each run. */
function noise(length, seed) {
  const bytes = Buffer.alloc(length);
  let state = seed + 1;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** The kinds of values by their names: what one is like, how many keys there are, and how one is made. */
export const VALUES = {
  object: { title: 'an object of 100 bytes', keys: 2_000, make: (variant) => smallObject(40 + variant) },
  string: {
    title: 'a string of 1 KB',
    keys: 2_000,
    make: (variant) => `${variant}: ${SENTENCE.repeat(23)}`.slice(0, 1_024),
  },
  array: {
    title: 'an array of 200 objects, 20 KB',
    keys: 1_000,
    make: (variant) => Array.from({ length: 200 }, (_, index) => smallObject(1_000 * variant + index)),
  },
  buffer: { title: 'a Buffer of 100 KB', keys: 200, make: (variant) => noise(100 * 1_024, variant) },
};

export function makeValues(name) {
  return Array.from({ length: VARIANTS }, (_, variant) => VALUES[name].make(variant));
}

/** Made before anything is timed: making names is nobody's work. */
export function makeKeys(name, prefix) {
  return Array.from({ length: VALUES[name].keys }, (_, index) => `${prefix}customer:${10_000 + index}`);
}
