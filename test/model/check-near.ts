import type { CacheStore, EntrySlot } from '../../lib/core/cache-store.js';
import { type History, putIn } from './history.js';
import type { ModelProcess } from './process.js';
import { EVERY, type Key } from './program.js';
import { pause } from './wire.js';

/** What a server holds under a key that is a hit: which write, and which put wrote it. */
interface Held {
  readonly writeId: string;
  readonly put: number | undefined;
}

/**
 * Property 11: when every change has been told, each process reads what the server holds, wherever it reads it. What
 * changes meanwhile says nothing.
 *
 * @param news how long it takes until each change has been told, in milliseconds
 */
export async function compareNear(
  store: CacheStore,
  prefix: string,
  { flaws }: History,
  processes: readonly ModelProcess[],
  news: number,
): Promise<void> {
  const changed = new Set<Key>();
  const watches = await Promise.all(EVERY.map((key) => store.watch(prefix, key, () => changed.add(key))));
  const before = await look(store, prefix);
  await pause(news);
  const answers = await Promise.all(
    processes.flatMap((process) =>
      EVERY.map(async (key) => ({ process, key, found: await read(process, key) })),
    ),
  );
  const after = await look(store, prefix);
  for (const watch of watches) watch.stop();
  for (const { process, key, found } of answers) {
    const held = before.get(key);
    const isSteady = !changed.has(key) && held?.writeId === after.get(key)?.writeId;
    if (found === 'failed' || !isSteady || held?.put === found.put) continue;
    const what = `process ${process.number} still reads ${name(found.put)} of ${key}`;
    flaws.push(`11: ${what}, where the server holds ${name(held?.put)}`);
  }
}

async function read(
  process: ModelProcess,
  key: Key,
): Promise<{ readonly put: number | undefined } | 'failed'> {
  const outcome = await process.call(() => process.cache.get(key));
  if (outcome.kind !== 'done') return 'failed';
  return { put: outcome.value.hit ? putIn(outcome.value.value) : undefined };
}

async function look(store: CacheStore, prefix: string): Promise<ReadonlyMap<Key, Held>> {
  const slots = await store.execute({ op: 'read', prefix, keys: EVERY });
  const held = new Map<Key, Held>();
  for (const [index, key] of EVERY.entries()) {
    const slot = slots[index];
    if (slot === undefined || !('state' in slot) || slot.state !== 'entry' || !slot.fresh) continue;
    if (await isCurrent(store, prefix, slot))
      held.set(key, { writeId: slot.writeId, put: putIn(slot.bytes.toString('latin1')) });
  }
  return held;
}

async function isCurrent(store: CacheStore, prefix: string, { stamps }: EntrySlot): Promise<boolean> {
  const tags = [...(stamps?.keys() ?? [])];
  const versions = await store.execute({ op: 'versions', prefix, tags });
  return tags.every((tag, index) => stamps?.get(tag) === versions[index]);
}

function name(put: number | undefined): string {
  return put === undefined ? 'nothing' : `#${put}`;
}
