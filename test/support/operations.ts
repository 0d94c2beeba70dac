import { CacheHit } from '../../lib/contract/cache-result.js';
import type { CoreCache } from '../../lib/core/core-cache.js';

/** What an operation does to the data behind the cache; all but the first and the last leave a doubt when they fail. */
export type Effect = 'reads' | 'stores' | 'removes' | 'reaches';

/** One operation of the public surface. */
export interface OperationCase {
  /** Such as `get`, or `get through a scope`. */
  readonly name: string;
  readonly effect: Effect;
  /** What it answers after {@link fillFor}, when nothing is wrong. */
  readonly answer: unknown;
  readonly run: (cache: CoreCache) => Promise<unknown>;
}

const KEY = 'key';
const SCOPE = 'scope:';

/** What the entry of {@link fillFor} holds, and what operations that store write: no message may ever show it. */
export const VALUE = 'V4LUE-m4rker';

/** The operations of a cache. Another one is another line. */
export const OPERATIONS: readonly OperationCase[] = [
  { name: 'get', effect: 'reads', answer: new CacheHit(VALUE), run: (cache) => cache.get(KEY) },
  { name: 'set', effect: 'stores', answer: undefined, run: (cache) => cache.set(KEY, VALUE) },
  { name: 'delete', effect: 'removes', answer: true, run: (cache) => cache.delete(KEY) },
  { name: 'clear', effect: 'removes', answer: undefined, run: (cache) => cache.clear() },
  { name: 'ping', effect: 'reaches', answer: undefined, run: (cache) => cache.ping() },
];

/** The same, each also through `scope()`. */
export const SCOPED_OPERATIONS: readonly OperationCase[] = [
  ...OPERATIONS,
  ...OPERATIONS.map(({ name, effect, answer, run }) => ({
    name: `${name} through a scope`,
    effect,
    answer,
    run: (cache: CoreCache) => run(cache.scope(SCOPE)),
  })),
];

/** Whether an operation that was sent and not answered may have changed data. */
export function changesData({ effect }: OperationCase): boolean {
  return effect === 'stores' || effect === 'removes';
}

/** Puts the entries in place that the operations work on. */
export async function fillFor(cache: CoreCache): Promise<void> {
  await Promise.all([cache.set(KEY, VALUE), cache.scope(SCOPE).set(KEY, VALUE)]);
}

/** The operation of this name. */
export function operationNamed(name: string): OperationCase {
  const operation = SCOPED_OPERATIONS.find((candidate) => candidate.name === name);
  if (operation === undefined) throw new Error(`There is no operation ${name}`);
  return operation;
}
