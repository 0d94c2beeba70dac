import { createCodec } from '../../lib/codec/codec.js';
import type { CacheWriteErrorHandler } from '../../lib/contract/capabilities.js';
import type { CacheStore } from '../../lib/core/cache-store.js';
import { CoreCache } from '../../lib/core/core-cache.js';
import type { Put } from './history.js';
import { Wire } from './wire.js';
import type { Witness } from './witness.js';

class ModelCache extends CoreCache<string> {
  constructor(store: CacheStore, prefix: string, onWriteError: CacheWriteErrorHandler) {
    super({ store, codec: createCodec(undefined), prefix, drainFor: 5_000, onWriteError });
  }
}

/** What a call came to. */
export type CallOutcome<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Its process died meanwhile. */
  | { readonly kind: 'died' };

/** One process of the application, with a cache and a connection of its own. */
export class ModelProcess {
  readonly number: number;
  readonly cache: CoreCache<string>;
  readonly #wire: Wire;
  readonly #witness: Witness;
  /** What it may still have to write to an origin. */
  readonly writing = new Set<Put>();
  isDead = false;
  #kill: () => void = () => undefined;
  readonly #death: Promise<{ readonly kind: 'died' }>;

  constructor(
    number: number,
    wire: Wire,
    witness: Witness,
    prefix: string,
    onWriteError: CacheWriteErrorHandler,
  ) {
    this.number = number;
    this.#wire = wire;
    this.#witness = witness;
    this.cache = new ModelCache(wire, prefix, onWriteError);
    this.#death = new Promise((resolve) => {
      this.#kill = () => resolve({ kind: 'died' });
    });
  }

  /** Calls something, and waits for it no longer than the process lives. */
  async call<Value>(task: () => Promise<Value>): Promise<CallOutcome<Value>> {
    const running = task().then(
      (value) => ({ kind: 'done', value }) as const,
      (error: unknown) => ({ kind: 'failed', error }) as const,
    );
    return await Promise.race([running, this.#death]);
  }

  /** Nothing of it reaches the server or an origin any more. */
  die(): void {
    this.isDead = true;
    this.#wire.cut();
    this.#witness.died();
    this.#kill();
  }

  async end(): Promise<void> {
    this.#wire.bury();
    await this.cache.close();
  }
}
