import { type CacheHit, CacheMiss, type CacheResult } from '../contract/cache-result.js';
import type { Territory } from './cache-parts.js';
import type { CacheRuntime } from './cache-runtime.js';
import type { EntrySlot, Put, Slot } from './cache-store.js';
import { makeEntry, putOf, stampsFor } from './entry-maker.js';
import { hitOf } from './hit-of.js';
import type { KeyGroup, KeyOrder } from './key-order.js';
import { onlyOutcome } from './only-outcome.js';
import { areCurrent, type KnownVersions, lookUpVersions } from './tag-versions.js';
import type { WritePlan } from './write-options.js';

/** Reads, writes and removes the entries under one prefix. */
export class Entries {
  readonly runtime: CacheRuntime;
  readonly prefix: string;
  readonly #order: KeyOrder;

  constructor({ shared, prefix }: Territory) {
    this.runtime = shared;
    this.prefix = prefix;
    this.#order = shared.order;
  }

  /** Reads an entry, and in the same round trip the versions of the tags that are named. */
  async read(key: string, tags: readonly string[] | undefined): Promise<CacheResult<unknown>> {
    const { store } = this.runtime;
    const writes = this.writesOf(key);
    if (writes !== undefined) await writes;
    const reading = store.execute({ op: 'read', prefix: this.prefix, keys: [key] });
    if (tags === undefined) return await this.judge(key, onlyOutcome(await reading));
    const [outcomes, known] = await Promise.all([reading, lookUpVersions(store, this.prefix, tags)]);
    return await this.judge(key, onlyOutcome(outcomes), known);
  }

  /** Answers at once what is near and certain to be a hit; undefined says nothing. What is found under it is a key. */
  peek(key: unknown): Promise<CacheHit<unknown>> | undefined {
    const { near, meter } = this.runtime;
    if (near === undefined || typeof key !== 'string' || !this.#order.isQuiet) return undefined;
    try {
      const entry = near.peek(this.prefix, key);
      return entry === undefined ? undefined : Promise.resolve(this.#hit(key, entry));
    } catch (error) {
      meter.countError(error);
      return Promise.reject(error);
    }
  }

  /** Reads an entry where that takes nothing else; undefined: it is to be read in the usual way. */
  look(key: string): Promise<Slot> | undefined {
    return this.#order.isQuiet ? this.runtime.store.look?.(this.prefix, key) : undefined;
  }

  /** Tells a hit from a miss where that can be told at once; undefined says nothing. */
  judgeNow(key: string, slot: Slot): CacheResult<unknown> | undefined {
    if (slot.state !== 'entry' || !slot.fresh) return this.#miss();
    return slot.stamps === undefined ? this.#hit(key, slot) : undefined;
  }

  /** The earlier writes of a key that a read has to wait for; absent: it need not wait. */
  writesOf(key: string): Promise<unknown> | undefined {
    return this.#order.settled(this.prefix + key);
  }

  /** The same for many keys. */
  writesOfAll(keys: KeyGroup): Promise<unknown> | undefined {
    return this.#order.groupSettled(this.prefix, keys);
  }

  /** Tells a hit from a miss, and counts it. */
  async judge(key: string, slot: Slot, known?: KnownVersions): Promise<CacheResult<unknown>> {
    if (slot.state !== 'entry' || !slot.fresh) return this.#miss();
    if (await this.#isCurrent(slot, known)) return this.#hit(key, slot);
    // A copy ends with its tag, and hides what may have been written since.
    if (slot.readings === undefined) return this.#miss();
    const command = { op: 'read', prefix: this.prefix, keys: [key], sure: true } as const;
    const now = onlyOutcome(await this.runtime.store.execute(command));
    if (now.state !== 'entry' || !now.fresh || !(await this.#isCurrent(now))) return this.#miss();
    return this.#hit(key, now);
  }

  async #isCurrent({ stamps }: EntrySlot, known?: KnownVersions): Promise<boolean> {
    return stamps === undefined || (await areCurrent(this.runtime, this.prefix, stamps, known));
  }

  /** Writes an entry, and counts what fails. */
  async write(key: string, value: unknown, plan: WritePlan): Promise<void> {
    try {
      if (plan.tags.length > 0 || !this.#order.isQuiet) {
        await this.writeWith(key, value, plan, (put) => this.#send(put));
        return;
      }
      const made = makeEntry(this.runtime, key, value, plan.tags);
      await this.#send(putOf(made, plan, undefined));
      this.#count(made.size);
    } catch (error) {
      this.runtime.meter.countError(error);
      throw error;
    }
  }

  /** Writes an entry in one way or another; tags take a step before it, which later writes of the key wait for. */
  async writeWith(
    key: string,
    value: unknown,
    plan: WritePlan,
    send: (put: Put) => Promise<unknown>,
  ): Promise<void> {
    const made = makeEntry(this.runtime, key, value, plan.tags);
    const task = async (): Promise<void> => {
      const stamps = plan.tags.length === 0 ? undefined : await stampsFor(this.runtime, this.prefix, plan);
      await send(putOf(made, plan, stamps));
    };
    const wholeKey = this.prefix + key;
    const isPlain = plan.tags.length === 0 && !this.#order.isBusy(wholeKey);
    await (isPlain ? task() : this.#order.run(wholeKey, task));
    this.#count(made.size);
  }

  /** Makes what is to be written later. */
  async prepare(key: string, value: unknown, plan: WritePlan): Promise<Put> {
    const made = makeEntry(this.runtime, key, value, plan.tags);
    return putOf(made, plan, await stampsFor(this.runtime, this.prefix, plan));
  }

  /** The value of what was prepared, as a read would give it back. */
  copyOf({ key, bytes, extras }: Put): unknown {
    return this.runtime.codec.decode(bytes, key, this.runtime.store.roomFor(extras));
  }

  countWrite({ bytes, extras }: Put): void {
    this.#count(bytes.length - this.runtime.store.roomFor(extras));
  }

  async remove(key: string): Promise<boolean> {
    const { store, meter } = this.runtime;
    const wholeKey = this.prefix + key;
    const task = async (): Promise<boolean> =>
      onlyOutcome(await store.execute({ op: 'remove', prefix: this.prefix, keys: [key] }));
    const held = await (this.#order.isBusy(wholeKey) ? this.#order.run(wholeKey, task) : task());
    meter.counts.deletes += 1;
    return held;
  }

  /**
   * Runs a write of many keys in its place among all others of the same keys.
   *
   * @param isOneStep whether it is sent at once, so that later writes need not wait for it
   */
  inOrder<Value>(keys: KeyGroup, isOneStep: boolean, write: () => Promise<Value>): Promise<Value> {
    const mayGo = isOneStep && !this.#order.isGroupBusy(this.prefix, keys);
    return mayGo ? write() : this.#order.runGroup(this.prefix, keys, write);
  }

  #send(put: Put): Promise<unknown> {
    const { store } = this.runtime;
    if (store.put !== undefined) return store.put(this.prefix, put);
    return store.execute({ op: 'write', prefix: this.prefix, puts: [put] }).then(onlyOutcome);
  }

  #hit(key: string, entry: EntrySlot): CacheHit<unknown> {
    const hit = hitOf(this.runtime, key, entry);
    this.runtime.meter.counts.hits += 1;
    return hit;
  }

  #miss(): CacheMiss {
    this.runtime.meter.counts.misses += 1;
    return CacheMiss.instance;
  }

  #count(size: number): void {
    const { counts } = this.runtime.meter;
    counts.writes += 1;
    counts.bytesOut += size;
  }
}
