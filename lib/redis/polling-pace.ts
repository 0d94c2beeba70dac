/** The first pauses, in milliseconds: at most, and at least a quarter of it, so that processes do not ask together. */
const FIRST = 60;
const LONGEST = 250;
const GROWTH = 1.2;
/** A key that was not asked for so long, in milliseconds, is asked like a new one. */
const FORGOTTEN = 1_000;
/** More keys than that at a time are polled at the first pace. */
const MOST_KEYS = 1_000;

interface Streak {
  readonly pause: number;
  readonly until: number;
}

/** How long to wait before a key is looked at again: the longer nothing has changed, the longer. */
export class PollingPace {
  readonly #streaks = new Map<string, Streak>();

  /** The next pause for a key, in milliseconds. */
  next(key: string): number {
    const now = performance.now();
    const last = this.#streaks.get(key);
    const longest = last === undefined || now > last.until ? FIRST : Math.min(LONGEST, last.pause * GROWTH);
    this.#streaks.delete(key);
    this.#streaks.set(key, { pause: longest, until: now + longest + FORGOTTEN });
    this.#forgetOldest();
    return longest / 4 + (Math.random() * longest * 3) / 4;
  }

  #forgetOldest(): void {
    if (this.#streaks.size <= MOST_KEYS) return;
    const [oldest = ''] = this.#streaks.keys();
    this.#streaks.delete(oldest);
  }
}
