import type { Duration } from '../contract/duration.js';
import { requireCapability } from '../contract/require-capability.js';
import { answer, type MethodCall } from './method-call.js';

/** Whether, how long and with which tags a result is kept. */
export interface EntryRules {
  readonly ttl?: Duration | null | ((...args: never) => Duration | null | undefined);
  readonly tags?: readonly string[] | ((...args: never) => readonly string[]);
  readonly unless?: (...args: never) => boolean;
}

/** Whether a result may be kept. */
export function isKept({ unless }: EntryRules, result: unknown, args: readonly unknown[]): boolean {
  return answer(unless, result, ...args) !== true;
}

/** Keeps the result of a call, if it may be kept. */
export async function writeEntry(
  rules: EntryRules,
  { cache, args, toEntry }: MethodCall,
  key: string,
  result: unknown,
): Promise<void> {
  if (!isKept(rules, result, args)) return;
  const ttl = answer(rules.ttl, result, ...args);
  const tags = answer(rules.tags, result, ...args);
  if (tags === undefined) await cache.set(key, toEntry(result), { ttl });
  else await requireCapability(cache, 'tags').set(key, toEntry(result), { ttl, tags });
}
