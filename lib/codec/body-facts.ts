import type { CacheCodec } from '../contract/cache-explanation.js';
import { CODEC, FLAG, BODY_HEADER } from './body.js';
import { METHODS } from './compression.js';

const NAMES: ReadonlyMap<number | undefined, CacheCodec> = new Map([
  [CODEC.text, 'text'],
  [CODEC.bytes, 'bytes'],
  [CODEC.json, 'json'],
  [CODEC.rich, 'rich'],
  [CODEC.custom, 'custom'],
]);

/** What the header of a body tells of it, for people; nothing is decoded. */
export interface BodyFacts {
  readonly codec: CacheCodec;
  /** Absent: it is not compressed. */
  readonly compression?: string;
}

/**
 * Tells how a body was encoded.
 *
 * @param bytes that end with it
 * @param start where it begins in them
 */
export function factsOfBody(bytes: Uint8Array, start: number): BodyFacts {
  const codec = NAMES.get(bytes[start]) ?? 'unknown';
  if (((bytes[start + 1] ?? 0) & FLAG.compressed) === 0) return { codec };
  const id = bytes[start + BODY_HEADER];
  const method = Object.entries(METHODS).find(([, one]) => one.id === id);
  return { codec, compression: method?.[0] ?? 'unknown' };
}
