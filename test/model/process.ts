import { createCodec } from '../../lib/codec/codec.js';
import type { CacheWriteErrorHandler } from '../../lib/contract/capabilities.js';
import type { CacheStore } from '../../lib/core/cache-store.js';
import { CoreCache } from '../../lib/core/core-cache.js';
import type { NearTier } from '../../lib/core/near-tier.js';
import type { Put } from './history.js';
import type { Disturbance } from './program.js';
import type { Wire } from './wire.js';
import type { Witness } from './witness.js';

class ModelCache extends CoreCache<string> {
  constructor({ wire, near }: Connection, prefix: string, onWriteError: CacheWriteErrorHandler) {
    const codec = createCodec(undefined);
    const place = { backend: 'ModelCache' };
    super({ store: near ?? wire, near, codec, place, prefix, drainFor: 5_000, onWriteError });
  }
}

/** How a process reaches the server. */
export interface Connection {
  readonly wire: Wire;
  /** What keeps what is read over the wire; absent: nothing is kept. */
  readonly near?: CacheStore & NearTier;
  /** Lets something happen to the connection on which it hears what has changed, if there is one. */
  disturb?(disturbance: Disturbance): void;
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
  readonly #connection: Connection;
  readonly #witness: Witness;
  /** What it may still have to write to an origin. */
  readonly writing = new Set<Put>();
  isDead = false;
  #kill: () => void = () => undefined;
  readonly #death: Promise<{ readonly kind: 'died' }>;

  constructor(
    number: number,
    connection: Connection,
    witness: Witness,
    prefix: string,
    onWriteError: CacheWriteErrorHandler,
  ) {
    this.number = number;
    this.#connection = connection;
    this.#witness = witness;
    this.cache = new ModelCache(connection, prefix, onWriteError);
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

  disturb(disturbance: Disturbance): void {
    this.#connection.disturb?.(disturbance);
  }

  /** Nothing of it reaches the server or an origin any more. */
  die(): void {
    this.isDead = true;
    this.#connection.wire.cut();
    this.#witness.died();
    this.#kill();
  }

  async end(): Promise<void> {
    this.#connection.wire.bury();
    await this.cache.close();
  }
}
