import type { CacheBatchFactory, IBatchCache } from '../contract/capabilities.js';
import { HeldCall } from './held-call.js';

/** More than one command, one round trip or one turn of the event loop should carry. */
export const MANY = Array.from({ length: 2_500 }, (_, index) => `key:${index}`);

/** Answers a pair for each key. */
export function echo(keys: readonly string[]): [string, unknown][] {
  return keys.map((key) => [key, `value of ${key}`]);
}

/** The keys that were found. */
export function hits(results: Awaited<ReturnType<IBatchCache['getMany']>>): string[] {
  return [...results].filter(([, { hit }]) => hit).map(([key]) => key);
}

/** A factory of many that ends when it is told to. */
export class HeldBatchFactory extends HeldCall<
  Parameters<CacheBatchFactory<unknown>>,
  Iterable<readonly [string, unknown]>
> {}
