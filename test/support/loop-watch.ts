/** How often the event loop is looked at, in milliseconds. */
const INTERVAL = 2;

/**
 * Watches how long the event loop is kept by work of this process: time in which the process waited for the processor,
 * or for anything else, is not held against it.
 */
export class LoopWatch {
  #last = performance.now();
  #processor = process.cpuUsage();
  #longest = 0;
  readonly #timer = setInterval(() => this.#look(), INTERVAL);

  /** @returns the longest that the event loop did not turn, in milliseconds */
  stop(): number {
    this.#look();
    clearInterval(this.#timer);
    return this.#longest;
  }

  #look(): void {
    const late = performance.now() - this.#last - INTERVAL;
    const { user, system } = process.cpuUsage(this.#processor);
    this.#longest = Math.max(this.#longest, Math.min(late, (user + system) / 1_000));
    this.#last = performance.now();
    this.#processor = process.cpuUsage();
  }
}
