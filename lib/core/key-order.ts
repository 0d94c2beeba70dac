/**
 * Keeps what is done to one key in the order of the calls, also when some writes need two round trips: what comes after
 * such a one waits for it. Nothing else ever waits.
 */
export class KeyOrder {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Whether writes of the key are under way that take more than one step. */
  isBusy(key: string): boolean {
    return this.#last.size > 0 && this.#last.has(key);
  }

  /** Waits for the writes of keys that are under way and take more than one step; absent: there are none. */
  settled(keys: readonly string[]): Promise<unknown> | undefined {
    if (this.#last.size === 0) return undefined;
    const writes = keys.flatMap((key) => this.#last.get(key) ?? []);
    return writes.length === 0 ? undefined : Promise.all(writes);
  }

  /** Runs a write when all earlier ones of the key that passed here have settled. */
  run<Value>(key: string, write: () => Promise<Value>): Promise<Value> {
    return this.runAll([key], write);
  }

  /** Runs a write of several keys when all earlier ones of any of them that passed here have settled. */
  async runAll<Value>(keys: readonly string[], write: () => Promise<Value>): Promise<Value> {
    const before = new Set(keys.flatMap((key) => this.#last.get(key) ?? []));
    const settled = before.size === 0 ? write() : Promise.all(before).then(write);
    const quiet = settled.catch(() => undefined);
    for (const key of keys) this.#last.set(key, quiet);
    try {
      return await settled;
    } finally {
      for (const key of keys) {
        if (this.#last.get(key) === quiet) this.#last.delete(key);
      }
    }
  }
}
