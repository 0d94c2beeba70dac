import type { CacheNearMetrics, RedisCacheOptions } from '@spakky/nestjs-redis-cache';
import type { LedgerShape } from './ledger.js';

/** The deadline of every operation, in milliseconds. */
export const DEADLINE = 500;
/** What every operation settles in: the deadline and its grace. */
export const LIMIT = DEADLINE + Math.max(DEADLINE / 10, 50);
/** What the servers of a stage must be usable again in, from the end of a fault on. */
export const RECOVERY_LIMIT = 2_000;

/** What the weather is called while nothing is wrong. */
export const CALM = 'calm';

/** One way to reach Redis. */
export interface StageSetup {
  readonly name: string;
  readonly address: RedisCacheOptions;
  /** Whether these servers may go back to an older state when they fail over. */
  readonly mayGoBack: boolean;
  /** How many masters share the keys. */
  readonly masters: number;
}

/** What a worker needs to know to begin. */
export interface WorkerSetup {
  readonly worker: number;
  readonly seed: string;
  readonly ledger: string;
  readonly shape: LedgerShape;
  readonly stages: readonly StageSetup[];
  /** Whether every cache has a near tier. */
  readonly near: boolean;
}

/** What a worker is told. It answers each order. */
export type Order =
  | { readonly kind: 'begin'; readonly setup: WorkerSetup }
  /** From now on everything on this stage happens in this weather. */
  | { readonly kind: 'weather'; readonly stage: string; readonly weather: string }
  /** Try until everything works there, and tell how long that took since then. */
  | { readonly kind: 'recover'; readonly stage: string; readonly since: number }
  /** Let everything come to a rest, and tell what is left. */
  | { readonly kind: 'rest' }
  | { readonly kind: 'resume' }
  /** Close every cache, twice, and tell everything that was counted. */
  | { readonly kind: 'close' };

export type OrderKind = Order['kind'];

/** What it answers. */
export interface Answers {
  readonly begin: null;
  readonly weather: null;
  readonly recover: Recovery;
  readonly rest: Vitals;
  readonly resume: null;
  readonly close: WorkerReport;
}

export interface Recovery {
  /** Until the first time that everything worked; null: it never did, as long as it was waited for. */
  readonly milliseconds: number | null;
  readonly lastError: string;
}

/** What a worker holds when all is quiet. */
export interface Vitals {
  /** In bytes, after a collection of garbage. */
  readonly heap: number;
  /** What libuv keeps for it, by kind. */
  readonly handles: Readonly<Record<string, number>>;
  readonly operations: number;
  /** Operations that should have settled long ago, and have not. */
  readonly hanging: readonly string[];
  /** What the near tier of each stage has counted so far; empty without. */
  readonly near: Readonly<Record<string, CacheNearMetrics>>;
}

/** A thing that must never happen. */
export interface Offence {
  readonly kind:
    'wrong value' | 'overdue' | 'unhandled' | 'untyped error' | 'error in calm' | 'close' | 'warning';
  readonly stage: string;
  readonly weather: string;
  readonly details: string;
}

export interface Count {
  readonly stage: string;
  readonly weather: string;
  /** The operation, or the code of an error. */
  readonly what: string;
  readonly kind: 'operation' | 'error';
  readonly count: number;
}

export interface WorkerReport {
  readonly counts: readonly Count[];
  readonly offences: readonly Offence[];
  /** How many reads and removals were judged. */
  readonly judged: number;
  /** The slowest operation of each kind, in milliseconds in which this process was running. */
  readonly slowest: Readonly<Record<string, number>>;
  readonly longestLoopDelay: number;
  /** In milliseconds: how long this process had no processor, all together. */
  readonly waited: number;
  readonly closing: Readonly<Record<string, number>>;
}

/** As they travel. */
export interface Message<Body> {
  readonly id: number;
  readonly body: Body;
}
