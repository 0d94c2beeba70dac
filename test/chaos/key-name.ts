import type { KeyPlace } from './ledger.js';

/** From here on keys are on the shelf, and go together when it is cleared. */
export const SHELF_BEGINS = 24;

/** What the keys of a shelf begin with. */
export function shelfOf(owner: number): string {
  return `${owner}:shelf:`;
}

/** What a key is called. */
export interface KeyName {
  /** In the cache of its stage. */
  readonly name: string;
  readonly shelf?: string;
  /** On its shelf, when it has one; otherwise its name. */
  readonly key: string;
}

export function nameOf({ owner, key }: KeyPlace, generation: number): KeyName {
  const rest = `${key}.${generation}`;
  const name = `${owner}:key:${rest}`;
  if (key < SHELF_BEGINS) return { name, key: name };
  return { name: shelfOf(owner) + rest, shelf: shelfOf(owner), key: rest };
}
