// How often a near tier has what is asked for: keys are read and changed at random, and the least recently used copy
// goes first (Che, Tung and Wang, Hierarchical web caching systems, 2002).
import { SKEW } from './zipf.mjs';

/** Ranks that are looked at one by one; the others in groups that differ by so much. */
const SINGLE_RANKS = 1_000;
const STEP = 1.02;
const BISECTIONS = 60;
const LONGEST = 1e12;

/** The parts of all reads that keys have: `{ part, keys }` for groups of keys that are alike. */
export class Popularity {
  constructor(keys) {
    this.groups = Array.from(groupsOf(keys));
    const sum = this.groups.reduce((total, group) => total + group.weight * group.keys, 0);
    for (const group of this.groups) group.part = group.weight / sum;
  }
}

function* groupsOf(keys) {
  let first = 1;
  while (first <= keys) {
    const next = first < SINGLE_RANKS ? first + 1 : Math.min(keys + 1, Math.ceil(first * STEP));
    yield { keys: next - first, weight: ((first + next - 1) / 2) ** -SKEW };
    first = next;
  }
}

/**
 * What one of the instances finds in its near tier.
 *
 * @param perInstance reads a second
 * @param changes of a key a second, by its part of all reads
 * @param bound entries that are kept
 * @returns the part of reads that are hits, the changes that the instance is told of each second, and of how many keys
 *   Redis remembers that it has read them
 */
export function predict({ groups }, { perInstance, changes, bound }) {
  const keys = groups.map(({ keys: number, part }) => {
    const [reads, writes] = [perInstance * part, changes(part)];
    return { number, part, reads, writes, current: reads / (reads + writes) };
  });
  const total = (of) => keys.reduce((sum, key) => sum + key.number * of(key), 0);
  const stay = longestStay((time) => total(isKept(time)) <= bound);
  const kept = isKept(stay);
  return {
    hitRate: total((key) => key.part * kept(key)),
    messages: total((key) => key.writes * key.current),
    noted: total((key) => key.current),
  };
}

/** How likely it is that a key is kept, where a copy stays so long that nobody reads. */
function isKept(stay) {
  return ({ current, reads, writes }) => current * -Math.expm1(-(reads + writes) * stay);
}

/** How long, in seconds, a copy stays that nobody reads. */
function longestStay(fits) {
  let [low, high] = [1e-6, LONGEST];
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = Math.sqrt(low * high);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
