/** How long a comparison of the clocks is relied on, in milliseconds: two of them drift apart by less than 1 ms in it. */
const RELIED_ON = 10_000;

/**
 * The clock of the server behind one connection, as its replies have told it. It is never behind the server's, so that
 * nothing is taken for fresh that is not, and ahead by no more than the fastest round trip of late.
 */
export class ServerClock {
  #offset = 0;
  #reliedOnUntil = 0;

  /** Milliseconds since the epoch by the server's clock; absent when it is to be asked for. */
  now(): number | undefined {
    const now = performance.now();
    return now < this.#reliedOnUntil ? now + this.#offset : undefined;
  }

  /**
   * Notes what the server's clock showed.
   *
   * @param time milliseconds since the epoch
   * @param askedAt when the question was sent, on the clock of `performance.now()`
   */
  compare(time: number, askedAt: number): void {
    const offset = time - askedAt;
    // A reply that took longer says less.
    if (askedAt < this.#reliedOnUntil && offset >= this.#offset) return;
    this.#offset = offset;
    this.#reliedOnUntil = askedAt + RELIED_ON;
  }

  /** Another server may answer from now on. */
  forget(): void {
    this.#reliedOnUntil = 0;
  }
}
