import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CacheBatchFactory } from '../contract/capabilities.js';
import type { CacheResult } from '../contract/cache-result.js';
import { BatchFactory } from './batch-factory.js';
import { BatchFailures } from './batch-failures.js';
import { assertCacheKey } from './cache-key.js';
import type { CacheStore, EntrySlot, Outcome, Put, Slot, Stamps } from './cache-store.js';
import type { Entries } from './entries.js';
import { makeEntry, putOf, stampsFor } from './entry-maker.js';
import type { Load } from './flight.js';
import { type KnownVersions, lookUpVersions } from './tag-versions.js';
import type { WritePlan } from './write-options.js';

/** Of one round trip. With so many, another client of the server waits for less than 50 ms (test/integration/batches.spec.ts). */
const CHUNK = 1_000;
/** Measured: handling the answers to a whole chunk keeps the event loop for 25 to 70 ms, an eighth of it for 10. */
const AT_ONCE = 125;

/** Many keys at once, in chunks; what fails is told key by key, and the rest is done. */
export class Batches {
  readonly #entries: Entries;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  async read(keys: ReadonlySet<string>): Promise<Map<string, CacheResult<unknown>>> {
    if (isLarge(keys)) await refuseInTurns(keys);
    else refuseInvalid(keys);
    const writes = this.#entries.writesOfAll(keys);
    if (writes !== undefined) await writes;
    const failures = new BatchFailures('read');
    const readings: Map<string, CacheResult<unknown>>[] = [];
    for (const chunk of piecesOf(keys, CHUNK)) {
      readings.push(...(await inTurns(chunk, (piece) => this.#readPiece(piece, failures))));
    }
    failures.throwIfAny();
    return union(readings);
  }

  async write(entries: ReadonlyMap<string, unknown>, plan: WritePlan): Promise<void> {
    const failures = new BatchFailures('write');
    const isOneStep = entries.size <= AT_ONCE && plan.tags.length === 0;
    if (!isLarge(entries)) refuseInvalid(entries.keys());
    await this.#entries.inOrder(entries, isOneStep, async () => {
      if (isLarge(entries)) await refuseInTurns(entries.keys());
      for (const chunk of piecesOf(entries, CHUNK)) await this.#writeChunk(chunk, plan, failures);
    });
    failures.throwIfAny();
  }

  async remove(keys: ReadonlySet<string>): Promise<number> {
    const failures = new BatchFailures('delete');
    let removed = 0;
    const isOneStep = keys.size <= AT_ONCE;
    if (!isLarge(keys)) refuseInvalid(keys);
    await this.#entries.inOrder(keys, isOneStep, async () => {
      if (isLarge(keys)) await refuseInTurns(keys);
      for (const chunk of piecesOf(keys, CHUNK)) {
        const counts = await inTurns(chunk, (piece) => this.#removePiece(piece, failures));
        for (const count of counts) removed += count;
      }
    });
    failures.throwIfAny();
    return removed;
  }

  /** Loads what is missing in as few calls of the factory as the leases of others allow: one for each chunk, mostly. */
  async load(
    keys: ReadonlySet<string>,
    factory: CacheBatchFactory<unknown>,
    run: (load: Pick<Load, 'key' | 'factory' | 'onWait'>) => Promise<unknown>,
  ): Promise<Map<string, unknown>> {
    if (isLarge(keys)) await refuseInTurns(keys);
    else refuseInvalid(keys);
    await this.#entries.writesOfAll(keys);
    const failures = new BatchFailures('load');
    const values = new Map<string, unknown>();
    for (const chunk of piecesOf(keys, CHUNK)) {
      const batch = new BatchFactory(factory, chunk);
      const loads = chunk.map(async (key) => {
        try {
          return await run({
            key,
            factory: ({ signal }) => batch.load(key, signal),
            onWait: () => batch.decide(key),
          });
        } finally {
          batch.decide(key);
        }
      });
      for (const [key, value] of await failures.settle(chunk, loads)) values.set(key, value);
    }
    failures.throwIfAny();
    return values;
  }

  async #readPiece(
    keys: readonly string[],
    failures: BatchFailures,
  ): Promise<Map<string, CacheResult<unknown>>> {
    const { runtime, prefix } = this.#entries;
    const reading = runtime.store.execute({ op: 'read', prefix, keys });
    const versions = lookUpOnce(runtime.store, prefix, reading);
    return await failures.collect(
      keys,
      reading,
      (key, slot) =>
        this.#entries.judgeNow(key, slot) ??
        versions().then((known) => this.#entries.judge(key, slot, known)),
    );
  }

  /** How many of the keys held an entry. */
  async #removePiece(keys: readonly string[], failures: BatchFailures): Promise<number> {
    const { runtime, prefix } = this.#entries;
    const removing = runtime.store.execute({ op: 'remove', prefix, keys });
    const held = await failures.collect(keys, removing, (_key, was) => was);
    runtime.meter.counts.deletes += held.size;
    return [...held.values()].filter(Boolean).length;
  }

  async #writeChunk(
    chunk: readonly (readonly [string, unknown])[],
    plan: WritePlan,
    failures: BatchFailures,
  ): Promise<void> {
    const { runtime, prefix } = this.#entries;
    // A value that is changed later is written as it was.
    const made = chunk.flatMap(
      ([key, value]) => failures.attempt(key, () => makeEntry(runtime, key, value, plan.tags)) ?? [],
    );
    if (made.length === 0) return;
    // Without tags nothing is waited for: what is called next is sent next.
    const stamps = plan.tags.length === 0 ? undefined : await stampsFor(runtime, prefix, plan);
    const puts = made.map((entry) => putOf(entry, plan, stamps));
    await inTurns(puts, (piece) => this.#writePiece(piece, failures));
  }

  async #writePiece(puts: readonly Put[], failures: BatchFailures): Promise<void> {
    const { runtime, prefix } = this.#entries;
    const byKey = new Map(puts.map((put) => [put.key, put]));
    const writing = runtime.store.execute({ op: 'write', prefix, puts });
    await failures.collect([...byKey.keys()], writing, (key) => {
      const put = byKey.get(key);
      if (put !== undefined) this.#entries.countWrite(put);
    });
  }
}

/** What takes several chunks would keep the event loop for long if it were looked through at once. */
function isLarge({ size }: { readonly size: number }): boolean {
  return size > CHUNK;
}

/** @throws InvalidCacheKeyError when one of the keys is none */
function refuseInvalid(keys: Iterable<string>): void {
  for (const key of keys) assertCacheKey(key);
}

async function refuseInTurns(keys: Iterable<string>): Promise<void> {
  for (const piece of piecesOf(keys, CHUNK)) {
    refuseInvalid(piece);
    await nextTurn();
  }
}

/** Sends in one round trip what belongs together, and lets others of this process have their turn meanwhile. */
async function inTurns<Item, Result>(
  items: readonly Item[],
  send: (piece: Item[]) => Promise<Result>,
): Promise<Result[]> {
  const sent: Promise<Result>[] = [];
  for (const piece of piecesOf(items, AT_ONCE)) {
    if (sent.length > 0) await nextTurn();
    const sending = send(piece);
    // It is awaited with the others.
    sending.catch(() => undefined);
    sent.push(sending);
  }
  return await Promise.all(sent);
}

/** Entries that are read together mostly have their tags in common: each tag is looked up once, and only when needed. */
function lookUpOnce(
  store: CacheStore,
  prefix: string,
  reading: Promise<readonly Outcome<Slot>[]>,
): () => Promise<KnownVersions> {
  let known: Promise<KnownVersions> | undefined;
  return () => (known ??= reading.then((slots) => lookUpVersions(store, prefix, tagsOf(slots))));
}

function tagsOf(slots: readonly Outcome<Slot>[]): string[] {
  const tags = slots.flatMap((slot) => ('state' in slot && isTagged(slot) ? [...slot.stamps.keys()] : []));
  return [...new Set(tags)];
}

function isTagged(slot: Slot): slot is EntrySlot & { readonly stamps: Stamps } {
  return slot.state === 'entry' && slot.fresh && slot.stamps !== undefined;
}

/** Of maps that have no key in common; most reads are one. */
function union<Value>(maps: readonly Map<string, Value>[]): Map<string, Value> {
  const [first = new Map<string, Value>(), ...others] = maps;
  for (const other of others) {
    for (const [key, value] of other) first.set(key, value);
  }
  return first;
}

/** Cuts items into pieces that are sent together; a hundred thousand are never copied at once. */
function* piecesOf<Item>(items: Iterable<Item>, length: number): Generator<Item[]> {
  let piece: Item[] = [];
  for (const item of items) {
    piece.push(item);
    if (piece.length < length) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
