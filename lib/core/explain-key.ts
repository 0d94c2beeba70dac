import { factsOfBody } from '../codec/body-facts.js';
import type {
  CacheExplanation,
  EntryExplanation,
  ExplainedKey,
  ExplainedLease,
  ExplainedTag,
  ExplainedValue,
  StaleExplanation,
} from '../contract/cache-explanation.js';
import { CacheSerializationError, SpakkyCacheError } from '../contract/errors.js';
import { assertCacheKey } from './cache-key.js';
import type { CacheStore, EntrySlot, HeldLease, Inspection, Stamps, TagVersion } from './cache-store.js';
import type { Entries } from './entries.js';

/** Enough to tell two holders apart. */
const SHOWN_OF_TOKEN = 4;

/** Tells what is known about a key, by the word of the store itself; no value is decoded, and nothing is counted. */
export async function explainKey(entries: Entries, key: string): Promise<CacheExplanation> {
  assertCacheKey(key);
  await entries.writesOf(key);
  const { store } = entries.runtime;
  const { prefix } = entries;
  const inspection = await store.execute({ op: 'inspect', prefix, key });
  const place: ExplainedKey = { key, physicalKey: prefix + key };
  const { slot } = inspection;
  if (slot instanceof SpakkyCacheError) return explainFailure(place, slot);
  switch (slot.state) {
    case 'absent':
      return { state: 'absent', ...place };
    case 'lease':
      return { state: 'lease', ...place, lease: explainLease(slot.lease) };
    default: {
      const tags = await explainTags(store, prefix, slot.stamps);
      return explainEntry(place, slot, inspection, tags);
    }
  }
}

function explainFailure(place: ExplainedKey, error: SpakkyCacheError): CacheExplanation {
  if (!(error instanceof CacheSerializationError)) throw error;
  const { code, message } = error;
  return { state: 'unreadable', ...place, code, message };
}

function explainEntry(
  place: ExplainedKey,
  slot: EntrySlot,
  inspection: Inspection,
  tags: readonly ExplainedTag[],
): EntryExplanation | StaleExplanation {
  const value = { ...place, ...explainValue(slot, inspection), tags };
  const freshFor = slot.refresh?.freshFor;
  if (!slot.fresh) return { state: 'stale', ...value, expiredFor: Math.ceil(Math.abs(freshFor ?? 0)) };
  const ttl = freshFor ?? inspection.goneIn;
  const hit = tags.every(({ matches }) => matches);
  return { state: 'entry', ...value, hit, ...(ttl !== undefined && { ttl: Math.ceil(ttl) }) };
}

function explainValue(
  { bytes, start, refresh }: EntrySlot,
  inspection: Inspection,
): Omit<ExplainedValue, keyof ExplainedKey | 'tags'> {
  const { age } = inspection;
  const goneIn = refresh?.goneIn ?? inspection.goneIn;
  return {
    size: bytes.length - start,
    ...factsOfBody(bytes, start),
    ...(age !== undefined && { age }),
    ...(goneIn !== undefined && { goneIn: Math.ceil(goneIn) }),
    ...(refresh !== undefined && { loadTime: refresh.loadTime }),
    ...(refresh?.lease !== undefined && explainHolding(refresh.lease)),
  };
}

/** Nobody's lease is a pause. */
function explainHolding(lease: HeldLease): Pick<ExplainedValue, 'lease' | 'pausedFor'> {
  return lease.token === '' ? { pausedFor: Math.ceil(lease.endsIn) } : { lease: explainLease(lease) };
}

function explainLease({ token, endsIn }: HeldLease): ExplainedLease {
  return { holder: inHex(token.slice(0, SHOWN_OF_TOKEN)), endsIn: Math.ceil(endsIn) };
}

async function explainTags(
  store: CacheStore,
  prefix: string,
  stamps: Stamps = new Map(),
): Promise<readonly ExplainedTag[]> {
  if (stamps.size === 0) return [];
  const versions = await store.execute({ op: 'versions', prefix, tags: [...stamps.keys()], sure: true });
  return [...stamps].map(([tag, stamped], index) => explainTag(tag, stamped, versions[index]));
}

function explainTag(tag: string, stamped: TagVersion, current: TagVersion | undefined): ExplainedTag {
  const shown = { tag, stamped: inHex(stamped), matches: current === stamped };
  return current === undefined ? shown : { ...shown, current: inHex(current) };
}

function inHex(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('hex');
}
