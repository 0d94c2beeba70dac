import type { CacheBatchFactory } from '../contract/capabilities.js';
import type { CacheResult } from '../contract/cache-result.js';
import { BatchFactory } from './batch-factory.js';
import { BatchFailures } from './batch-failures.js';
import type { Put } from './cache-store.js';
import type { Entries } from './entries.js';
import { makeEntry, putOf, stampsFor } from './entry-maker.js';
import type { Load } from './flight.js';
import type { WritePlan } from './write-options.js';

/** Measured: larger chunks make other clients of the server and the event loop wait longer, and gain nothing. */
const CHUNK = 1_000;

/** Many keys at once, in chunks; what fails is told key by key, and the rest is done. */
export class Batches {
  readonly #entries: Entries;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  async read(keys: readonly string[]): Promise<Map<string, CacheResult<unknown>>> {
    const { runtime, prefix } = this.#entries;
    const failures = new BatchFailures('read');
    const results = new Map<string, CacheResult<unknown>>();
    for (const chunk of chunksOf(keys)) {
      const reading = runtime.store.execute({ op: 'read', prefix, keys: chunk });
      const judged = await failures.collect(chunk, reading, (key, slot) => this.#entries.judge(key, slot));
      for (const [key, result] of judged) results.set(key, result);
    }
    failures.throwIfAny();
    return results;
  }

  async write(entries: ReadonlyMap<string, unknown>, plan: WritePlan): Promise<void> {
    const failures = new BatchFailures('write');
    const chunks = chunksOf([...entries]);
    const isOneStep = chunks.length === 1 && plan.tags.length === 0;
    await this.#entries.inOrder([...entries.keys()], isOneStep, async () => {
      for (const chunk of chunks) await this.#writeChunk(chunk, plan, failures);
    });
    failures.throwIfAny();
  }

  async remove(keys: readonly string[]): Promise<number> {
    const { runtime, prefix } = this.#entries;
    const { store, meter } = runtime;
    const failures = new BatchFailures('delete');
    const chunks = chunksOf(keys);
    let removed = 0;
    await this.#entries.inOrder(keys, chunks.length === 1, async () => {
      for (const chunk of chunks) {
        const removing = store.execute({ op: 'remove', prefix, keys: chunk });
        const held = await failures.collect(chunk, removing, (_key, was) => was);
        meter.counts.deletes += held.size;
        for (const was of held.values()) removed += Number(was);
      }
    });
    failures.throwIfAny();
    return removed;
  }

  /** Loads what is missing in as few calls of the factory as the leases of others allow: one for each chunk, mostly. */
  async load(
    keys: readonly string[],
    factory: CacheBatchFactory<unknown>,
    run: (load: Pick<Load, 'key' | 'factory' | 'onWait'>) => Promise<unknown>,
  ): Promise<Map<string, unknown>> {
    const failures = new BatchFailures('load');
    const values = new Map<string, unknown>();
    for (const chunk of chunksOf(keys)) {
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

  async #writeChunk(
    chunk: readonly (readonly [string, unknown])[],
    plan: WritePlan,
    failures: BatchFailures,
  ): Promise<void> {
    const { runtime, prefix } = this.#entries;
    const made = chunk.flatMap(
      ([key, value]) => failures.attempt(key, () => makeEntry(runtime, key, value, plan.tags)) ?? [],
    );
    if (made.length === 0) return;
    // Without tags nothing is waited for: what is called next is sent next.
    const stamps = plan.tags.length === 0 ? undefined : await stampsFor(runtime, prefix, plan);
    const puts = new Map<string, Put>();
    for (const entry of made) puts.set(entry.key, putOf(entry, plan, stamps));
    const writing = runtime.store.execute({ op: 'write', prefix, puts: [...puts.values()] });
    await failures.collect([...puts.keys()], writing, (key) => {
      const put = puts.get(key);
      if (put !== undefined) this.#entries.countWrite(put);
    });
  }
}

/** Cuts a list into pieces that are sent together. */
function chunksOf<Item>(items: readonly Item[]): Item[][] {
  const chunks: Item[][] = [];
  for (let start = 0; start < items.length; start += CHUNK) chunks.push(items.slice(start, start + CHUNK));
  return chunks;
}
