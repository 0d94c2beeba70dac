import type { CacheBatchFactory } from '../contract/capabilities.js';

interface Request {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/**
 * Makes one call of a factory of many, for the keys whose leases were granted, as soon as it is known of every key
 * whether it was found, is loaded by somebody else, or is ours to load. What others fail to load follows in later calls.
 */
export class BatchFactory {
  readonly #factory: CacheBatchFactory<unknown>;
  readonly #undecided: Set<string>;
  readonly #requests = new Map<string, Request>();

  constructor(factory: CacheBatchFactory<unknown>, keys: readonly string[]) {
    this.#factory = factory;
    this.#undecided = new Set(keys);
  }

  /** The key needs no load of ours, at least for now. */
  decide(key: string): void {
    if (this.#undecided.delete(key)) this.#callIfDecided();
  }

  /** The value of a key that is ours to load. */
  load(key: string, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#requests.set(key, { resolve, reject, signal });
      this.#undecided.delete(key);
      this.#callIfDecided();
    });
  }

  #callIfDecided(): void {
    if (this.#undecided.size > 0 || this.#requests.size === 0) return;
    const requests = new Map(this.#requests);
    this.#requests.clear();
    void this.#call(requests);
  }

  async #call(requests: ReadonlyMap<string, Request>): Promise<void> {
    const keys = [...requests.keys()];
    const signal = AbortSignal.any([...requests.values()].map((request) => request.signal));
    try {
      const pairs = new Map(await this.#factory(keys, { signal }));
      for (const [key, { resolve, reject }] of requests) {
        if (pairs.has(key)) resolve(pairs.get(key));
        else reject(nothingFor(key));
      }
    } catch (error) {
      for (const { reject } of requests.values()) reject(error);
    }
  }
}

function nothingFor(key: string): TypeError {
  return new TypeError(
    `The factory of getOrSetMany() answered nothing for ${JSON.stringify(key)}: ` +
      'it answers a pair for each key, with undefined or null for what does not exist.',
  );
}
