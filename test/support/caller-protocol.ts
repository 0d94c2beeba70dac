import type { CacheLoadOptions } from '../../lib/contract/capabilities.js';
import type { CacheMetricsSnapshot } from '../../lib/contract/cache-metrics.js';
import type { RedisCacheOptions } from '../../lib/config/redis-cache-options.js';

/** What a factory does in another process; times in milliseconds. */
export interface Making {
  /** How long it takes. */
  readonly takes: number;
  /** How long it keeps its whole process from running, before that. */
  readonly blocks?: number;
  readonly fails?: boolean;
}

/** Callers of one process that ask for one key at the same moment. */
export interface Calling {
  readonly key: string;
  readonly callers: number;
  /** When they ask, on the clock that all processes share. */
  readonly at: number;
  readonly making: Making;
  readonly options?: Omit<CacheLoadOptions, 'tags'>;
}

/** What callers went through; moments on the clock that all processes share. */
export interface CallReport {
  /** Every call of the factory; one that failed has no end. */
  readonly loads: readonly { readonly beganAt: number; readonly endedAt?: number }[];
  /** What callers were given or told, how often, and when the last of them had it. */
  readonly answers: Readonly<Record<string, Answer>>;
  readonly errors: Readonly<Record<string, Answer>>;
}

/** How many callers had the same answer, and when the last one had it. */
export interface Answer {
  readonly count: number;
  readonly lastAt: number;
}

/** What a parent tells a process to do. */
export type CallerOrder =
  /** Makes a cache, in the place of the one before. */
  | { readonly kind: 'open'; readonly options: RedisCacheOptions }
  | { readonly kind: 'call'; readonly calling: Calling }
  | { readonly kind: 'metrics' }
  /** Its own clock, which may be wrong. */
  | { readonly kind: 'date' };

export interface CallerAnswers {
  readonly open: null;
  readonly call: CallReport;
  readonly metrics: CacheMetricsSnapshot;
  readonly date: number;
}

export interface Numbered<Body> {
  readonly id: number;
  readonly body: Body;
}

/** Told when a factory has begun. */
export interface Beginning {
  readonly began: string;
}
