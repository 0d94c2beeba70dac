import type { RedisConnectionCode } from '../contract/redis-errors.js';
import { backoff } from './backoff.js';
import type { ConnectionLog } from './connection-log.js';
import {
  classifyFailure,
  connectionFailure,
  type ConnectionFailure,
  isConnecting,
  type RedisFailure,
  silenceFailure,
} from './redis-failure.js';
import type { RedisLink } from './redis-link.js';

/** Where the connection stands. */
export type SessionState =
  | { readonly name: 'idle' | 'ready' }
  /** The first attempt since the start, or since a loss: operations wait for it. */
  | { readonly name: 'connecting' }
  /** That attempt failed. More are made in the background, while operations fail at once, with the reason. */
  | { readonly name: 'down'; readonly failure: ConnectionFailure };

/** Who is told when the connection can be used, and when it is given up for now. */
export interface SessionListener {
  onReady(): void;
  /** The connection ended: nothing that was sent on it will be answered. */
  onLost(failure: ConnectionFailure): void;
  onDown(failure: ConnectionFailure): void;
}

/** A connection that stood as long as this, in milliseconds, is dialled at once when it is lost. */
const STABLE = 1_000;

/**
 * After these a connection must not be used, though ioredis would go on: after a refused SELECT in database 0, after
 * a reply that nobody asked for with replies that are each the answer to another command.
 */
const DECISIVE: ReadonlySet<RedisConnectionCode> = new Set([
  'REDIS_CREDENTIALS',
  'REDIS_DATABASE',
  'REDIS_PROTOCOL',
]);

const CLOSED = connectionFailure('REDIS_CONNECTION_LOST', 'the connection was closed');
const NO_PASSWORD = connectionFailure('REDIS_CREDENTIALS', 'the function that answers the password failed');
const ABANDONED = connectionFailure(
  'REDIS_CONNECTION_LOST',
  'the application ended the client that it handed in',
);

/** Keeps one connection standing: it dials, proves, loses and dials again, and knows why whenever it cannot. */
export class RedisSession {
  readonly #link: RedisLink;
  readonly #patience: number;
  readonly #log: ConnectionLog;
  readonly #listener: SessionListener;
  readonly #events: readonly (readonly [string, (error: unknown) => void])[];
  #state: SessionState = { name: 'idle' };
  /** The last thing that the driver complained of. */
  #failure: ConnectionFailure | undefined;
  /** Why this side gave the connection up; what the driver complains of afterwards only follows from that. */
  #verdict: ConnectionFailure | undefined;
  /** In a row, a connection that was lost before it was stable included. */
  #failedAttempts = 0;
  #openedAt = 0;
  /** Whether the present attempt got past TCP, and TLS where that is spoken. */
  #reached = false;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /**
   * @param link the client, and who owns it
   * @param patience how long one attempt to connect may take, in milliseconds
   * @param log told when the connection is lost and when it is back
   * @param listener told what operations need to know
   */
  constructor(link: RedisLink, patience: number, log: ConnectionLog, listener: SessionListener) {
    this.#link = link;
    this.#patience = patience;
    this.#log = log;
    this.#listener = listener;
    this.#events = [
      ['connect', () => this.#onConnect()],
      ['ready', () => this.#onReady()],
      ['error', (error) => this.#onError(error)],
      [link.ending, () => this.#onEnd()],
    ];
    for (const [event, handler] of this.#events) link.client.on(event, handler);
    if (link.client.status === 'ready') this.#prove();
  }

  get state(): SessionState {
    return this.#state;
  }

  /** What is known of why the connection ended, or is ending. */
  get failure(): ConnectionFailure {
    if (this.#state.name === 'down') return this.#state.failure;
    return this.#verdict ?? this.#failure ?? CLOSED;
  }

  /** Begins to connect, unless that was done before. */
  wake(): void {
    if (this.#state.name === 'idle') this.#dial();
  }

  /** Gives a connection up that has fallen silent; the next one follows by itself. An application's client is left. */
  replace(failure: ConnectionFailure): void {
    if (this.#link.redialledBy === 'cache') this.#condemn(failure);
  }

  /** Ends the connection for good. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const [event, handler] of this.#events) this.#link.client.off(event, handler);
    this.#link.hangUp();
  }

  #dial(): void {
    if (this.#isAbandoned()) {
      this.#giveUp(ABANDONED);
      return;
    }
    if (this.#state.name === 'idle') this.#state = { name: 'connecting' };
    this.#schedule(this.#patience, () => this.#giveUpAttempt());
    this.#link.prepare().then(
      () => {
        if (!this.#ended) this.#link.connect();
      },
      () => {
        this.#failure = NO_PASSWORD;
        this.#onEnd();
      },
    );
  }

  /** A peer that accepts and says nothing would keep the driver waiting for ever. */
  #giveUpAttempt(): void {
    const { client, tls, redialledBy } = this.#link;
    const { status } = client;
    const failure = silenceFailure(status, tls, this.#patience);
    if (redialledBy === 'owner') {
      this.#giveUp(failure);
      return;
    }
    this.#condemn(failure);
    if (!isConnecting(status)) this.#onEnd();
  }

  /** Ends a connection that must not be used; whatever the driver says of it afterwards changes nothing. */
  #condemn(failure: ConnectionFailure): void {
    if (this.#link.redialledBy === 'owner') {
      this.#distrust(failure);
      return;
    }
    if (this.#verdict !== undefined) return;
    this.#verdict = failure;
    this.#link.hangUp();
  }

  /** The application's own client is not ended: it is left alone until the application, or the server, mends it. */
  #distrust(failure: ConnectionFailure): void {
    // ioredis has dropped the reply that nobody asked for, or ends the connection itself.
    if (failure.code === 'REDIS_PROTOCOL') return;
    if (failure.code === 'REDIS_DATABASE') this.#verdict = failure;
    this.#giveUp(failure);
    if (failure.code === 'REDIS_CREDENTIALS')
      this.#schedule(backoff(1, failure.code), () => this.#proveAgain());
  }

  #proveAgain(): void {
    if (this.#link.client.status === 'ready') this.#prove();
  }

  #onConnect(): void {
    this.#reached = true;
  }

  #onReady(): void {
    if (this.#verdict === undefined) this.#prove();
  }

  /**
   * The driver calls a connection ready before the peer has said a word, and whatever became of its SELECT: the first
   * reply tells.
   */
  #prove(): void {
    if (this.#state.name === 'idle') this.#state = { name: 'connecting' };
    const { client, target } = this.#link;
    const proof: Promise<unknown> = target.db === 0 ? client.ping() : client.select(target.db);
    proof.then(
      () => this.#open(),
      (error: unknown) => this.#onFirstError(classifyFailure(error)),
    );
  }

  #onFirstError(failure: RedisFailure): void {
    // A server that is loading, or that forbids PING, is there all the same; a lost connection tells itself.
    if (failure.kind === 'operation') this.#open();
    if (failure.kind === 'connection' && DECISIVE.has(failure.code)) this.#condemn(failure);
  }

  #open(): void {
    if (this.#ended || this.#verdict !== undefined || this.#link.client.status !== 'ready') return;
    clearTimeout(this.#timer);
    this.#failure = undefined;
    this.#openedAt = performance.now();
    this.#state = { name: 'ready' };
    this.#log.restored();
    this.#listener.onReady();
  }

  #onError(error: unknown): void {
    const failure = classifyFailure(error);
    if (failure.kind === 'unsent') return;
    this.#failure =
      failure.kind === 'connection' ? failure : connectionFailure('REDIS_UNREACHABLE', failure.cause.message);
    if (DECISIVE.has(this.#failure.code)) this.#condemn(this.#failure);
  }

  #onEnd(): void {
    clearTimeout(this.#timer);
    if (this.#ended) return;
    const failure = this.#reasonOfEnd();
    this.#failure = failure;
    this.#verdict = undefined;
    this.#reached = false;
    if (this.#state.name !== 'ready') {
      this.#giveUp(failure);
      return;
    }
    this.#log.lost(failure);
    this.#listener.onLost(failure);
    this.#onLoss(failure);
  }

  #reasonOfEnd(): ConnectionFailure {
    if (this.#isAbandoned()) return ABANDONED;
    const failure = this.#verdict ?? this.#failure ?? CLOSED;
    // A server without TLS may hang up on a handshake instead of answering it.
    const inHandshake = this.#link.tls && !this.#reached && failure.code === 'REDIS_CONNECTION_LOST';
    return inHandshake
      ? connectionFailure('REDIS_TLS', `the TLS handshake failed: ${failure.cause.message}`)
      : failure;
  }

  #onLoss(failure: ConnectionFailure): void {
    if (performance.now() - this.#openedAt >= STABLE) this.#failedAttempts = 0;
    if (this.#failedAttempts > 0 || failure === ABANDONED) {
      this.#giveUp(failure);
      return;
    }
    this.#failedAttempts = 1;
    this.#state = { name: 'connecting' };
    if (this.#link.redialledBy === 'cache') this.#dial();
  }

  /** Whether nobody will connect again. */
  #isAbandoned(): boolean {
    return this.#link.redialledBy === 'owner' && this.#link.client.status === 'end';
  }

  #giveUp(failure: ConnectionFailure): void {
    clearTimeout(this.#timer);
    this.#log.away(failure);
    this.#state = { name: 'down', failure };
    this.#failure = undefined;
    if (this.#link.redialledBy === 'cache') {
      this.#failedAttempts += 1;
      this.#schedule(backoff(this.#failedAttempts, failure.code), () => this.#dial());
    }
    this.#listener.onDown(failure);
  }

  #schedule(delay: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delay);
  }
}
