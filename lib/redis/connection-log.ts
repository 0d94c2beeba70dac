import type { RedisTarget } from './redis-error.js';
import type { ConnectionFailure } from './redis-failure.js';

/** Where the log lines of a connection go; Nest's `Logger` is one. */
export interface CacheLogger {
  /**
   * Told when a connection is back.
   *
   * @param message one sentence, without credentials
   */
  log(message: string): void;
  /**
   * Told when there is none, or none any more, and what fails in the background.
   *
   * @param message one sentence, without credentials and values
   */
  warn(message: string): void;
}

/** Tells the loss of a connection and its return, in one line each. */
export class ConnectionLog {
  readonly #target: RedisTarget;
  readonly #logger: CacheLogger | undefined;
  #lostAt = 0;
  #isLost = false;

  constructor(target: RedisTarget, logger: CacheLogger | undefined) {
    this.#target = target;
    this.#logger = logger;
  }

  lost(failure: ConnectionFailure): void {
    this.#lostAt = performance.now();
    this.#isLost = true;
    this.#logger?.warn(
      `Lost the connection to ${this.#target.address}: ${failure.cause.message}. It reconnects by itself.`,
    );
  }

  /** Says so once when there was no connection to lose. */
  away(failure: ConnectionFailure): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#lostAt = performance.now();
    this.#logger?.warn(`Cannot connect to ${this.#target.address}: ${failure.cause.message}.`);
  }

  restored(): void {
    if (!this.#isLost) return;
    this.#isLost = false;
    const seconds = ((performance.now() - this.#lostAt) / 1_000).toFixed(1);
    this.#logger?.log(`The connection to ${this.#target.address} is back after ${seconds} s.`);
  }
}
