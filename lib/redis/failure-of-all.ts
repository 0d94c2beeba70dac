import type { ResolvedAddress } from '../config/resolved-redis-cache-options.js';
import { RedisCacheConnectionError } from '../contract/redis-errors.js';
import { hostAndPort } from './address.js';
import { connectionFailure, type ConnectionFailure } from './redis-failure.js';

/**
 * One failure in place of several, which says of each server why it was of no help.
 *
 * @param what could not be learnt from any of them
 * @param servers in the order in which they were asked
 * @param errors in the same order
 */
export function failureOfAll(
  what: string,
  servers: readonly ResolvedAddress[],
  errors: readonly unknown[],
): ConnectionFailure {
  const reasons = servers.map((server, index) => `${hostAndPort(server)}: ${reasonOf(errors[index])}`);
  const decisive = errors
    .map((error) => (error instanceof RedisCacheConnectionError ? error.code : undefined))
    .find((code) => code === 'REDIS_CREDENTIALS' || code === 'REDIS_TLS');
  return connectionFailure(decisive ?? 'REDIS_UNREACHABLE', `${what} (${reasons.join('; ')})`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  return error.cause instanceof Error ? error.cause.message : error.message;
}
