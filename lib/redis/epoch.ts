import type { Warrant } from '../core/followable-store.js';
import type { Heartbeat } from './heartbeat.js';

/**
 * How long changes are taken to be told after the last answered heartbeat was sent, in milliseconds: so old can be what
 * is served here once the way between a server and this process is cut without a word.
 */
export const TRUST_BOUND = 1_000;

/** The time in which nothing can have changed without having been told, on both connections to one server. */
export class Epoch implements Warrant {
  readonly #heartbeat: Heartbeat;
  #hasEnded = false;

  constructor(heartbeat: Heartbeat) {
    this.#heartbeat = heartbeat;
  }

  holds(now: number): boolean {
    return !this.#hasEnded && now - this.#heartbeat.answeredAt < TRUST_BOUND;
  }

  end(): void {
    this.#hasEnded = true;
  }
}
