import { SLOTS } from './slot-map.js';

/**
 * Keeps the order of what is sent to one slot while it moves: what was sent to the old master and has to be sent
 * again goes before whatever came later.
 */
export class SlotGate {
  readonly #running = new Uint32Array(SLOTS);
  readonly #waiting = new Map<number, (() => void)[]>();

  /** Runs `start` at once, or, while the slot moves, when everything before it has settled. */
  enter(slot: number, start: () => void): void {
    const waiting = this.#waiting.get(slot);
    if (waiting !== undefined) {
      waiting.push(start);
      return;
    }
    this.#count(slot, 1);
    start();
  }

  /** To be called when what entered has settled. */
  leave(slot: number): void {
    if (this.#count(slot, -1) > 0) return;
    const waiting = this.#waiting.get(slot);
    if (waiting === undefined) return;
    this.#waiting.delete(slot);
    // All are counted first: one that settles at once must not open the gate a second time.
    this.#count(slot, waiting.length);
    for (const start of waiting) start();
  }

  /** The slot has another master now: whatever comes waits until what runs has settled. */
  hold(slot: number): void {
    if (this.#count(slot, 0) > 0 && !this.#waiting.has(slot)) this.#waiting.set(slot, []);
  }

  #count(slot: number, change: number): number {
    const running = (this.#running[slot] ?? 0) + change;
    this.#running[slot] = running;
    return running;
  }
}
