import { now } from './clock.js';

/** A moment, and how long this process had waited for the processor until then. */
export interface Mark {
  readonly at: number;
  readonly waited: number;
}

const INTERVAL = 10;

/**
 * Tells how long something took while this process was running: on a busy machine it waits for the processor, and
 * nothing that happens then is the cache's doing.
 *
 * Only what a timer came too late counts as waiting, and only as far as this process did not use the processor
 * meanwhile: a cache that blocks the event loop has no excuse.
 */
export class LoopClock {
  #last = now();
  #processor = process.cpuUsage();
  #waited = 0;
  #longestDelay = 0;
  readonly #timer = setInterval(() => this.#tick(), INTERVAL);

  /** The longest that the event loop did not turn, for whatever reason, in milliseconds. */
  get longestDelay(): number {
    return this.#longestDelay;
  }

  /** In milliseconds, all together. */
  get waited(): number {
    return this.#waited;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  mark(): Mark {
    const at = now();
    // What this process may be waiting for just now began before.
    return { at, waited: this.#waited + Math.max(0, at - this.#last - INTERVAL) };
  }

  /** How long it is since then, without the time in which this process waited for the processor. */
  since({ at, waited }: Mark): number {
    const elapsed = now() - at;
    return elapsed - Math.max(0, this.#waited + this.#excuse().waited - waited);
  }

  #tick(): void {
    const { late, waited } = this.#excuse();
    this.#waited += waited;
    this.#longestDelay = Math.max(this.#longestDelay, late);
    this.#last = now();
    this.#processor = process.cpuUsage();
  }

  #excuse(): { readonly late: number; readonly waited: number } {
    const late = now() - this.#last - INTERVAL;
    if (late <= 1) return { late: Math.max(0, late), waited: 0 };
    const { user, system } = process.cpuUsage(this.#processor);
    return { late, waited: Math.max(0, late - (user + system) / 1_000) };
  }
}
