import type { SpakkyCacheError } from '../contract/errors.js';
import type { Outcome, Slot } from '../core/cache-store.js';

/** Whom a batch tells what a key holds, by the place that the key has for them. */
export interface SlotReceiver {
  take(slot: Slot, place: number): void;
  refuse(error: SpakkyCacheError, place: number): void;
}

/** Waits for one key. */
export class OneSlot implements SlotReceiver {
  readonly slot: Promise<Slot>;
  take!: (slot: Slot) => void;
  refuse!: (error: SpakkyCacheError) => void;

  constructor() {
    this.slot = new Promise((resolve, reject) => {
      this.take = resolve;
      this.refuse = reject;
    });
  }
}

/** Waits for several keys, with one promise for all of them: most of what a small read takes is a promise. */
export class ManySlots implements SlotReceiver {
  readonly slots: Promise<readonly Outcome<Slot>[]>;
  readonly #outcomes: Outcome<Slot>[] = [];
  #left: number;
  #resolve!: (outcomes: readonly Outcome<Slot>[]) => void;

  constructor(count: number) {
    this.#left = count;
    this.slots = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (count === 0) this.#resolve(this.#outcomes);
  }

  take(slot: Slot, place: number): void {
    this.#put(slot, place);
  }

  refuse(error: SpakkyCacheError, place: number): void {
    this.#put(error, place);
  }

  #put(outcome: Outcome<Slot>, place: number): void {
    if (this.#outcomes[place] !== undefined) return;
    this.#outcomes[place] = outcome;
    this.#left -= 1;
    if (this.#left === 0) this.#resolve(this.#outcomes);
  }
}
