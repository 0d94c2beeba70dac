import { isDeepStrictEqual } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { CacheBatchError, SpakkyCacheError } from '../../lib/contract/errors.js';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { LoopClock, type Mark } from './loop-clock.js';
import type { FaultCase } from './fault-cases.js';
import { FaultStage } from './fault-stage.js';
import { fillFor, type OperationCase, Origin, SCOPED_OPERATIONS } from './operations.js';
import { fillForPlainClients, type PlainCall, PlainClients, type PlainObservation } from './plain-client.js';
import type { RedisServer } from './redis-server.js';
import { eventually } from './waiting.js';

/** What became of one call. */
export interface Attempt {
  readonly operation: OperationCase;
  /** The code of the error; `works` for the right answer; something else for any other. */
  readonly verdict: string;
  /** What it rejected with: an error of a batch tells of each of its keys, and all of that is here. */
  readonly errors: readonly unknown[];
  /** How often the application's own function was called. */
  readonly calls: number;
  readonly milliseconds: number;
}

/** What every operation came to under one fault. */
export interface FaultObservation {
  /** The first call of each operation. */
  readonly first: readonly Attempt[];
  /** A later one, when the cache had had the time to learn that there is no connection. */
  readonly later: readonly Attempt[];
  /** The first call of each that worked again; its time counts from the end of the fault. */
  readonly recovered: readonly Attempt[];
  /** What the proxy carried to the server more than once during the first calls. */
  readonly repeated: readonly string[];
  /** What a plain client of ioredis did, if one was asked for. */
  readonly plain: PlainObservation | undefined;
  /** Every error that anyone saw, each once. */
  readonly errors: readonly unknown[];
}

/** Longer than this nobody waits for a cache to work again, in milliseconds. */
const PATIENCE = 15_000;

/** After a failed attempt to connect the next one has been made, in milliseconds. */
const SECOND_ATTEMPT = 250;

/** How long operations are under way before a fault strikes them. */
const HEAD_START = 30;

const GIVEN_UP = [
  ['REDIS_TIMEOUT', 'REDIS_CONNECTION_LOST'],
  ['REDIS_OUTCOME_UNKNOWN_TIMEOUT', 'REDIS_OUTCOME_UNKNOWN_LOST'],
] as const;

/** What an observation needs to know. */
export interface ObserverOptions {
  /** The server of the stages that have none of their own. */
  readonly shared: RedisServer;
  /** Of the caches, in milliseconds. */
  readonly socketTimeout: number;
  /** Whether a plain client of ioredis goes through the same; that takes several seconds more for each fault. */
  readonly withPlainClient: boolean;
}

/** Runs every operation through a fault, each on a cache of its own, all at once. */
export async function observeFault(fault: FaultCase, options: ObserverOptions): Promise<FaultObservation> {
  const { shared, socketTimeout, withPlainClient } = options;
  const stage = await FaultStage.open({ ...fault.stage, socketTimeout }, shared);
  const observer = new Observer(fault, stage, withPlainClient);
  try {
    return await observer.observe();
  } finally {
    observer.close();
    await stage.close();
  }
}

class Observer {
  readonly #fault: FaultCase;
  readonly #stage: FaultStage;
  readonly #withPlainClient: boolean;
  readonly #caches: ReadonlyMap<OperationCase, RedisCache>;
  /** By what they say: a cache that is asked every few milliseconds says the same many times. */
  readonly #errors = new Map<string, unknown>();
  readonly #clock = new LoopClock();
  #plain: PlainClients | undefined;

  constructor(fault: FaultCase, stage: FaultStage, withPlainClient: boolean) {
    this.#fault = fault;
    this.#stage = stage;
    this.#withPlainClient = withPlainClient;
    this.#caches = new Map(
      SCOPED_OPERATIONS.map((operation) => [operation, stage.newCache(`${fault.name}:${operation.name}:`)]),
    );
  }

  async observe(): Promise<FaultObservation> {
    await this.#prepare();
    await this.#fault.strike(this.#stage);
    this.#stage.proxy.resetCounts();
    if (this.#withPlainClient) this.#plain ??= new PlainClients(this.#stage);
    const [first, calls] = await Promise.all([
      this.#tryAll(),
      this.#plain?.callBoth(),
      this.#strikeInFlight(),
    ]);
    const { repeated } = this.#stage.proxy;
    const later = await this.#tryLater();
    await this.#fault.heal?.(this.#stage);
    const [recovered, plain] = await Promise.all([this.#recover(), this.#recoverPlainClients(calls)]);
    const errors = [...this.#errors.values(), ...this.#stage.writeErrors];
    return { first, repeated, later, recovered, plain, errors };
  }

  close(): void {
    this.#clock.stop();
    this.#plain?.disconnect();
  }

  async #prepare(): Promise<void> {
    const { prepare, meets } = this.#fault;
    await prepare?.(this.#stage);
    // Nothing is left of the fault before: what takes a clear several pages strikes it otherwise.
    await this.#stage.admin.flushall();
    if (this.#withPlainClient) await fillForPlainClients(this.#stage);
    if (meets === 'connecting') return;
    if (this.#withPlainClient) this.#plain = new PlainClients(this.#stage);
    await this.#plain?.connect();
    // Nothing is wrong yet: on a busy machine it may take a second attempt, and nothing of it is judged.
    const caches = [...this.#caches.values()];
    await Promise.all(caches.map((cache) => eventually(PATIENCE, () => fillFor(cache))));
  }

  async #strikeInFlight(): Promise<void> {
    const { strikeInFlight } = this.#fault;
    if (strikeInFlight === undefined) return;
    await delay(HEAD_START);
    await strikeInFlight(this.#stage);
  }

  /**
   * After a loss operations wait for the first attempt to connect again; what comes after that one knows its end. A
   * server that is just dying may reset that attempt: the next one finds it gone.
   */
  async #tryLater(): Promise<readonly Attempt[]> {
    if (this.#fault.later === undefined) return [];
    await this.#tryAll();
    await delay(SECOND_ATTEMPT);
    return this.#tryAll();
  }

  #tryAll(): Promise<Attempt[]> {
    return Promise.all([...this.#caches].map(([operation, cache]) => this.#try(operation, cache)));
  }

  async #try(operation: OperationCase, cache: RedisCache, start = this.#clock.mark()): Promise<Attempt> {
    const origin = new Origin();
    const settled = await operation.run(cache, origin).then(
      (answer) => ({ verdict: verdictOn(answer, operation), errors: [] }),
      (error: unknown) => ({ verdict: verdictOfFailure(error, operation), errors: this.#note(error) }),
    );
    const { calls } = origin;
    return { operation, ...settled, calls, milliseconds: this.#clock.since(start) };
  }

  #note(error: unknown): readonly unknown[] {
    const errors = error instanceof CacheBatchError ? [error, ...error.failures.values()] : [error];
    for (const each of errors) this.#errors.set(String(each), each);
    return errors;
  }

  async #recover(): Promise<readonly Attempt[]> {
    if (this.#fault.heal === undefined) return [];
    const start = this.#clock.mark();
    return Promise.all([...this.#caches].map((entry) => this.#tryUntilItWorks(...entry, start)));
  }

  async #recoverPlainClients(calls: readonly PlainCall[] = []): Promise<PlainObservation | undefined> {
    if (this.#plain === undefined || this.#fault.heal === undefined) return { calls };
    return { calls, ...(await this.#plain.recover()) };
  }

  async #tryUntilItWorks(operation: OperationCase, cache: RedisCache, start: Mark): Promise<Attempt> {
    for (;;) {
      const filled = await fillFor(cache).then(
        () => true,
        (error: unknown) => void this.#errors.set(String(error), error),
      );
      const isOver = this.#clock.since(start) > PATIENCE;
      if (filled === true || isOver) {
        const attempt = await this.#try(operation, cache, start);
        if (isOver || attempt.errors.length === 0) return attempt;
      }
      await delay(10);
    }
  }
}

function verdictOn(answer: unknown, operation: OperationCase): string {
  return isDeepStrictEqual(answer, operation.answer) ? 'works' : 'answers wrongly';
}

/** The error of a batch is judged key by key, and nothing else counts in it. */
function verdictOfFailure(error: unknown, { keys = [] }: OperationCase): string {
  if (!(error instanceof CacheBatchError)) return codeOf(error);
  const outcomes = keys.map((key) => (error.failures.has(key) ? codeOf(error.failures.get(key)) : 'works'));
  const all = new Set(outcomes);
  // With the first key that times out the connection is given up, and so is what was sent a moment later.
  for (const [timeout, loss] of GIVEN_UP) if (all.has(timeout)) all.delete(loss);
  return [...all].join(' or ');
}

function codeOf(error: unknown): string {
  return error instanceof SpakkyCacheError ? error.code : `rejects with ${String(error)}`;
}
