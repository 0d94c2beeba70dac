import { isDeepStrictEqual } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { SpakkyCacheError } from '../../lib/contract/errors.js';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import type { FaultCase } from './fault-cases.js';
import { FaultStage } from './fault-stage.js';
import { fillFor, type OperationCase, SCOPED_OPERATIONS } from './operations.js';
import { fillForPlainClients, type PlainCall, PlainClients, type PlainObservation } from './plain-client.js';
import type { RedisServer } from './redis-server.js';

/** What became of one call. */
export interface Attempt {
  readonly operation: OperationCase;
  /** The code of the error; `works` for the right answer; something else for any other. */
  readonly verdict: string;
  /** What it rejected with. */
  readonly error?: unknown;
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
  /** How many commands of each name the proxy carried to the server during the first calls. */
  readonly carried: Readonly<Record<string, number>>;
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
    const carried = this.#stage.proxy.counts;
    const later = await this.#tryLater();
    await this.#fault.heal?.(this.#stage);
    const [recovered, plain] = await Promise.all([this.#recover(), this.#recoverPlainClients(calls)]);
    return { first, carried, later, recovered, plain, errors: [...this.#errors.values()] };
  }

  close(): void {
    this.#plain?.disconnect();
  }

  async #prepare(): Promise<void> {
    const { prepare, meets } = this.#fault;
    await prepare?.(this.#stage);
    if (this.#withPlainClient) await fillForPlainClients(this.#stage);
    if (meets === 'connecting') return;
    if (this.#withPlainClient) this.#plain = new PlainClients(this.#stage);
    await this.#plain?.connect();
    await Promise.all([...this.#caches.values()].map(fillFor));
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

  async #try(operation: OperationCase, cache: RedisCache, start = performance.now()): Promise<Attempt> {
    const settled = await operation.run(cache).then(
      (answer) => ({ verdict: isDeepStrictEqual(answer, operation.answer) ? 'works' : 'answers wrongly' }),
      (error: unknown) => ({ verdict: codeOf(error), error }),
    );
    if ('error' in settled) this.#errors.set(String(settled.error), settled.error);
    return { operation, ...settled, milliseconds: performance.now() - start };
  }

  async #recover(): Promise<readonly Attempt[]> {
    if (this.#fault.heal === undefined) return [];
    const start = performance.now();
    return Promise.all([...this.#caches].map((entry) => this.#tryUntilItWorks(...entry, start)));
  }

  async #recoverPlainClients(calls: readonly PlainCall[] = []): Promise<PlainObservation | undefined> {
    if (this.#plain === undefined || this.#fault.heal === undefined) return { calls };
    return { calls, ...(await this.#plain.recover()) };
  }

  async #tryUntilItWorks(operation: OperationCase, cache: RedisCache, start: number): Promise<Attempt> {
    for (;;) {
      const filled = await fillFor(cache).then(
        () => true,
        (error: unknown) => void this.#errors.set(String(error), error),
      );
      const attempt = await this.#try(operation, cache, start);
      const isSettled = filled === true && attempt.error === undefined;
      if (isSettled || attempt.milliseconds > PATIENCE) return attempt;
      await delay(10);
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof SpakkyCacheError ? error.code : `rejects with ${String(error)}`;
}
