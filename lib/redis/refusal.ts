import { RedisCacheOperationError } from '../contract/redis-errors.js';
import { classifyFailure } from './redis-failure.js';

/** Whether there is no use in asking for it again on the same connection. */
export function isRefusedForGood(error: unknown): boolean {
  const failure = classifyFailure(error);
  if (failure.kind !== 'operation') return false;
  return failure.code === 'REDIS_NO_PERMISSION' || /unknown (?:sub)?command/i.test(messageOf(error));
}

/** What a request answers; `undefined` when the server does not let one ask for it. */
export async function unlessRefused<Reply>(look: Promise<Reply>): Promise<Reply | undefined> {
  try {
    return await look;
  } catch (error) {
    if (error instanceof RedisCacheOperationError) return undefined;
    throw error;
  }
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null ? String(Reflect.get(error, 'message')) : '';
}
