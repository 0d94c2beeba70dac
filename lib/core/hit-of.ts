import { isFrozenThrough } from '../codec/frozen-codec.js';
import { Template } from '../codec/template.js';
import { CacheHit } from '../contract/cache-result.js';
import type { CacheRuntime } from './cache-runtime.js';
import type { EntrySlot, Readings } from './cache-store.js';

/**
 * The answer that an entry is to a reader.
 *
 * @throws CacheSerializationError when its bytes cannot be read here
 */
export function hitOf({ codec, meter }: CacheRuntime, key: string, slot: EntrySlot): CacheHit<unknown> {
  const { readings, bytes, start } = slot;
  const hit = readyHit(readings) ?? new CacheHit(codec.decode(bytes, key, start));
  if (readings !== undefined && hit !== readings.hit) note(readings, hit);
  meter.counts.bytesIn += bytes.length - start;
  return hit;
}

/** Of an entry that is read again and again. */
function readyHit(readings: Readings | undefined): CacheHit<unknown> | undefined {
  if (readings === undefined) return undefined;
  const { hit, template } = readings;
  if (hit !== undefined) return hit;
  return template === undefined || template === 'none' ? undefined : new CacheHit(template.copy());
}

/** A template is worth its making from the second reader on. */
function note(readings: Readings, hit: CacheHit<unknown>): void {
  if (Object.isFrozen(hit.value) && isFrozenThrough(hit.value)) readings.hit = Object.freeze(hit);
  else if (readings.hasBegun) readings.template ??= Template.of(hit.value) ?? 'none';
  readings.hasBegun = true;
}
