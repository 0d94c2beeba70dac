import type { CacheExplanation } from '../contract/cache-explanation.js';
import type { CacheHit, CacheResult } from '../contract/cache-result.js';
import type {
  CacheBatchFactory,
  CacheFactory,
  CacheLoadOptions,
  CacheMetricsSnapshot,
  CacheWriter,
  EveryCapability,
  TaggedWriteOptions,
} from '../contract/capabilities.js';
import { type CacheCapability, LACK } from '../contract/require-capability.js';
import { assertFunction } from './assert-function.js';
import { Batches } from './batches.js';
import { BlockingCalls } from './blocking-calls.js';
import { assertCacheKey, distinctTags, uniqueTags } from './cache-key.js';
import { type CacheParts, scopeOf, type Territory, territoryOf } from './cache-parts.js';
import { EPOCH } from './cache-store.js';
import { CallGate } from './call-gate.js';
import { Entries } from './entries.js';
import { explainKey } from './explain-key.js';
import { planLoad } from './load-plan.js';
import type { NearTier } from './near-tier.js';
import { publishOperations } from './publish-operations.js';
import { planWrite } from './write-options.js';
import { writeThrough } from './write-through.js';

/**
 * The contract and its capabilities, written once against the {@link CacheStore} port; every backend and every scope is
 * one of these.
 *
 * @typeParam T what the entries hold
 */
export abstract class CoreCache<T = unknown> implements EveryCapability<T>, AsyncDisposable {
  readonly #territory: Territory;
  readonly #entries: Entries;
  readonly #near: NearTier | undefined;
  readonly #gate: CallGate;
  readonly #blocking: BlockingCalls<T>;
  #closed = false;

  static {
    publishOperations(this.prototype, (cache) => cache.#territory);
  }

  protected constructor(parts: CacheParts | Territory) {
    this.#territory = territoryOf(parts);
    this.#entries = new Entries(this.#territory);
    this.#near = this.#territory.shared.near;
    this.#gate = new CallGate(this.#territory, () => this.closed);
    this.#blocking = new BlockingCalls(this.#territory, this.#gate);
  }

  get(key: string, options?: { readonly tags?: readonly string[] }): Promise<CacheResult<T>> {
    const isPlain = this.#near === undefined || options !== undefined || this.closed;
    const hit = isPlain ? undefined : this.#entries.peek(key);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is under this prefix is what set() took
    return (hit as Promise<CacheHit<T>> | undefined) ?? this.#read(key, options);
  }

  set(key: string, value: T, options?: TaggedWriteOptions): Promise<void> {
    try {
      this.#gate.assertUsable(key);
      return this.#entries.write(key, value, planWrite('set', options, this.#territory.ttl, key));
    } catch (error) {
      return Promise.reject(this.#gate.counted(error));
    }
  }

  async delete(key: string): Promise<boolean> {
    try {
      this.#gate.assertUsable(key);
      return await this.#entries.remove(key);
    } catch (error) {
      throw this.#gate.counted(error);
    }
  }

  clear(): Promise<void> {
    return this.#gate.run(async ({ store, meter }, prefix) => {
      await store.execute({ op: 'clear', prefix });
      meter.counts.clears += 1;
    });
  }

  evictTags(...tags: string[]): Promise<void> {
    return this.#gate.run(async ({ store, meter }, prefix) => {
      const unique = distinctTags(tags);
      if (unique.length === 0) return;
      await store.execute({ op: 'evict', prefix, tags: [EPOCH, ...unique] });
      meter.counts.tagEvictions += unique.length;
    });
  }

  getOrSet(key: string, factory: CacheFactory<T>, options?: CacheLoadOptions<T>): Promise<T> {
    return this.#gate.run(async ({ loads }, prefix, ttl) => {
      assertCacheKey(key);
      assertFunction(factory, 'getOrSet', 'factory');
      const plan = planLoad(key, options, ttl);
      await this.#entries.writesOf(key);
      const value = await loads.run({ prefix, key, factory, plan });
      // A scope may have been closed meanwhile, which ends no load.
      this.#gate.assertOpen(key);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the factory made, or set() took
      return value as T;
    });
  }

  getMany(keys: Iterable<string>): Promise<Map<string, CacheResult<T>>> {
    return this.#gate.run(async () => {
      const results = await new Batches(this.#entries).read(new Set(keys));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is under this prefix is what set() took
      return results as Map<string, CacheResult<T>>;
    });
  }

  setMany(entries: Iterable<readonly [string, T]>, options?: TaggedWriteOptions): Promise<void> {
    return this.#gate.run(async (_shared, _prefix, ttl) => {
      await new Batches(this.#entries).write(new Map(entries), planWrite('setMany', options, ttl));
    });
  }

  deleteMany(keys: Iterable<string>): Promise<number> {
    return this.#gate.run(() => new Batches(this.#entries).remove(new Set(keys)));
  }

  getOrSetMany(
    keys: Iterable<string>,
    factory: CacheBatchFactory<T>,
    options?: CacheLoadOptions<T>,
  ): Promise<Map<string, T>> {
    return this.#gate.run(async ({ loads }, prefix, ttl) => {
      assertFunction(factory, 'getOrSetMany', 'factory');
      const unique = new Set(keys);
      const [first = ''] = unique;
      const plan = planLoad(first, options, ttl);
      const values = await new Batches(this.#entries).load(unique, factory, (load) =>
        loads.run({ prefix, plan, ...load }),
      );
      this.#gate.assertOpen();
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the factory made, or set() took
      return values as Map<string, T>;
    });
  }

  writeThrough(key: string, value: T, writer: CacheWriter<T>, options?: TaggedWriteOptions): Promise<void> {
    return this.#gate.run(async (shared, prefix, ttl) => {
      assertCacheKey(key);
      assertFunction(writer, 'writeThrough', 'writer');
      const put = await this.#entries.prepare(key, value, planWrite('writeThrough', options, ttl, key));
      const isWritten = await writeThrough(shared, prefix, put, () => writer(value, key));
      if (isWritten) this.#entries.countWrite(put);
    });
  }

  writeBehind(key: string, value: T, writer: CacheWriter<T>, options?: TaggedWriteOptions): Promise<void> {
    return this.#gate.run(async ({ behind }, prefix, ttl) => {
      assertCacheKey(key);
      assertFunction(writer, 'writeBehind', 'writer');
      const plan = planWrite('writeBehind', options, ttl, key);
      await this.#entries.writeWith(key, value, plan, (put) => {
        // The caller's own object may change before the writer gets it.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was encoded from a T
        const copy = this.#entries.copyOf(put) as T;
        return behind.accept({ prefix, put, value: copy, write: () => writer(copy, key) });
      });
    });
  }

  getSync(key: string): CacheResult<T> {
    return this.#blocking.get(key);
  }

  setSync(key: string, value: T, options?: TaggedWriteOptions): void {
    this.#blocking.set(key, value, options);
  }

  deleteSync(key: string): boolean {
    return this.#blocking.delete(key);
  }

  clearSync(): void {
    this.#blocking.clear();
  }

  /** Tells `requireCapability` what this cache was not given. */
  [LACK](capability: CacheCapability): string | undefined {
    return capability === 'sync' ? this.#blocking.lack : undefined;
  }

  metrics(): CacheMetricsSnapshot {
    return this.#territory.shared.meter.snapshot(this.#near?.metrics());
  }

  /**
   * Runs at once what waits to be written to an origin, and tells `onWriteError` what is not written in time. A Nest
   * module does so when the application begins to shut down.
   */
  async drain(): Promise<void> {
    await this.#territory.shared.behind.drain();
  }

  /**
   * Asks the backend whether it can be reached, within the deadline.
   *
   * @throws RedisCacheError when it cannot, with the reason
   * @throws CacheClosedError after {@link CoreCache.close}
   */
  ping(): Promise<void> {
    return this.#gate.run(({ store }, prefix) => store.execute({ op: 'ping', prefix }));
  }

  /**
   * Tells a person what the cache knows about a key: whether it holds an entry, a stale one or a lease, for how long,
   * and whether its tags still match. No value is told, and the near tier is passed by.
   *
   * @param key a non-empty string of at most 1 KiB in UTF-8
   * @throws CacheClosedError after {@link CoreCache.close}
   * @throws RedisCacheError when the backend cannot be asked
   * @example
   * ```ts
   * const explanation = await cache.explain('profile:42');
   * if (explanation.state === 'entry') console.log(explanation.size, explanation.ttl, explanation.tags);
   * ```
   */
  explain(key: string): Promise<CacheExplanation> {
    return this.#gate.run(() => explainKey(this.#entries, key));
  }

  /**
   * A cache of its own type under a longer prefix, on the same connection.
   *
   * Its `clear()` removes what is under the longer prefix only, and its tags are its own; closing it leaves this cache
   * open. `metrics()` counts the whole cache.
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
    return new ScopedCache<U>(scopeOf(this.#territory, prefix), this);
  }

  async close(): Promise<void> {
    const { loads, behind, store } = this.#territory.shared;
    this.#closed = true;
    await Promise.all([loads.close(), behind.close()]);
    await store.close();
  }

  /** Lets `await using` close the cache at the end of a block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Whether {@link CoreCache.close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  async #read(key: string, options?: { readonly tags?: readonly string[] }): Promise<CacheResult<T>> {
    try {
      this.#gate.assertUsable(key);
      const tags = options?.tags === undefined ? undefined : uniqueTags(options.tags, key);
      const slot = tags === undefined ? await this.#entries.look(key) : undefined;
      const result =
        slot === undefined
          ? await this.#entries.read(key, tags)
          : (this.#entries.judgeNow(key, slot) ?? (await this.#entries.judge(key, slot)));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is under this prefix is what set() took
      return result as CacheResult<T>;
    } catch (error) {
      throw this.#gate.counted(error);
    }
  }
}

/** A cache under a longer prefix that shares the store of another one, which alone closes it. */
export class ScopedCache<T = unknown> extends CoreCache<T> {
  readonly #parent: CoreCache;
  #released = false;

  constructor(territory: Territory, parent: CoreCache) {
    super(territory);
    this.#parent = parent;
  }

  override async close(): Promise<void> {
    this.#released = true;
  }

  override get closed(): boolean {
    return this.#released || this.#parent.closed;
  }
}
