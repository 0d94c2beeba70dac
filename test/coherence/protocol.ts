import type { CacheNearMetrics } from '../../lib/contract/cache-metrics.js';
import type { RedisCacheOptions } from '../../lib/config/redis-cache-options.js';

/** How a key is used: always in the same way, and written by one process only, so that its versions have an order. */
export type KeyKind =
  /** Set and removed. */
  | 'plain'
  /** Set with a tag of its own, which is evicted. */
  | 'tagged'
  /** Set to live for less time than it takes until the next write. */
  | 'brief'
  /** Written by a client that is no cache. */
  | 'foreign';

export interface SharedKey {
  readonly name: string;
  readonly kind: KeyKind;
  /** The number of the process that writes it. */
  readonly writer: number;
}

/** What an entry holds. */
export interface SharedValue {
  readonly version: number;
  readonly writer: number;
}

/** What a writer did to a key; all moments are on the clock that the processes of this machine share. */
export interface Change {
  readonly key: string;
  /** It grows with every change of the key, removals included. */
  readonly version: number;
  readonly what: 'set' | 'removal' | 'eviction' | 'expiry';
  readonly beganAt: number;
  /** When it was confirmed; absent: nobody knows what became of it. */
  readonly endedAt?: number;
  /** When what the key holds has ended by itself at the latest. */
  readonly goneAt?: number;
}

/** Every read of one version of a key, taken together. */
export interface Sighting {
  readonly key: string;
  readonly version: number;
  readonly reads: number;
  /** When the first of them was answered. */
  readonly firstEndedAt: number;
  /** When the last of them was asked. */
  readonly lastBeganAt: number;
}

/** The tier was told of a change of a key whose version it had seen. */
export interface Drop {
  readonly key: string;
  readonly version: number;
  readonly at: number;
}

/** A read that saw an older version than one before it. */
export interface StepBack {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

/** What one process did and saw. */
export interface LoadReport {
  readonly changes: readonly Change[];
  readonly sightings: readonly Sighting[];
  readonly drops: readonly Drop[];
  readonly stepsBack: readonly StepBack[];
  readonly reads: number;
  /** How often what failed. */
  readonly errors: Readonly<Record<string, number>>;
  readonly near: CacheNearMetrics;
  readonly pauses: readonly Pause[];
}

/** Time in which a process had no processor although it wanted one. */
export interface Pause {
  readonly from: number;
  readonly to: number;
}

/** What one process is to do for a while. */
export interface LoadPlan {
  /** Its own number. */
  readonly member: number;
  readonly keys: readonly SharedKey[];
  /** On the shared clock. */
  readonly until: number;
  /** Between two of its writes, in milliseconds; absent: it only reads. */
  readonly pace?: number;
}

export type Order =
  /** Makes a cache, in the place of the one before. */
  | { readonly kind: 'open'; readonly options: RedisCacheOptions }
  | { readonly kind: 'load'; readonly plan: LoadPlan }
  /** Reads keys until that succeeds; what it answers are their versions, 0 for those that hold nothing. */
  | { readonly kind: 'look'; readonly keys: readonly string[] }
  | { readonly kind: 'near' };

export interface Answers {
  readonly open: null;
  readonly load: LoadReport;
  readonly look: readonly number[];
  readonly near: CacheNearMetrics;
}

export interface Numbered<Body> {
  readonly id: number;
  readonly body: Body;
}
