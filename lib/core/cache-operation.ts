import { createHash } from 'node:crypto';

/** The operations of a cache that are told of on its channel. */
export type CacheOperationName =
  | 'get'
  | 'set'
  | 'delete'
  | 'clear'
  | 'getMany'
  | 'setMany'
  | 'deleteMany'
  | 'getOrSet'
  | 'getOrSetMany'
  | 'evictTags'
  | 'writeThrough'
  | 'writeBehind'
  | 'ping'
  | 'explain'
  | 'getSync'
  | 'setSync'
  | 'deleteSync'
  | 'clearSync';

/** Where a cache keeps its entries, as far as that is known; it holds no credential. */
export interface CacheLocation {
  /** The class of the cache that scopes come from: `RedisCache` or `InMemoryCache`. */
  readonly backend: string;
  /** Such as `localhost:6379`, or the path of a socket; absent where there is no server. */
  readonly address?: string;
  /** The index of the database; absent where there is no server. */
  readonly db?: number;
  /** The prefix of the cache that scopes come from. */
  readonly prefix: string;
}

/**
 * Runs an operation in a context of its own, at once, and gives back what it answers: a promise, unless it blocks.
 *
 * @param task the operation, to be called once
 */
export type OperationRunner = <Answer>(task: () => Answer) => Answer;

const BLOCKING: ReadonlySet<CacheOperationName> = new Set([
  'getSync',
  'setSync',
  'deleteSync',
  'clearSync',
] as const);

/** Whether a call of this name answers no promise. */
export function isBlocking(name: CacheOperationName): boolean {
  return BLOCKING.has(name);
}

/** As much of a hash as tells keys apart. */
const HASH_LENGTH = 16;

/**
 * One call of a cache, as the tracing channel `spakky:cache` tells of it. The same object is published at its start and
 * at its end. It holds no value, and no key in plain text unless one asks for it.
 *
 * @example
 * ```ts
 * import { tracingChannel } from 'node:diagnostics_channel';
 * import type { CacheOperation } from '@spakky/nestjs-redis-cache';
 *
 * tracingChannel<CacheOperation>('spakky:cache').asyncEnd.subscribe((message) => {
 *   const { operation, location, hits } = message as CacheOperation;
 *   console.log(operation, location.prefix, hits);
 * });
 * ```
 */
export class CacheOperation {
  /** The method that was called. */
  readonly operation: CacheOperationName;
  /** Where the cache keeps its entries. */
  readonly location: CacheLocation;
  /** What the scope adds to the prefix of the cache; empty for the cache itself. */
  readonly scope: string;
  /** How many keys were named, repeated ones included; complete as soon as the call was made. */
  keys = 0;
  /** Keys that were answered from what the cache held, a stale value included; known when a read has ended well. */
  hits: number | undefined;
  /** Keys that had to be loaded or waited for, or are not there; known when a read has ended well. */
  misses: number | undefined;
  /** Why it failed: what the caller gets, whose message names the key. */
  error?: unknown;
  readonly #key: string | undefined;
  #runner: OperationRunner | undefined;

  /** @internal */
  constructor(
    operation: CacheOperationName,
    location: CacheLocation,
    prefix: string,
    key: string | undefined,
  ) {
    this.operation = operation;
    this.location = location;
    this.scope = prefix.slice(location.prefix.length);
    this.#key = key === undefined ? undefined : prefix + key;
  }

  /** Whether it is a blocking call: then everything is known of it at `end`, and there is no `asyncEnd`. */
  get blocking(): boolean {
    return isBlocking(this.operation);
  }

  /**
   * The first 16 hexadecimal digits of the SHA-256 of the key as Redis has it, prefix included; undefined when the
   * operation is about several keys, or none. A key that can be guessed can be found by its hash.
   */
  get keyHash(): string | undefined {
    if (this.#key === undefined) return undefined;
    return createHash('sha256').update(this.#key).digest('hex').slice(0, HASH_LENGTH);
  }

  /** The key as Redis has it, prefix included, for who may see it; undefined when there are several, or none. */
  revealKey(): string | undefined {
    return this.#key;
  }

  /**
   * Lets a subscriber of `start` run the operation in a context of its own, as a tracer does with its active span.
   * What was asked for first is the outermost.
   *
   * @param runner calls what it is given once, and answers what that answers
   * @example
   * ```ts
   * operation.runWithin((task) => requestId.run('42', task)); // an AsyncLocalStorage
   * ```
   */
  runWithin(runner: OperationRunner): void {
    const outer = this.#runner;
    this.#runner = outer === undefined ? runner : (task) => outer(() => runner(task));
  }

  /** @internal */
  run<Answer>(task: () => Answer): Answer {
    return this.#runner === undefined ? task() : this.#runner(task);
  }
}
