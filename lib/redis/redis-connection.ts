import type { Redis } from 'ioredis';
import { CacheClosedError, SpakkyCacheError } from '../contract/errors.js';
import { backoff } from './backoff.js';
import { type PendingOperation, PendingOperations } from './pending-operations.js';
import {
  lostError,
  operationError,
  type RedisRequest,
  type RedisTarget,
  timeoutError,
  unsentError,
} from './redis-error.js';
import { classifyFailure, type ConnectionFailure } from './redis-failure.js';
import type { RedisLink } from './redis-link.js';

/** Where the two log lines of a connection go, lost and restored; Nest's `Logger` is one. */
export interface CacheLogger {
  log(message: string): void;
  warn(message: string): void;
}

type State =
  | { readonly name: 'idle' | 'ready' | 'closed' }
  /** The first attempt since the start, or since a loss: operations wait for it. */
  | { readonly name: 'connecting' }
  /** That attempt failed. More are made in the background, while operations fail at once, with the reason. */
  | { readonly name: 'down'; readonly failure: ConnectionFailure };

interface Operation extends PendingOperation {
  readonly request: RedisRequest;
  progress: 'unsent' | 'sent';
  start(): void;
  fail(error: SpakkyCacheError): void;
}

/**
 * The gate before ioredis: every operation is sent once or never, and settles within its deadline with its reply or
 * with a typed error.
 */
export class RedisConnection {
  readonly #link: RedisLink;
  readonly #timeout: number;
  readonly #logger: CacheLogger | undefined;
  readonly #pending = new PendingOperations<Operation>();
  #state: State = { name: 'idle' };
  #failure: ConnectionFailure | undefined;
  #failedAttempts = 0;
  #timer: NodeJS.Timeout | undefined;
  #lostAt: number | undefined;
  #closing: Promise<void> | undefined;
  #drained: () => void = () => undefined;

  readonly #listeners: readonly (readonly [string, (error: unknown) => void])[];

  /**
   * @param link the client, and who owns it
   * @param timeout the deadline of every operation, connecting included, in milliseconds
   * @param logger told when the connection is lost and when it is back
   */
  constructor(link: RedisLink, timeout: number, logger?: CacheLogger) {
    this.#link = link;
    this.#timeout = timeout;
    this.#logger = logger;
    this.#listeners = [
      ['ready', () => this.#onReady()],
      ['error', (error) => this.#onError(error)],
      [link.ending, () => this.#onEnd()],
    ];
    for (const [event, listener] of this.#listeners) link.client.on(event, listener);
    if (link.client.status === 'ready') this.#state = { name: 'ready' };
  }

  get target(): RedisTarget {
    return this.#link.target;
  }

  /**
   * Runs one operation.
   *
   * @param request what is asked for, as its errors will name it
   * @param send called once with a client that is ready, or never; it sends without awaiting anything first
   */
  run<Reply>(request: RedisRequest, send: (client: Redis) => Promise<Reply>): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const operation: Operation = {
        request,
        deadline: performance.now() + this.#timeout,
        progress: 'unsent',
        start: () => {
          operation.progress = 'sent';
          send(this.#link.client).then(
            (reply) => {
              this.#settle(operation);
              resolve(reply);
            },
            (error: unknown) => this.#fail(operation, this.#explain(operation, error)),
          );
        },
        fail: reject,
        expire: () => this.#onExpiry(operation),
      };
      this.#admit(operation);
    });
  }

  /** Refuses new operations, lets those under way end within their deadline, and ends the connection. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  #admit(operation: Operation): void {
    if (this.#closing !== undefined) {
      operation.fail(closedError(operation.request));
      return;
    }
    if (this.#state.name === 'down') {
      operation.fail(unsentError(this.#state.failure, operation.request, this.target));
      return;
    }
    this.#pending.add(operation);
    if (this.#state.name === 'ready') operation.start();
    if (this.#state.name === 'idle') this.#dial();
  }

  #dial(): void {
    if (this.#state.name === 'idle') this.#state = { name: 'connecting' };
    this.#schedule(this.#timeout, () => this.#giveUpAttempt());
    this.#link.prepare().then(
      () => {
        if (this.#closing === undefined) this.#link.connect();
      },
      () => {
        this.#failure = connectionFailure(
          'REDIS_CREDENTIALS',
          'the function that answers the password failed',
        );
        this.#onEnd();
      },
    );
  }

  /** A peer that accepts and says nothing would keep the driver waiting for ever. */
  #giveUpAttempt(): void {
    this.#failure ??= connectionFailure(
      'REDIS_UNREACHABLE',
      `no answer to a new connection in ${this.#timeout} ms`,
    );
    const { status } = this.#link.client;
    this.#link.hangUp();
    if (status === 'wait' || status === 'end') this.#onEnd();
  }

  #onReady(): void {
    if (this.#failure?.code === 'REDIS_DATABASE') return;
    clearTimeout(this.#timer);
    this.#failure = undefined;
    this.#failedAttempts = 0;
    if (this.#closing !== undefined) return;
    this.#state = { name: 'ready' };
    this.#reportRestored();
    for (const operation of this.#pending) operation.start();
  }

  #onError(error: unknown): void {
    const failure = classifyFailure(error);
    if (failure.kind === 'unsent') return;
    this.#failure =
      failure.kind === 'connection' ? failure : connectionFailure('REDIS_UNREACHABLE', failure.cause.message);
    // ioredis would go on: after a refused SELECT in database 0, after an unexpected reply with replies that are
    // each the answer to another command.
    if (this.#failure.code === 'REDIS_DATABASE' || this.#failure.code === 'REDIS_PROTOCOL')
      this.#link.hangUp();
  }

  #onEnd(): void {
    clearTimeout(this.#timer);
    if (this.#closing !== undefined) return;
    if (this.#state.name === 'ready') {
      this.#reportLost();
      this.#state = { name: 'connecting' };
      if (this.#link.redialledBy === 'cache') this.#dial();
      return;
    }
    this.#giveUpWaiting(
      this.#failure ?? connectionFailure('REDIS_CONNECTION_LOST', 'the connection was closed'),
    );
  }

  #giveUpWaiting(failure: ConnectionFailure): void {
    this.#state = { name: 'down', failure };
    this.#failure = undefined;
    for (const operation of this.#pending) {
      this.#fail(operation, unsentError(failure, operation.request, this.target));
    }
    if (this.#link.redialledBy === 'owner') return;
    this.#failedAttempts += 1;
    this.#schedule(backoff(this.#failedAttempts, failure.code), () => this.#dial());
  }

  #onExpiry(operation: Operation): void {
    this.#fail(operation, timeoutError(operation.progress, this.#timeout, operation.request, this.target));
    if (operation.progress === 'unsent') return;
    // Whatever comes next on this connection waits behind the same silence.
    this.#failure = connectionFailure(
      'REDIS_CONNECTION_LOST',
      `the server was silent for ${this.#timeout} ms`,
    );
    this.#link.hangUp();
  }

  #explain({ request }: Operation, error: unknown): SpakkyCacheError {
    if (error instanceof SpakkyCacheError) return error;
    const failure = classifyFailure(error);
    if (failure.kind === 'operation') return operationError(failure, request, this.target);
    if (failure.kind === 'connection') return lostError(this.#failure ?? failure, request, this.target);
    const reason = this.#failure ?? connectionFailure('REDIS_CONNECTION_LOST', 'the connection was closed');
    return unsentError(reason, request, this.target);
  }

  #fail(operation: Operation, error: SpakkyCacheError): void {
    this.#settle(operation);
    operation.fail(this.#closing === undefined ? error : closedError(operation.request, error));
  }

  #settle(operation: Operation): void {
    this.#pending.remove(operation);
    if (this.#pending.size === 0) this.#drained();
  }

  async #shutDown(): Promise<void> {
    clearTimeout(this.#timer);
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    for (const operation of this.#pending) {
      if (operation.progress === 'unsent') this.#fail(operation, closedError(operation.request));
    }
    if (this.#pending.size > 0) await drained;
    this.#pending.stop();
    this.#state = { name: 'closed' };
    for (const [event, listener] of this.#listeners) this.#link.client.off(event, listener);
    this.#link.hangUp();
  }

  #schedule(delay: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delay);
  }

  #reportLost(): void {
    this.#lostAt = performance.now();
    const reason = this.#failure?.cause.message ?? 'the connection was closed';
    this.#logger?.warn(`Lost the connection to ${this.target.address}: ${reason}. It reconnects by itself.`);
  }

  #reportRestored(): void {
    if (this.#lostAt === undefined) return;
    const seconds = ((performance.now() - this.#lostAt) / 1_000).toFixed(1);
    this.#lostAt = undefined;
    this.#logger?.log(`The connection to ${this.target.address} is back after ${seconds} s.`);
  }
}

function connectionFailure(code: ConnectionFailure['code'], what: string): ConnectionFailure {
  return { kind: 'connection', code, cause: new Error(what) };
}

function closedError({ prefix, key }: RedisRequest, cause?: SpakkyCacheError): CacheClosedError {
  return new CacheClosedError(
    `The cache under the prefix "${prefix}" was closed while this operation was under way` +
      (cause === undefined ? ', before it was sent.' : `: ${cause.message}`),
    { key, cause },
  );
}
