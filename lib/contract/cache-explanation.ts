import type { CacheSerializationCode } from './errors.js';

/** What a cache knows about a key, for a person; never a value. Durations are in milliseconds, by the server's clock. */
export type CacheExplanation =
  AbsentExplanation | EntryExplanation | StaleExplanation | LeaseExplanation | UnreadableExplanation;

/** What is said of every key. */
export interface ExplainedKey {
  /** As the caller gave it. */
  readonly key: string;
  /** As it is in the store, prefix included. */
  readonly physicalKey: string;
}

/** The key holds nothing. */
export interface AbsentExplanation extends ExplainedKey {
  /** Tells the explanations apart. */
  readonly state: 'absent';
}

/** The key holds a value within its time to live. */
export interface EntryExplanation extends ExplainedValue {
  /** Tells the explanations apart. */
  readonly state: 'entry';
  /** Whether `get` answers it: not when one of its tags was evicted. */
  readonly hit: boolean;
  /** How long until it is no hit any more; absent: it stays until it is removed. */
  readonly ttl?: number;
}

/** The key holds a value past its time to live, which `getOrSet` may still serve while somebody refreshes it. */
export interface StaleExplanation extends ExplainedValue {
  /** Tells the explanations apart. */
  readonly state: 'stale';
  /** How long ago its time to live has ended. */
  readonly expiredFor: number;
}

/** Somebody is loading the value; the key holds none. */
export interface LeaseExplanation extends ExplainedKey {
  /** Tells the explanations apart. */
  readonly state: 'lease';
  /** Who loads it. */
  readonly lease: ExplainedLease;
}

/** The key holds bytes that are no entry of this cache, or not what was written. */
export interface UnreadableExplanation extends ExplainedKey {
  /** Tells the explanations apart. */
  readonly state: 'unreadable';
  /** Of the error that `get` throws. */
  readonly code: CacheSerializationCode;
  /** Of the same error: why, and what to do. */
  readonly message: string;
}

/** What is known of a value without looking into it. */
export interface ExplainedValue extends ExplainedKey {
  /** Bytes that the value takes as it is stored. */
  readonly size: number;
  /** How it was encoded. */
  readonly codec: CacheCodec;
  /** How it was compressed; absent: it was not. */
  readonly compression?: string;
  /** How long ago it was written; absent where the store does not note that, as Redis. */
  readonly age?: number;
  /** How long until nothing is left of it, not even to be served stale; absent: it stays until it is removed. */
  readonly goneIn?: number;
  /** How long it took to load; only of a value that was loaded and may be refreshed. */
  readonly loadTime?: number;
  /** What it belongs to. */
  readonly tags: readonly ExplainedTag[];
  /** Who refreshes it; absent: nobody. */
  readonly lease?: ExplainedLease;
  /** How long nobody may refresh it, because that has failed; absent: somebody may. */
  readonly pausedFor?: number;
}

/**
 * How a value was encoded: a string as text, a Buffer as bytes, what JSON can hold as JSON, and everything else as
 * JSON with tags; `custom` is the application's own serializer, `unknown` a newer version's.
 */
export type CacheCodec = 'text' | 'bytes' | 'json' | 'rich' | 'custom' | 'unknown';

/** A tag of an entry. */
export interface ExplainedTag {
  /** As the caller gave it. */
  readonly tag: string;
  /** The version that the tag had before the value was made, in hexadecimal digits. */
  readonly stamped: string;
  /** The version that the tag has now; absent: it was evicted, and nothing was stamped with it since. */
  readonly current?: string;
  /** Whether they are the same: if not, the entry is a miss. */
  readonly matches: boolean;
}

/** Somebody's right to load a value. */
export interface ExplainedLease {
  /** The beginning of its token, in hexadecimal digits: enough to tell two holders apart, not to act as one. */
  readonly holder: string;
  /** How long it lasts unless it is renewed. */
  readonly endsIn: number;
}
