import { type CacheHit, CacheMiss, type CacheResult } from '../contract/cache-result.js';
import type { TaggedWriteOptions } from '../contract/capabilities.js';
import { CacheBackendCapabilityError } from '../contract/errors.js';
import { assertCacheKey } from './cache-key.js';
import type { Territory } from './cache-parts.js';
import type { CacheStore, EntrySlot, Stamps } from './cache-store.js';
import type { CallGate } from './call-gate.js';
import { lifeOfStamps, makeEntry, putOf } from './entry-maker.js';
import { hitOf } from './hit-of.js';
import { onlyOutcome } from './only-outcome.js';
import { planWrite, type WritePlan } from './write-options.js';

const REMEDY =
  'This cache cannot block: make it with the option sync (sync: true), which gives it a thread that talks to Redis ' +
  'meanwhile, or await get, set, delete and clear.';

/** A store that can block. */
type BlockingStore = CacheStore & Required<Pick<CacheStore, 'executeSync'>>;

/** The blocking twins of `get`, `set`, `delete` and `clear`: the same, in one turn of the event loop. */
export class BlockingCalls<T> {
  readonly #territory: Territory;
  readonly #gate: CallGate;

  constructor(territory: Territory, gate: CallGate) {
    this.#territory = territory;
    this.#gate = gate;
  }

  /** Why they cannot be used, and what to do; absent: they can. */
  get lack(): string | undefined {
    return canBlock(this.#territory.shared.store) ? undefined : REMEDY;
  }

  get(key: string): CacheResult<T> {
    return this.#runFor(key, (store) => {
      const { shared, prefix } = this.#territory;
      const near = shared.near?.peek(prefix, key);
      if (near !== undefined) return this.#hit(key, near);
      const slot = onlyOutcome(store.executeSync({ op: 'read', prefix, keys: [key] }));
      if (slot.state === 'entry' && slot.fresh && this.#isCurrent(slot, store)) return this.#hit(key, slot);
      shared.meter.counts.misses += 1;
      return CacheMiss.instance;
    });
  }

  set(key: string, value: T, options: TaggedWriteOptions | undefined): void {
    this.#runFor(key, (store) => {
      const { shared, prefix, ttl } = this.#territory;
      const plan = planWrite('setSync', options, ttl, key);
      const made = makeEntry(shared, key, value, plan.tags);
      onlyOutcome(
        store.executeSync({ op: 'write', prefix, puts: [putOf(made, plan, this.#stampsFor(plan, store))] }),
      );
      shared.meter.counts.writes += 1;
      shared.meter.counts.bytesOut += made.size;
    });
  }

  delete(key: string): boolean {
    return this.#runFor(key, (store) => {
      const { shared, prefix } = this.#territory;
      const held = onlyOutcome(store.executeSync({ op: 'remove', prefix, keys: [key] }));
      shared.meter.counts.deletes += 1;
      return held;
    });
  }

  clear(): void {
    this.#run(undefined, (store) => {
      const { shared, prefix } = this.#territory;
      store.executeSync({ op: 'clear', prefix });
      shared.meter.counts.clears += 1;
    });
  }

  /** Runs what is about a key, whatever JavaScript has passed for one. */
  #runFor<Value>(key: string, task: (store: BlockingStore) => Value): Value {
    return this.#run(key, (store) => {
      assertCacheKey(key);
      return task(store);
    });
  }

  #run<Value>(key: string | undefined, task: (store: BlockingStore) => Value): Value {
    const { store } = this.#territory.shared;
    try {
      this.#gate.assertOpen(key);
      if (!canBlock(store)) throw new CacheBackendCapabilityError(REMEDY, { key });
      return task(store);
    } catch (error) {
      throw this.#gate.counted(error);
    }
  }

  /** A tagged entry needs the versions of its tags first. */
  #stampsFor(plan: WritePlan, store: BlockingStore): Stamps | undefined {
    const { tags } = plan;
    if (tags.length === 0) return undefined;
    const { prefix } = this.#territory;
    const versions = store.executeSync({ op: 'stamp', prefix, tags, need: lifeOfStamps(plan) });
    return new Map(tags.map((tag, index) => [tag, versions[index] ?? '']));
  }

  #isCurrent({ stamps }: EntrySlot, store: BlockingStore): boolean {
    if (stamps === undefined) return true;
    const tags = [...stamps.keys()];
    const versions = store.executeSync({ op: 'versions', prefix: this.#territory.prefix, tags, sure: true });
    return tags.every((tag, index) => stamps.get(tag) === versions[index]);
  }

  #hit(key: string, entry: EntrySlot): CacheHit<T> {
    const { shared } = this.#territory;
    const hit = hitOf(shared, key, entry);
    shared.meter.counts.hits += 1;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is under this prefix is what set() took
    return hit as CacheHit<T>;
  }
}

function canBlock(store: CacheStore): store is BlockingStore {
  return store.executeSync !== undefined;
}
