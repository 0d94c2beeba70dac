import type { CacheExplanation } from '../contract/cache-explanation.js';
import type { CacheMetricsSnapshot } from '../contract/cache-metrics.js';
import type { CacheHit, CacheResult } from '../contract/cache-result.js';
import type {
  CacheBatchFactory,
  CacheFactory,
  CacheLoadOptions,
  CacheWriter,
  TaggedWriteOptions,
} from '../contract/capabilities.js';
import type { EveryCapability, ICacheUpkeep } from '../contract/every-capability.js';
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
 * The contract and its capabilities, written once against one port for stores; every backend and every scope is
 * one of these.
 *
 * @typeParam T what the entries hold
 * @example
 * ```ts
 * class Health {
 *   constructor(@Inject(CACHE) private readonly cache: CoreCache) {}
 *
 *   async check(): Promise<void> {
 *     await this.cache.ping();
 *   }
 * }
 * ```
 */
export abstract class CoreCache<T = unknown> implements EveryCapability<T>, ICacheUpkeep, AsyncDisposable {
  readonly #territory: Territory;
  readonly #entries: Entries;
  readonly #near: NearTier | undefined;
  readonly #gate: CallGate;
  readonly #blocking: BlockingCalls<T>;
  #closed = false;

  static {
    publishOperations(this.prototype, (cache) => cache.#territory);
  }

  /** @internal */
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

  /**
   * Tells `requireCapability` what this cache was not given.
   *
   * @internal
   */
  [LACK](capability: CacheCapability): string | undefined {
    return capability === 'sync' ? this.#blocking.lack : undefined;
  }

  metrics(): CacheMetricsSnapshot {
    return this.#territory.shared.meter.snapshot(this.#near?.metrics());
  }

  async drain(): Promise<void> {
    await this.#territory.shared.behind.drain();
  }

  ping(): Promise<void> {
    return this.#gate.run(({ store }, prefix) => store.execute({ op: 'ping', prefix }));
  }

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
   * const prices = cache.scope<bigint>('price:');
   * await prices.set('chair', 4_900n);
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

  /** Closes the cache at the end of a block that declares it with `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

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

/**
 * A cache under a longer prefix that shares the store of another one, which alone closes it.
 *
 * @typeParam T what the entries hold
 * @example
 * ```ts
 * const prices: ScopedCache<bigint> = cache.scope<bigint>('price:');
 * ```
 */
export class ScopedCache<T = unknown> extends CoreCache<T> {
  readonly #parent: CoreCache;
  #released = false;

  /** @internal */
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
