import type { CacheSerializationCode } from '../../lib/contract/errors.js';
import type { CacheWriteCode } from '../../lib/contract/write-error.js';
import type {
  RedisConnectionCode,
  RedisOperationCode,
  RedisTimeoutCode,
} from '../../lib/contract/redis-errors.js';
import type { Effect, OperationCase } from './operations.js';

type Code =
  RedisConnectionCode | RedisTimeoutCode | RedisOperationCode | CacheSerializationCode | CacheWriteCode;

/**
 * What an operation comes to: it answers as if nothing were wrong, or it rejects with this code; one of many keys may do
 * the one for some of them and the other for the rest.
 */
export type Verdict = 'works' | Code | `works or ${Code}`;

/** What operations come to, by what they do; one that differs from its kind by its name. */
export interface Verdicts {
  readonly byEffect: Readonly<Record<Effect, Verdict>>;
  readonly byName?: Readonly<Record<string, Verdict>>;
}

export function verdictFor(
  { byEffect, byName }: Verdicts,
  { name, throughScope, effect }: OperationCase,
): Verdict {
  return byName?.[throughScope ?? name] ?? byEffect[effect];
}

/** The same for all operations. */
export function all(verdict: Verdict): Verdicts {
  return split(verdict, verdict);
}

/** One for operations whose first step changes no data, another for those that change it at once. */
export function split(looking: Verdict, changing: Verdict): Verdicts {
  return {
    byEffect: { reads: looking, reaches: looking, prepares: looking, stores: changing, removes: changing },
  };
}

export const WORKS = all('works');

/** The connection ended after the operation was sent. */
export const LOST = split('REDIS_CONNECTION_LOST', 'REDIS_OUTCOME_UNKNOWN_LOST');

/** The operation was sent, and no answer came. */
export const SILENCE = split('REDIS_TIMEOUT', 'REDIS_OUTCOME_UNKNOWN_TIMEOUT');

export const UNREACHABLE = all('REDIS_UNREACHABLE');
