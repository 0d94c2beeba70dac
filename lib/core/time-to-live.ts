import { inspect } from 'node:util';
import { type Duration, LAST_MILLISECOND, toMilliseconds } from '../contract/duration.js';
import { InvalidCacheTtlError } from '../contract/errors.js';

/**
 * Converts a time to live to whole milliseconds.
 *
 * @param ttl what the caller wrote; `undefined` and `null` mean no expiry
 * @param key the key it is for, named in the error
 * @returns milliseconds, or `undefined` for an entry that stays until it is removed
 * @throws InvalidCacheTtlError when it is zero, negative, unreadable, infinite, or ends past the last `Date`
 */
export function resolveTimeToLive(ttl: Duration | null | undefined, key: string): number | undefined {
  if (ttl === undefined || ttl === null) return undefined;
  const milliseconds = toMilliseconds(ttl);
  if (milliseconds > 0 && milliseconds <= LAST_MILLISECOND - Date.now()) return milliseconds;
  throw new InvalidCacheTtlError(
    `The time to live of ${JSON.stringify(key)} must be more than 0 milliseconds and end before the year 275760, ` +
      `but it is ${inspect(ttl, { depth: 1 })}: pass milliseconds, a text such as '5m', or fields such as { minutes: 5 }.`,
    { key },
  );
}
