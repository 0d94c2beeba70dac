import { CacheClosedError } from '../contract/errors.js';
import { assertCacheKey } from './cache-key.js';
import type { Shared, Territory } from './cache-parts.js';

/** What every method of a cache does: it refuses after the end, and counts what fails. */
export class CallGate {
  readonly #territory: Territory;
  readonly #isClosed: () => boolean;

  constructor(territory: Territory, isClosed: () => boolean) {
    this.#territory = territory;
    this.#isClosed = isClosed;
  }

  /** Runs what is not called for each value. */
  async run<Value>(
    task: (shared: Shared, prefix: string, ttl: number | undefined) => Promise<Value>,
  ): Promise<Value> {
    const { shared, prefix, ttl } = this.#territory;
    try {
      this.assertOpen();
      return await task(shared, prefix, ttl);
    } catch (error) {
      throw this.counted(error);
    }
  }

  counted(error: unknown): unknown {
    this.#territory.shared.meter.countError(error);
    return error;
  }

  /**
   * @throws CacheClosedError after the end
   * @throws InvalidCacheKeyError when `key` is none
   */
  assertUsable(key: string): void {
    this.assertOpen(key);
    assertCacheKey(key);
  }

  /** @throws CacheClosedError after the end */
  assertOpen(key?: string): void {
    if (!this.#isClosed()) return;
    throw new CacheClosedError(
      `The cache under the prefix "${this.#territory.prefix}" was closed: nothing may use it after close() or app.close().`,
      { key },
    );
  }
}
