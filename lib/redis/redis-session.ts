import { backoff } from './backoff.js';
import { DECISIVE, proveConnection } from './connection-proof.js';
import type { ConnectionLog } from './connection-log.js';
import {
  classifyFailure,
  connectionFailure,
  type ConnectionFailure,
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

/**
 * How long an attempt to come back may take, in milliseconds, unless this server is known to take longer: a lost
 * packet that opens a connection is sent again after 1 s and then after 3 s, so a fresh attempt is sooner there.
 */
const RETURN = 1_900;
/** An attempt that takes so many times as long as the last good one has got lost. */
const FAR_TOO_LONG = 3;

/** A connection that stood as long as this, in milliseconds, is dialled at once when it is lost. */
const STABLE = 1_000;

const CLOSED = connectionFailure('REDIS_CONNECTION_LOST', 'the connection was closed');
const TRY_TLS = 'Nothing was sent. Does this port speak TLS? Then set SPAKKY_REDIS__USE_SSL.';
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
  /** Counts the attempts, so that what an earlier one was still preparing is not used. */
  #attempt = 0;
  /** When the present attempt has taken its time, on the clock of `performance.now()`. */
  #attemptEnd = 0;
  /** When the driver was last told to connect, on the same clock. */
  #connectedAt = 0;
  /** What the last attempt took that led to a connection, in milliseconds. */
  #usualTime: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #endWatch: (() => void) | undefined;
  readonly #ending = new AbortController();

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

  /** Whether a server that is no master is of no use. */
  get seeksMaster(): boolean {
    return this.#link.seeksMaster;
  }

  /** Gives a connection up that is of no use any more; the next one follows by itself. An application's client is left. */
  replace(failure: ConnectionFailure): void {
    if (this.#link.redialledBy === 'cache') this.#condemn(failure);
  }

  /** Ends the connection for good. */
  end(): void {
    this.#ending.abort();
    this.#endWatch?.();
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
    this.#attempt += 1;
    this.#attemptEnd = performance.now() + this.#patience;
    const attempt = this.#attempt;
    void this.#link.prepare(this.#patience, this.#ending.signal).then((failure) => {
      if (this.#ending.signal.aborted || attempt !== this.#attempt) return;
      if (failure === undefined) this.#connect();
      else this.#giveUp(failure);
    });
  }

  #connect(): void {
    this.#connectedAt = performance.now();
    const patience = Math.min(this.#attemptEnd - this.#connectedAt, this.#patienceToReturn());
    this.#schedule(patience, () => this.#giveUpAttempt(patience));
    this.#link.connect();
  }

  /** A first attempt has all the time of the operations that wait for it. */
  #patienceToReturn(): number {
    if (this.#link.redialledBy === 'owner') return Infinity;
    if (this.#usualTime !== undefined) return Math.max(RETURN, this.#usualTime * FAR_TOO_LONG);
    return this.#state.name === 'down' ? RETURN : Infinity;
  }

  /** A peer that accepts and says nothing would keep the driver waiting for ever. */
  #giveUpAttempt(patience: number): void {
    const { client, tls, redialledBy } = this.#link;
    const failure = silenceFailure(client.status, tls, Math.round(patience));
    if (redialledBy === 'owner') this.#giveUp(failure);
    else this.#condemn(failure);
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
    // Anything but a database that there is not may mend without a new connection.
    if (failure.code !== 'REDIS_DATABASE') this.#schedule(backoff(1, failure.code), () => this.#proveAgain());
  }

  #proveAgain(): void {
    if (this.#link.client.status === 'ready') this.#prove();
  }

  #onConnect(): void {
    this.#reached = true;
    if (this.#patienceToReturn() === Infinity || this.#usualTime !== undefined) return;
    // How long a server needs for the rest is not known before it has answered once.
    const left = this.#attemptEnd - performance.now();
    this.#schedule(left, () => this.#giveUpAttempt(this.#patience));
  }

  #onReady(): void {
    if (this.#verdict === undefined) this.#prove();
  }

  #prove(): void {
    if (this.#state.name === 'idle') this.#state = { name: 'connecting' };
    void proveConnection(this.#link).then((finding) => {
      if (finding === 'usable') this.#open();
      else if (finding !== 'lost') this.#condemn(finding);
    });
  }

  #open(): void {
    if (this.#ending.signal.aborted || this.#verdict !== undefined || this.#link.client.status !== 'ready')
      return;
    clearTimeout(this.#timer);
    this.#failure = undefined;
    this.#openedAt = performance.now();
    this.#usualTime = this.#openedAt - this.#connectedAt;
    this.#state = { name: 'ready' };
    this.#endWatch = this.#link.watch?.((failure) => this.replace(failure));
    this.#log.restored();
    this.#listener.onReady();
  }

  #onError(error: unknown): void {
    const failure = classifyFailure(error);
    if (failure.kind === 'unsent' || failure.kind === 'redirection') return;
    this.#failure =
      failure.kind === 'connection' ? failure : connectionFailure('REDIS_UNREACHABLE', failure.cause.message);
    if (DECISIVE.has(this.#failure.code)) this.#condemn(this.#failure);
  }

  #onEnd(): void {
    clearTimeout(this.#timer);
    this.#endWatch?.();
    if (this.#ending.signal.aborted) return;
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
    if (failure.code !== 'REDIS_CONNECTION_LOST' || this.#state.name === 'ready') return failure;
    const { message } = failure.cause;
    // Who speaks TLS on one side only may hang up instead of answering.
    if (!this.#link.tls)
      return { ...connectionFailure(failure.code, `${message}, before the first answer`), remedy: TRY_TLS };
    return this.#reached ? failure : connectionFailure('REDIS_TLS', `the TLS handshake failed: ${message}`);
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
