import type { KeyPlace } from './ledger.js';

/** What is done with the keys of an owner, by their numbers: from the first to before the last. */
export const AREAS = {
  /** Written, removed, and nothing else. */
  plain: [0, 24],
  /** They go together when their shelf is cleared. */
  shelf: [24, 32],
  /** They are only ever written with the tag of their owner, and go together when it is evicted. */
  tagged: [32, 40],
  /** Loaded by everyone from an origin, which their owner alone changes; every other one with a tag. */
  origin: [40, 48],
  /** Written behind. */
  behind: [48, 52],
} as const;

export type Area = keyof typeof AREAS;

/** Of each worker on each stage. */
export const KEYS = 52;

/** What a key is called. */
export interface KeyName {
  /** In the cache of its stage. */
  readonly name: string;
  readonly shelf?: string;
  /** On its shelf, when it has one; otherwise its name. */
  readonly key: string;
}

export function isIn(area: Area, { key }: Pick<KeyPlace, 'key'>): boolean {
  const [first, end] = AREAS[area];
  return key >= first && key < end;
}

/** What the keys of a shelf begin with. */
export function shelfOf(owner: number): string {
  return `${owner}:shelf:`;
}

/** The tag that a key is always written with. */
export function tagOf(place: KeyPlace): string | undefined {
  if (isIn('tagged', place)) return `${place.owner}:tagged`;
  return isIn('origin', place) && place.key % 2 === 1 ? `${place.owner}:origin` : undefined;
}

export function nameOf(place: KeyPlace, generation: number): KeyName {
  const { owner, key } = place;
  const rest = `${key}.${generation}`;
  if (!isIn('shelf', place)) return { name: `${owner}:key:${rest}`, key: `${owner}:key:${rest}` };
  return { name: shelfOf(owner) + rest, shelf: shelfOf(owner), key: rest };
}
