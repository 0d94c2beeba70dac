import { CacheHit } from '../../lib/contract/cache-result.js';
import type { CoreCache } from '../../lib/core/core-cache.js';

/**
 * What an operation does to the data behind the cache, and so what it leaves when it fails: one that prepares puts
 * down something that ends by itself (a lease, the version of a tag) before it changes any data; one that stores or
 * removes leaves a doubt; the others leave nothing.
 */
export type Effect = 'reads' | 'prepares' | 'stores' | 'removes' | 'reaches';

/** What an application has behind its cache; it counts how often it is asked. */
export class Origin {
  calls = 0;

  readonly load = (): string => {
    this.calls += 1;
    return VALUE;
  };

  readonly loadMany = (keys: readonly string[]): [string, string][] => {
    this.calls += 1;
    return keys.map((key) => [key, VALUE]);
  };

  readonly write = (): void => {
    this.calls += 1;
  };
}

/** One operation of the public surface. */
export interface OperationCase {
  /** Such as `get`, or `get through a scope`. */
  readonly name: string;
  /** Such as `get`, of `get through a scope`. */
  readonly throughScope?: string;
  readonly effect: Effect;
  /** What it answers after {@link fillFor}, when nothing is wrong. */
  readonly answer: unknown;
  /** How often it asks the origin then. */
  readonly calls: 0 | 1;
  /** The keys that it names together; each of them has an outcome of its own. */
  readonly keys?: readonly string[];
  readonly run: (cache: CoreCache, origin?: Origin) => Promise<unknown>;
}

const KEY = 'key';
const SCOPE = 'scope:';
const TAGGED = 'tagged';
const TAGS = ['tag', 'other tag'];
const PRESENT = [KEY, 'other key'] as const;
const ABSENT = 'absent';
const MISSING = ['missing', 'missing too'] as const;

/** What the entries of {@link fillFor} hold, and what operations that store write: no message may ever show it. */
export const VALUE = 'V4LUE-m4rker';

const HIT = new CacheHit(VALUE);

const PLAIN_OPERATIONS: readonly OperationCase[] = [
  { name: 'get', effect: 'reads', answer: HIT, calls: 0, run: (cache) => cache.get(KEY) },
  { name: 'set', effect: 'stores', answer: undefined, calls: 0, run: (cache) => cache.set(KEY, VALUE) },
  { name: 'delete', effect: 'removes', answer: true, calls: 0, run: (cache) => cache.delete(KEY) },
  { name: 'clear', effect: 'removes', answer: undefined, calls: 0, run: (cache) => cache.clear() },
  { name: 'ping', effect: 'reaches', answer: undefined, calls: 0, run: (cache) => cache.ping() },
];

const CAPABILITIES: readonly OperationCase[] = [
  // The versions of its tags are asked for once it is known which they are.
  { name: 'get with tags', effect: 'reads', answer: HIT, calls: 0, run: (cache) => cache.get(TAGGED) },
  // Where it is depends on the cache that is asked.
  {
    name: 'explain',
    effect: 'reads',
    answer: 'entry',
    calls: 0,
    run: async (cache) => (await cache.explain(KEY)).state,
  },
  {
    name: 'set with tags',
    effect: 'prepares',
    answer: undefined,
    calls: 0,
    run: (cache) => cache.set(KEY, VALUE, { tags: TAGS }),
  },
  {
    name: 'evictTags',
    effect: 'removes',
    answer: undefined,
    calls: 0,
    run: (cache) => cache.evictTags(...TAGS),
  },
  {
    name: 'getMany',
    effect: 'reads',
    answer: new Map(PRESENT.map((key) => [key, HIT])),
    calls: 0,
    keys: PRESENT,
    run: (cache) => cache.getMany(PRESENT),
  },
  {
    name: 'setMany',
    effect: 'stores',
    answer: undefined,
    calls: 0,
    keys: PRESENT,
    run: (cache) => cache.setMany(PRESENT.map((key) => [key, VALUE])),
  },
  {
    name: 'deleteMany',
    effect: 'removes',
    answer: PRESENT.length,
    calls: 0,
    keys: PRESENT,
    run: (cache) => cache.deleteMany(PRESENT),
  },
  {
    name: 'getOrSet',
    effect: 'prepares',
    answer: VALUE,
    calls: 1,
    run: (cache, origin = new Origin()) => cache.getOrSet(ABSENT, origin.load),
  },
  {
    name: 'getOrSetMany',
    effect: 'prepares',
    answer: new Map(MISSING.map((key) => [key, VALUE])),
    calls: 1,
    keys: MISSING,
    run: (cache, origin = new Origin()) => cache.getOrSetMany(MISSING, origin.loadMany),
  },
  {
    name: 'writeThrough',
    effect: 'prepares',
    answer: undefined,
    calls: 1,
    run: (cache, origin = new Origin()) => cache.writeThrough(KEY, VALUE, origin.write),
  },
  {
    name: 'writeBehind',
    effect: 'stores',
    answer: undefined,
    calls: 1,
    run: (cache, origin = new Origin()) => cache.writeBehind(KEY, VALUE, origin.write),
  },
];

/** The operations of a cache. Another one is another line. */
export const OPERATIONS: readonly OperationCase[] = [...PLAIN_OPERATIONS, ...CAPABILITIES];

/**
 * The same, the plain ones each also through `scope()`. A scope hands a longer prefix to the same code: what five
 * operations show of a fault, fifteen would not show better, and each takes a connection and a part of the time in which
 * all are to be judged at once.
 */
export const SCOPED_OPERATIONS: readonly OperationCase[] = [
  ...OPERATIONS,
  ...PLAIN_OPERATIONS.map(throughScope),
];

function throughScope(operation: OperationCase): OperationCase {
  return {
    ...operation,
    name: `${operation.name} through a scope`,
    throughScope: operation.name,
    run: (cache) => operation.run(cache.scope(SCOPE)),
  };
}

/** Whether an operation that was sent and not answered may have changed data. */
export function changesData({ effect }: OperationCase): boolean {
  return effect === 'stores' || effect === 'removes';
}

/** Whether an operation writes anything at the server. */
export function writes({ effect }: OperationCase): boolean {
  return effect !== 'reads' && effect !== 'reaches';
}

/** Puts the entries in place that the operations work on, and removes those that they are to load. */
export async function fillFor(cache: CoreCache): Promise<void> {
  // When this one fails, so would the others, and each error takes its time.
  await cache.set(KEY, VALUE);
  await Promise.all([
    ...PRESENT.slice(1).map((key) => cache.set(key, VALUE)),
    cache.set(TAGGED, VALUE, { tags: TAGS }),
    ...[ABSENT, ...MISSING].map((key) => cache.delete(key)),
    cache.scope(SCOPE).set(KEY, VALUE),
  ]);
}

/** The operation of this name. */
export function operationNamed(name: string): OperationCase {
  const operation = SCOPED_OPERATIONS.find((candidate) => candidate.name === name);
  if (operation === undefined) throw new Error(`There is no operation ${name}`);
  return operation;
}
