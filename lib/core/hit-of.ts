import { isFrozenThrough } from '../codec/frozen-codec.js';
import { CacheHit } from '../contract/cache-result.js';
import type { CacheRuntime } from './cache-runtime.js';
import type { EntrySlot } from './cache-store.js';

/**
 * The answer that an entry is to a reader. Those of an entry that is kept share one, if nobody can change it.
 *
 * @throws CacheSerializationError when its bytes cannot be read here
 */
export function hitOf({ codec, meter }: CacheRuntime, key: string, slot: EntrySlot): CacheHit<unknown> {
  const { shared } = slot;
  if (shared?.hit !== undefined) {
    meter.counts.bytesIn += shared.size ?? 0;
    return shared.hit;
  }
  const { bytes, start } = slot;
  const hit = new CacheHit(codec.decode(bytes, key, start));
  const size = bytes.length - start;
  if (shared !== undefined && isFrozenThrough(hit.value)) {
    shared.hit = Object.freeze(hit);
    shared.size = size;
  }
  meter.counts.bytesIn += size;
  return hit;
}
