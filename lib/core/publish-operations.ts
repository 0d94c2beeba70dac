import { tracingChannel } from 'node:diagnostics_channel';
import { CacheHit } from '../contract/cache-result.js';
import { CacheOperation, type CacheOperationName, isBlocking } from './cache-operation.js';
import type { Territory } from './cache-parts.js';
import { withHitListener } from './hit-listener.js';
import { NotKept } from './not-kept.js';

/** The name of the tracing channel: `tracing:spakky:cache:start` and so on. */
export const CACHE_CHANNEL = 'spakky:cache';

type Method = (...args: unknown[]) => unknown;

/** What an operation names first, and where its answer comes from, if it has one. */
interface Shape {
  readonly names: 'a key' | 'keys' | 'no key';
  readonly reads?: 'what is there' | 'or loads';
}

const SHAPES: Readonly<Record<CacheOperationName, Shape>> = {
  get: { names: 'a key', reads: 'what is there' },
  set: { names: 'a key' },
  delete: { names: 'a key' },
  clear: { names: 'no key' },
  getMany: { names: 'keys', reads: 'what is there' },
  setMany: { names: 'keys' },
  deleteMany: { names: 'keys' },
  getOrSet: { names: 'a key', reads: 'or loads' },
  getOrSetMany: { names: 'keys', reads: 'or loads' },
  evictTags: { names: 'no key' },
  writeThrough: { names: 'a key' },
  writeBehind: { names: 'a key' },
  ping: { names: 'no key' },
  explain: { names: 'a key' },
  getSync: { names: 'a key', reads: 'what is there' },
  setSync: { names: 'a key' },
  deleteSync: { names: 'a key' },
  clearSync: { names: 'no key' },
};

const channel = tracingChannel<unknown, CacheOperation>(CACHE_CHANNEL);

/**
 * Lets every operation of a class of caches tell of itself on the channel. While nobody listens there, a call costs one
 * question more.
 *
 * @param prototype of the class
 * @param territoryOf whose keys these are
 */
export function publishOperations<Cache extends object>(
  prototype: Cache,
  territoryOf: (cache: Cache) => Territory,
): void {
  for (const name of Object.keys(SHAPES).filter(isOperationName)) {
    const plain: unknown = Reflect.get(prototype, name);
    if (!isMethod(plain)) throw new TypeError(`There is no method ${name}() to publish.`);
    const tell = isBlocking(name) ? publishBlocking : publish;
    const published = function (this: Cache, ...args: unknown[]): unknown {
      return channel.hasSubscribers
        ? tell(name, territoryOf(this), args, (given) => plain.apply(this, given))
        : plain.apply(this, args);
    };
    Object.defineProperty(published, 'name', { value: name });
    Object.defineProperty(published, 'length', { value: plain.length });
    Object.defineProperty(prototype, name, { value: published, configurable: true, writable: true });
  }
}

type Call = (given: unknown[]) => unknown;

async function publish(
  name: CacheOperationName,
  territory: Territory,
  args: readonly unknown[],
  call: Call,
): Promise<unknown> {
  const { operation, given, conclude } = prepare(name, territory, args);
  let answer: unknown;
  // What a task of the channel answers is part of the message: values are kept out of it.
  await channel.tracePromise(async () => {
    answer = await operation.run(() => unlessNotKept(call(given)));
    conclude(answer);
  }, operation);
  if (answer instanceof NotKept) throw answer;
  return answer;
}

/** For who watches it is an answer: that of a load which is not kept. */
async function unlessNotKept(answer: unknown): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NotKept) return error;
    throw error;
  }
}

function publishBlocking(
  name: CacheOperationName,
  territory: Territory,
  args: readonly unknown[],
  call: Call,
): unknown {
  const { operation, given, conclude } = prepare(name, territory, args);
  let answer: unknown;
  channel.traceSync(() => {
    answer = operation.run(() => call(given));
    conclude(answer);
  }, operation);
  return answer;
}

/** A call that is told of: with which arguments it is made, and who is given its answer. */
interface ToldCall {
  readonly operation: CacheOperation;
  readonly given: unknown[];
  readonly conclude: (answer: unknown) => void;
}

function prepare(
  name: CacheOperationName,
  { prefix, shared }: Territory,
  args: readonly unknown[],
): ToldCall {
  const { names, reads } = SHAPES[name];
  const [first] = args;
  const key = names === 'a key' && typeof first === 'string' ? first : undefined;
  const operation = new CacheOperation(name, shared.location, prefix, key);
  const given = [...args];
  if (names === 'a key') operation.keys = 1;
  if (names === 'keys') given[0] = counted(first, operation);
  let loadHits = 0;
  if (reads === 'or loads') given[2] = withHitListener(args[2], () => (loadHits += 1));
  const conclude = (answer: unknown): void => {
    if (reads === undefined) return;
    const answers = names === 'keys' && answer instanceof Map ? [...answer.values()] : [answer];
    operation.hits = reads === 'or loads' ? loadHits : answers.filter(isHit).length;
    operation.misses = answers.length - operation.hits;
  };
  return { operation, given, conclude };
}

function isHit(answer: unknown): boolean {
  return answer instanceof CacheHit;
}

/** The same keys, counted while they are read: an iterator can be read once only. */
function counted(keys: unknown, operation: CacheOperation): unknown {
  return isIterable(keys) ? count(keys, operation) : keys;
}

function* count(keys: Iterable<unknown>, operation: CacheOperation): Generator {
  for (const key of keys) {
    operation.keys += 1;
    yield key;
  }
}

function isIterable(keys: unknown): keys is Iterable<unknown> {
  return (
    keys !== undefined && keys !== null && typeof Reflect.get(Object(keys), Symbol.iterator) === 'function'
  );
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}

function isOperationName(name: string): name is CacheOperationName {
  return Object.hasOwn(SHAPES, name);
}
