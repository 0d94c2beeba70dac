import type { CacheRuntime } from './cache-runtime.js';
import type { EntryExtras, Put, Stamps } from './cache-store.js';
import { TAG_RETENTION } from './load-plan.js';
import { blankStamps, lifeNeeded, stampTags } from './tag-versions.js';
import type { WritePlan } from './write-options.js';

/** Between the stamping of an entry and its writing, which is one step of a batch at most. */
const SOON = 60_000;

/** A value that was encoded when it was handed over, and what it takes to write it. */
export interface MadeEntry {
  readonly key: string;
  readonly bytes: Buffer;
  /** Bytes of the value alone. */
  readonly size: number;
}

/**
 * Encodes a value, leaving room for what the store puts in front of it.
 *
 * @throws CacheSerializationError when it could not come back exactly as it is
 */
export function makeEntry(
  { store, codec }: CacheRuntime,
  key: string,
  value: unknown,
  tags: readonly string[],
): MadeEntry {
  const room = store.roomFor(extrasOf(blankStamps(tags)));
  const bytes = codec.encode(value, key, room);
  return { key, bytes, size: bytes.length - room };
}

/** Makes what a store is given to write. */
export function putOf({ key, bytes }: MadeEntry, { ttl, tags }: WritePlan, stamps: Stamps | undefined): Put {
  return { key, bytes, ttl: lifeOf(ttl, tags), extras: extrasOf(stamps) };
}

/** Reads the versions that tagged entries are stamped with. */
export async function stampsFor(
  { store }: CacheRuntime,
  prefix: string,
  plan: WritePlan,
): Promise<Stamps | undefined> {
  if (plan.tags.length === 0) return undefined;
  return await stampTags(store, prefix, plan.tags, lifeOfStamps(plan));
}

/** How long the versions have to live that an entry is stamped with, in milliseconds. */
export function lifeOfStamps({ ttl, tags }: WritePlan): number {
  return lifeNeeded({ ttl: lifeOf(ttl, tags), staleFor: 0, loadFor: SOON });
}

function lifeOf(ttl: number | undefined, tags: readonly string[]): number | undefined {
  return ttl ?? (tags.length > 0 ? TAG_RETENTION : undefined);
}

function extrasOf(stamps: Stamps | undefined): EntryExtras | undefined {
  return stamps === undefined ? undefined : { stamps };
}
