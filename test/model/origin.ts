import type { Key } from './program.js';

/** What the application stores for good; its versions count up over all keys. */
export class Origin {
  readonly #held = new Map<Key, number>();
  #last = 0;

  /** A version that nobody has written yet. */
  next(): number {
    this.#last += 1;
    return this.#last;
  }

  write(key: Key, version: number): void {
    this.#held.set(key, version);
  }

  read(key: Key): number {
    return this.#held.get(key) ?? 0;
  }
}

/** A factory or a writer failed, as it was meant to. */
export class ModelFailure extends Error {}
