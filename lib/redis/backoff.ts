import type { RedisConnectionCode } from '../contract/redis-errors.js';

const FIRST = 50;
const LONGEST = 1_000;

/** Refused credentials do not mend themselves, and servers lock out who insists. */
const AFTER_REFUSAL = 10_000;

/**
 * How long to wait before the next attempt to connect, in milliseconds: doubling, and spread so that instances that
 * lost the same server do not return to it together.
 *
 * @param attempts how many attempts failed in a row
 * @param code why the last one did
 */
export function backoff(attempts: number, code: RedisConnectionCode): number {
  if (code === 'REDIS_CREDENTIALS' || code === 'REDIS_DATABASE') return AFTER_REFUSAL;
  const longest = Math.min(LONGEST, FIRST * 2 ** attempts);
  return longest / 2 + (Math.random() * longest) / 2;
}
