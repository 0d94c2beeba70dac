import { classifyFailure } from './redis-failure.js';

/** Whether there is no use in asking for it again on the same connection. */
export function isRefusedForGood(error: unknown): boolean {
  const failure = classifyFailure(error);
  if (failure.kind !== 'operation') return false;
  return failure.code === 'REDIS_NO_PERMISSION' || /unknown (?:sub)?command/i.test(messageOf(error));
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null ? String(Reflect.get(error, 'message')) : '';
}
