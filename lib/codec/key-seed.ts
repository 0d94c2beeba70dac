/** The prime of FNV-1a (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv), taken over the units of UTF-16. */
const PRIME = 0x01000193;
const BASIS = 0x811c9dc5;

/**
 * What the checksum of a frame begins with, so that a frame found under another key than it was written for is told
 * from one that belongs there: a reply that reached the wrong caller, or a key that was renamed.
 *
 * @param wholeKey as it is in the store, prefix included
 */
export function keySeed(wholeKey: string): number {
  let hash = BASIS;
  for (let index = 0; index < wholeKey.length; index += 1) {
    hash = Math.imul(hash ^ wholeKey.charCodeAt(index), PRIME);
  }
  return hash | 0;
}
