import type { Redis } from 'ioredis';
import { SpakkyCacheError } from '../contract/errors.js';
import { backoff } from './backoff.js';
import { type CacheLogger, ConnectionLog } from './connection-log.js';
import { type PendingOperation, PendingOperations } from './pending-operations.js';
import {
  closedError,
  lostError,
  operationError,
  type RedisRequest,
  type RedisTarget,
  timeoutError,
  unsentError,
} from './redis-error.js';
import {
  classifyFailure,
  connectionFailure,
  type ConnectionFailure,
  type RedisFailure,
} from './redis-failure.js';
import type { RedisLink } from './redis-link.js';

/** A connection that is lost again after less than this, in milliseconds, is not dialled at once. */
const SOON = 1_000;

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
  readonly #log: ConnectionLog;
  readonly #pending = new PendingOperations<Operation>();
  #state: State = { name: 'idle' };
  #failure: ConnectionFailure | undefined;
  #failedAttempts = 0;
  #timer: NodeJS.Timeout | undefined;
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
    this.#log = new ConnectionLog(link.target, logger);
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
            (error: unknown) => this.#onRejection(operation, error),
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

  /** The driver calls a connection ready before the peer has said a word: the first reply tells what it is. */
  #onReady(): void {
    if (this.#failure?.code === 'REDIS_DATABASE') return;
    this.#link.client.ping().then(
      () => this.#open(),
      (error: unknown) => this.#onFirstError(classifyFailure(error)),
    );
  }

  #onFirstError(failure: RedisFailure): void {
    // A server that is loading, or that forbids PING, is there all the same; a lost connection tells itself.
    if (failure.kind === 'operation') this.#open();
    if (failure.kind !== 'connection' || failure.code !== 'REDIS_CREDENTIALS') return;
    this.#failure = failure;
    this.#link.hangUp();
    if (this.#link.redialledBy === 'owner') this.#onEnd();
  }

  #open(): void {
    if (this.#closing !== undefined || this.#link.client.status !== 'ready') return;
    clearTimeout(this.#timer);
    this.#failure = undefined;
    this.#failedAttempts = 0;
    this.#state = { name: 'ready' };
    this.#log.restored();
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
    const failure = this.#failure ?? connectionFailure('REDIS_CONNECTION_LOST', 'the connection was closed');
    if (this.#state.name !== 'ready' || this.#log.lost(failure) < SOON) {
      this.#giveUpWaiting(failure);
      return;
    }
    this.#state = { name: 'connecting' };
    if (this.#link.redialledBy === 'cache') this.#dial();
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

  #onRejection(operation: Operation, error: unknown): void {
    if (error instanceof SpakkyCacheError) {
      this.#fail(operation, error);
      return;
    }
    const { request } = operation;
    const failure = classifyFailure(error);
    if (failure.kind === 'operation') this.#fail(operation, operationError(failure, request, this.target));
    if (failure.kind === 'connection')
      this.#fail(operation, lostError(this.#failure ?? failure, request, this.target));
    // The connection has just ended: what was not sent on it may be sent on the next one.
    if (failure.kind === 'unsent') operation.progress = 'unsent';
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
}
