import type { CacheRuntime } from './cache-runtime.js';
import type { CacheStore, Stamps, TagVersion } from './cache-store.js';

/** What is known of the versions of tags; absent, or without a version: not known, or there is none. */
export type KnownVersions = ReadonlyMap<string, TagVersion | undefined>;

/** How long what is stamped may be in use, in milliseconds. */
interface Life {
  readonly ttl?: number;
  readonly staleFor: number;
  /** Until it is written. */
  readonly loadFor: number;
}

const NOTHING: KnownVersions = new Map();

/** Reads the versions that tags have now. */
export async function lookUpVersions(
  store: CacheStore,
  prefix: string,
  tags: readonly string[],
): Promise<KnownVersions> {
  if (tags.length === 0) return NOTHING;
  const versions = await store.execute({ op: 'versions', prefix, tags });
  return new Map(tags.map((tag, index) => [tag, versions[index]]));
}

/**
 * Reads the versions that entries are stamped with, drawing those that are absent.
 *
 * @param need how long each has to live at least, in milliseconds
 */
export async function stampTags(
  store: CacheStore,
  prefix: string,
  tags: readonly string[],
  need: number,
): Promise<Stamps> {
  const versions = await store.execute({ op: 'stamp', prefix, tags, need });
  return new Map(tags.map((tag, index) => [tag, versions[index] ?? '']));
}

/**
 * Whether none of the tags was evicted since they were stamped, for whoever reads what they are stamped on.
 *
 * @param known versions that were read after the caller had arrived; only what is missing there is asked for
 */
export async function areCurrent(
  { store, near }: Pick<CacheRuntime, 'store' | 'near'>,
  prefix: string,
  stamps: Stamps,
  known: KnownVersions = NOTHING,
): Promise<boolean> {
  const missing: string[] = [];
  const differing: string[] = [];
  for (const [tag, version] of stamps) {
    if (!known.has(tag)) missing.push(tag);
    else if (known.get(tag) !== version) differing.push(tag);
  }
  if (near === undefined && differing.length > 0) return false;
  if (missing.length > 0) {
    const versions = await store.execute({ op: 'versions', prefix, tags: missing });
    for (const [index, tag] of missing.entries()) {
      if (versions[index] === stamps.get(tag)) continue;
      if (near === undefined) return false;
      differing.push(tag);
    }
  }
  // A copy that differs may be older than the stamp.
  return differing.length === 0 || (await areUnchanged(store, prefix, stamps, differing));
}

/** Whether none of the tags was evicted since they were stamped, by the word of the store itself. */
export async function areUnchanged(
  store: CacheStore,
  prefix: string,
  stamps: Stamps,
  tags: readonly string[] = [...stamps.keys()],
): Promise<boolean> {
  const versions = await store.execute({ op: 'versions', prefix, tags, sure: true });
  return tags.every((tag, index) => stamps.get(tag) === versions[index]);
}

/** Version keys live longer than whatever is stamped with them. */
export function lifeNeeded({ ttl = 0, staleFor, loadFor }: Life): number {
  return ttl + staleFor + loadFor;
}

/** Stamps that take the room of the real ones, which are not known yet. */
export function blankStamps(tags: readonly string[]): Stamps | undefined {
  return tags.length === 0 ? undefined : new Map(tags.map((tag) => [tag, '']));
}
