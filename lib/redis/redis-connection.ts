import type { Redis } from 'ioredis';
import { SpakkyCacheError } from '../contract/errors.js';
import { type CacheLogger, ConnectionLog } from './connection-log.js';
import type { FeedFollower } from './near-feed.js';
import { PendingOperations } from './pending-operations.js';
import {
  changesData,
  closedError,
  lostError,
  operationError,
  RedirectedError,
  type RedisRequest,
  type RedisTarget,
  timeoutError,
  unsentError,
} from './redis-error.js';
import {
  classifyFailure,
  connectionFailure,
  type ConnectionFailure,
  type OperationFailure,
} from './redis-failure.js';
import type { RedisLink } from './redis-link.js';
import { RedisSession } from './redis-session.js';
import type { RedisShard } from './redis-topology.js';
import { type Send, type ServerSide, serverSideOf } from './server-side.js';
import { SharedTurn } from './shared-turn.js';
import { type Explanation, Operation, type Work } from './work.js';

/** How the connection comes to its end: with the cache, or because a cluster has no use for the node any more. */
interface Ending {
  readonly name: 'closed' | 'left';
  readonly done: Promise<void>;
}

/** Of an operation's time, so that one that waits for a connection hears why there is none. */
const PATIENCE = 0.9;

/**
 * The gate before ioredis: every operation is sent once or never, and settles within its deadline with its reply or
 * with a typed error.
 */
export class RedisConnection implements RedisShard {
  readonly target: RedisTarget;
  readonly #client: Redis;
  readonly #session: RedisSession;
  readonly #timeout: number;
  readonly #pending = new PendingOperations<Operation>();
  readonly #turn = new SharedTurn();
  readonly #server: ServerSide;
  #ending: Ending | undefined;
  /** Whether the server has carried out a write on this connection, so that it was no replica then. */
  #isWritable = false;

  /**
   * @param link the client, and who owns it
   * @param timeout the deadline of every operation, connecting included, in milliseconds
   * @param logger told when the connection is lost and when it is back
   */
  constructor(link: RedisLink, timeout: number, logger?: CacheLogger) {
    this.target = link.target;
    this.#client = link.client;
    this.#timeout = timeout;
    this.#server = serverSideOf(link, timeout * PATIENCE);
    this.#session = new RedisSession(link, timeout * PATIENCE, new ConnectionLog(link.target, logger), {
      onReady: () => this.#startUnsent(),
      onLost: (failure) => this.#failSent(failure),
      onDown: (failure) => this.#failUnsent(failure),
    });
  }

  /** Whether operations are sent at once. */
  get isReady(): boolean {
    return this.#session.state.name === 'ready';
  }

  /**
   * Runs one operation.
   *
   * @param request what is asked for, as its errors will name it
   * @param send called with a client that is ready; it is called again only when the driver refused to send
   * @param deadline on the clock of `performance.now()`, of an operation that has used some of its time elsewhere
   */
  run<Reply>(request: RedisRequest, send: Send<Reply>, deadline?: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const work: Work = {
        request,
        send: async (client, server) => {
          this.#turn.hold(client);
          resolve(await send(client, server));
        },
        fail: (explain) => reject(explain(request)),
      };
      this.carryOut(work, deadline);
    });
  }

  /** The same for what several callers wait for, each with an error of its own. */
  carryOut(work: Work, deadline: number = performance.now() + this.#timeout): void {
    this.#admit(new Operation(work, deadline, this.#onExpiry));
  }

  sendHeld(): void {
    this.#turn.release();
  }

  /** Begins to tell of changes of what is read to be kept. */
  follow(follower: FeedFollower): void {
    this.#server.changes.follow(follower);
  }

  /** Others may hold these keys from now on. */
  doubt(concerns: (key: string) => boolean): void {
    this.#server.changes.doubt(concerns);
  }

  /** Refuses new operations, lets those under way end within their deadline, and ends the connection. */
  close(): Promise<void> {
    return this.#end('closed');
  }

  /** The same when others serve its keys now: what was not sent is told to go there. */
  leave(): Promise<void> {
    return this.#end('left');
  }

  #admit(operation: Operation): void {
    const { work } = operation;
    if (this.#ending !== undefined) {
      work.fail(this.#refusal());
      return;
    }
    const { state } = this.#session;
    if (state.name === 'down') {
      work.fail((request) => unsentError(state.failure, request, this.target));
      return;
    }
    this.#pending.add(operation);
    if (state.name === 'ready') this.#start(operation);
    else this.#session.wake();
  }

  #start(operation: Operation): void {
    operation.progress = 'sent';
    operation.sentAt = performance.now();
    operation.work.send(this.#client, this.#server).then(
      () => this.#onReply(operation),
      (error: unknown) => this.#onRejection(operation, error),
    );
  }

  #startUnsent(): void {
    for (const operation of this.#pending) {
      if (operation.progress === 'unsent') this.#start(operation);
    }
  }

  #failUnsent(failure: ConnectionFailure): void {
    for (const operation of this.#pending) {
      if (operation.progress === 'sent') continue;
      this.#fail(operation, (request) => unsentError(failure, request, this.target));
    }
  }

  /** A client of the application may keep what it sent for ever; no reply comes over another connection. */
  #failSent(failure: ConnectionFailure): void {
    this.#isWritable = false;
    this.#server.clock.forget();
    this.#server.changes.interrupt();
    for (const operation of this.#pending) {
      if (operation.progress === 'unsent') continue;
      this.#fail(operation, (request) => lostError(failure, request, this.target));
    }
  }

  readonly #onExpiry = (operation: Operation): void => {
    this.#timeOut(operation, this.#timeout);
    if (operation.progress === 'unsent') return;
    const now = performance.now();
    const waited = now - operation.sentAt;
    const patience = this.#timeout * PATIENCE;
    if (waited < patience) return;
    // What was asked a moment later met the same silence: the keys of one batch fail alike.
    for (const other of this.#pending) {
      if (other.progress === 'unsent' || now - other.sentAt < patience) continue;
      this.#timeOut(other, Math.floor(now - other.sentAt));
    }
    // Whatever comes next on this connection waits behind that silence.
    const silence = `the server was silent for ${Math.round(waited)} ms`;
    this.#session.replace(connectionFailure('REDIS_CONNECTION_LOST', silence));
  };

  #timeOut(operation: Operation, waited: number): void {
    this.#fail(operation, (request) => timeoutError(operation.progress, waited, request, this.target));
  }

  #onReply(operation: Operation): void {
    if (changesData(operation.work.request)) this.#isWritable = true;
    this.#pending.remove(operation);
  }

  #onRejection(operation: Operation, error: unknown): void {
    if (error instanceof SpakkyCacheError) {
      void this.#onStrangeReply(operation, () => error);
      return;
    }
    const failure = classifyFailure(error);
    switch (failure.kind) {
      case 'operation':
        this.#onErrorReply(operation, failure);
        return;
      case 'redirection':
        this.#answer(operation, (request) => new RedirectedError(request, this.target, failure));
        return;
      case 'connection':
        this.#onLostReply(operation, failure);
        return;
      case 'unsent':
        this.#onUnsent(operation);
    }
  }

  /** A reply that cannot be this command's may be another's. */
  async #onStrangeReply(operation: Operation, explain: Explanation): Promise<void> {
    try {
      await this.#server.line.confirm();
      this.#answer(operation, explain);
    } catch (failure) {
      this.#onRejection(operation, failure);
    }
  }

  #onErrorReply(operation: Operation, failure: OperationFailure): void {
    this.#answer(operation, (request) => operationError(failure, request, this.target));
    if (failure.code !== 'REDIS_READONLY') return;
    // It was the master, or was said to be it: after a failover another server is found at the same address or name.
    if (this.#isWritable || this.#session.seeksMaster) {
      this.#session.replace(connectionFailure('REDIS_CONNECTION_LOST', 'the server has become a replica'));
    }
  }

  #onLostReply(operation: Operation, failure: ConnectionFailure): void {
    // A refusal (NOAUTH) is an answer: nothing was carried out.
    if (failure.code === 'REDIS_CREDENTIALS' || failure.code === 'REDIS_DATABASE') {
      this.#answer(operation, (request) => unsentError(failure, request, this.target));
      return;
    }
    const isOutOfStep = failure.code === 'REDIS_PROTOCOL';
    if (isOutOfStep) this.#session.replace(failure);
    const reason = isOutOfStep ? failure : this.#session.failure;
    this.#fail(operation, (request) => lostError(reason, request, this.target));
  }

  /** The connection has just ended: what was not sent on it may be sent on the next one. */
  #onUnsent(operation: Operation): void {
    operation.progress = 'unsent';
    if (this.#ending === undefined && this.#session.state.name !== 'down') return;
    const { failure } = this.#session;
    this.#fail(operation, (request) => unsentError(failure, request, this.target));
  }

  /** What Redis answered is told as it is, also while the cache is closing. */
  #answer(operation: Operation, explain: Explanation): void {
    this.#pending.remove(operation);
    operation.work.fail(explain);
  }

  #fail(operation: Operation, explain: Explanation): void {
    this.#pending.remove(operation);
    if (this.#ending === undefined) operation.work.fail(explain);
    else if (operation.progress === 'unsent') operation.work.fail(this.#refusal());
    else if (this.#ending.name === 'left') operation.work.fail(explain);
    else operation.work.fail((request) => closedError(request, explain(request)));
  }

  /** Why an operation that was not sent never will be. */
  #refusal(): Explanation {
    if (this.#ending?.name === 'left') return (request) => new RedirectedError(request, this.target);
    return closedError;
  }

  #end(name: Ending['name']): Promise<void> {
    this.#ending ??= { name, done: Promise.resolve().then(() => this.#shutDown()) };
    return this.#ending.done;
  }

  async #shutDown(): Promise<void> {
    this.#server.changes.close();
    for (const operation of this.#pending) {
      if (operation.progress === 'sent') continue;
      this.#pending.remove(operation);
      operation.work.fail(this.#refusal());
    }
    await this.#pending.ended();
    this.#pending.stop();
    this.#session.end();
  }
}
