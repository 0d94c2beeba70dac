import { describeValue } from './describe-value.js';
import { fits, type Mismatch, mismatch, type Reading } from './reading.js';
import type { RedisClientLike } from './redis-cache-options.js';

/** Accepts a client only if it can neither hide keys from `clear()` nor send a command late or twice. */
export function readClient(value: unknown): Reading<RedisClientLike> {
  if (!isClient(value)) return mismatch('an ioredis client');
  const mismatches = [...unsafeOptions(value.options)];
  return mismatches.length === 0 ? fits(value) : { fits: false, mismatches };
}

function* unsafeOptions(options: RedisClientLike['options']): Generator<Mismatch> {
  const { keyPrefix = '', enableOfflineQueue = true, autoResendUnfulfilledCommands = true } = options;
  if (keyPrefix !== '') {
    yield {
      expected: "a client without keyPrefix, which SCAN ignores: use the cache's own keyPrefix instead",
      found: `keyPrefix: ${describeValue(keyPrefix)}`,
    };
  }
  if (enableOfflineQueue) {
    yield {
      expected: 'a client created with enableOfflineQueue: false, lest a write that timed out is sent later',
      found: 'an offline queue',
    };
  }
  if (autoResendUnfulfilledCommands) {
    yield {
      expected: 'a client created with autoResendUnfulfilledCommands: false, lest a command runs twice',
      found: 'automatic resending',
    };
  }
}

function isClient(value: unknown): value is RedisClientLike {
  if (typeof value !== 'object' || value === null) return false;
  if (!('status' in value) || typeof value.status !== 'string') return false;
  return 'options' in value && typeof value.options === 'object' && value.options !== null;
}
