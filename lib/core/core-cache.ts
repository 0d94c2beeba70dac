import { inspect } from 'node:util';
import type { Codec } from '../codec/codec.js';
import type { CacheWriteOptions, ICache } from '../contract/cache.interface.js';
import { CacheHit, CacheMiss, type CacheResult } from '../contract/cache-result.js';
import {
  CacheBackendCapabilityError,
  CacheClosedError,
  CacheConfigurationError,
  InvalidCacheTtlError,
  SpakkyCacheError,
} from '../contract/errors.js';
import { assertCacheKey } from './cache-key.js';
import type { CacheStore, Outcome } from './cache-store.js';
import { resolveTimeToLive } from './time-to-live.js';

/** What a cache is made of. */
export interface CacheParts {
  readonly store: CacheStore;
  readonly codec: Codec;
  /** Put before every key. */
  readonly prefix: string;
  /** For writes that name none, in milliseconds; absent: they stay until they are removed. */
  readonly ttl?: number;
}

/**
 * The contract, written once against the {@link CacheStore} port; every backend and every scope is one of these.
 *
 * @typeParam T what the entries hold
 */
export abstract class CoreCache<T = unknown> implements ICache<T>, AsyncDisposable {
  readonly #parts: CacheParts;
  #closed = false;

  protected constructor(parts: CacheParts) {
    this.#parts = parts;
  }

  async get(key: string): Promise<CacheResult<T>> {
    this.#assertUsable(key);
    const { store, codec, prefix } = this.#parts;
    const slot = only(await store.execute({ op: 'read', prefix, keys: [key] }));
    if (slot.state !== 'entry' || !slot.fresh) return CacheMiss.instance;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is under this prefix is what set() took
    return new CacheHit(codec.decode(slot.bytes, key, slot.start) as T);
  }

  async set(key: string, value: T, options?: CacheWriteOptions): Promise<void> {
    this.#assertUsable(key);
    assertWriteOptions(options, key);
    const { store, codec, prefix } = this.#parts;
    const ttl = resolveTimeToLive(options?.ttl === undefined ? this.#parts.ttl : options.ttl, key);
    const put = { key, bytes: codec.encode(value, key, store.room), ttl };
    only(await store.execute({ op: 'write', prefix, puts: [put] }));
  }

  async delete(key: string): Promise<boolean> {
    this.#assertUsable(key);
    const { store, prefix } = this.#parts;
    return only(await store.execute({ op: 'remove', prefix, keys: [key] }));
  }

  async clear(): Promise<void> {
    this.#assertOpen();
    await this.#parts.store.execute({ op: 'clear', prefix: this.#parts.prefix });
  }

  /**
   * Asks the backend whether it can be reached, within the deadline.
   *
   * @throws RedisCacheError when it cannot, with the reason
   * @throws CacheClosedError after {@link CoreCache.close}
   */
  async ping(): Promise<void> {
    this.#assertOpen();
    await this.#parts.store.execute({ op: 'ping', prefix: this.#parts.prefix });
  }

  /**
   * A cache of its own type under a longer prefix, on the same connection.
   *
   * Its `clear()` removes what is under the longer prefix only; closing it leaves this cache open.
   *
   * @param prefix what its keys begin with, after this cache's own prefix; by convention it ends with `:`
   * @throws CacheConfigurationError when `prefix` is no text, or empty
   * @example
   * ```ts
   * const profiles = cache.scope<Profile>('profile:');
   * await profiles.set('42', { name: 'Ada' });
   * ```
   */
  scope<U = T>(prefix: string): ScopedCache<U> {
    if (typeof prefix !== 'string' || prefix === '' || !prefix.isWellFormed()) {
      throw new CacheConfigurationError([
        `scope(prefix) expects a non-empty text without lone surrogates, but found ${inspect(prefix)}`,
      ]);
    }
    return new ScopedCache<U>({ ...this.#parts, prefix: this.#parts.prefix + prefix }, this);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#parts.store.close();
  }

  /** Lets `await using` close the cache at the end of a block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Whether {@link CoreCache.close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  #assertUsable(key: string): void {
    this.#assertOpen(key);
    assertCacheKey(key);
  }

  #assertOpen(key?: string): void {
    if (!this.closed) return;
    throw new CacheClosedError(
      `The cache under the prefix "${this.#parts.prefix}" was closed: nothing may use it after close() or app.close().`,
      { key },
    );
  }
}

/** A cache under a longer prefix that shares the store of another one, which alone closes it. */
export class ScopedCache<T = unknown> extends CoreCache<T> {
  readonly #parent: CoreCache;
  #released = false;

  constructor(parts: CacheParts, parent: CoreCache) {
    super(parts);
    this.#parent = parent;
  }

  override async close(): Promise<void> {
    this.#released = true;
  }

  override get closed(): boolean {
    return this.#released || this.#parent.closed;
  }
}

/** The answer about the one key that was asked for. */
function only<Value>(outcomes: readonly Outcome<Value>[]): Value {
  for (const outcome of outcomes) {
    if (outcome instanceof SpakkyCacheError) throw outcome;
    return outcome;
  }
  throw new TypeError('The store answered nothing about the key.');
}

function assertWriteOptions(options: CacheWriteOptions | undefined, key: string): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) {
    throw new InvalidCacheTtlError(
      `The third argument of set() is an object of options, but it is of type ${typeof options}: write { ttl: … }.`,
      { key },
    );
  }
  for (const [name, value] of Object.entries(options)) {
    if (name === 'ttl' || value === undefined) continue;
    throw new CacheBackendCapabilityError(
      `This cache does not know the option "${name}" of set(): leave it out, or use a backend that has it.`,
      { key },
    );
  }
}
