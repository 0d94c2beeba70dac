import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { classifyFailure } from './redis-failure.js';
import { isRefusedForGood } from './refusal.js';

/** Between two heartbeats, in milliseconds: three in a row may be late before nothing is trusted any more. */
export const HEARTBEAT_INTERVAL = 300;

/** Begins the names of channels by which a server is asked whether it knows a listener. */
export const NEAR_CHANNEL = 'spakky:near:';

/** What is asked. */
export interface Asked {
  /** The connection that reads; it is ready. */
  readonly client: Redis;
  readonly listener: Listening;
  /** A key that was read there, to see whether the server still answers for it. */
  key(): string | Buffer | undefined;
}

/** The connection on which changes are told, as far as it is asked for something. */
export interface Listening {
  /** Answered by {@link Heartbeat.onSubscribed}. */
  subscribe(channel: string): void;
  /** Answered by {@link Heartbeat.onPong}. */
  ping(mark: string): void;
}

/** Who is told how it goes. */
export interface HeartbeatObserver {
  /** The first one was answered. */
  onFirst(): void;
  /** The server over there does not know the listener, or that one is silent. */
  onStranger(): void;
  /** Another node of the cluster answers for a key by now. */
  onMoved(): void;
  /** @param what the command that the server does not allow */
  onRefused(what: string, error: unknown): void;
}

interface Beat {
  readonly mark: string;
  /** On the clock of `performance.now()`. */
  readonly sentAt: number;
  /** Whether the listener has answered: whatever the server told before has come. */
  isHeard: boolean;
  /** Whether the server that is read from has answered, and knows the listener. */
  isKnown: boolean;
}

/**
 * Asks both connections to a server at once, again and again: whether the server that is read from knows the listener
 * (it alone subscribes to a channel of that name, and servers count their own subscribers only), whether it still
 * answers for its keys (a node that has lost its cluster does not), and whether the listener answers: it does so after
 * everything that it was told before.
 */
export class Heartbeat {
  /** When the last answered one was sent, on the clock of `performance.now()`. */
  answeredAt = Number.NEGATIVE_INFINITY;
  readonly #asked: Asked;
  readonly #observer: HeartbeatObserver;
  readonly #patience: number;
  readonly #channel = NEAR_CHANNEL + randomUUID();
  #beats = 0;
  #beat: Beat | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  /**
   * @param asked both connections
   * @param patience how long the listener may be silent, in milliseconds
   * @param observer not told of anything once it was stopped
   */
  constructor(asked: Asked, patience: number, observer: HeartbeatObserver) {
    this.#asked = asked;
    this.#patience = patience;
    this.#observer = observer;
    asked.listener.subscribe(this.#channel);
  }

  /** Whether it was answered at all. */
  get isAnswered(): boolean {
    return this.answeredAt > Number.NEGATIVE_INFINITY;
  }

  stop(): void {
    this.#hasEnded = true;
    clearInterval(this.#timer);
  }

  /** The listener has subscribed to a channel. */
  onSubscribed(): void {
    if (this.#hasEnded || this.#timer !== undefined) return;
    // Nothing waits for it: it must not keep the process alive.
    this.#timer = setInterval(() => this.#tick(), HEARTBEAT_INTERVAL).unref();
    this.#ask();
  }

  /** The server refused what the listener asked for last. */
  onDenied(error: unknown): void {
    if (this.#hasEnded) return;
    const isSubscribed = this.#timer !== undefined;
    if (isRefusedForGood(error))
      this.#observer.onRefused(isSubscribed ? 'PING' : `SUBSCRIBE ${NEAR_CHANNEL}…`, error);
    else if (isSubscribed) this.#beat = undefined;
    else this.#observer.onStranger();
  }

  onPong(mark: string): void {
    const beat = this.#beat;
    if (beat?.mark !== mark) return;
    beat.isHeard = true;
    this.#judge(beat);
  }

  #tick(): void {
    const beat = this.#beat;
    if (beat === undefined) this.#ask();
    // That the other connection is silent is noticed by those who wait for their replies.
    else if (!beat.isHeard && performance.now() - beat.sentAt > this.#patience) this.#observer.onStranger();
  }

  #ask(): void {
    this.#beats += 1;
    const beat = { mark: String(this.#beats), sentAt: performance.now(), isHeard: false, isKnown: false };
    this.#beat = beat;
    this.#asked.listener.ping(beat.mark);
    void this.#askServer(beat);
  }

  async #askServer(beat: Beat): Promise<void> {
    const { client } = this.#asked;
    const key = this.#asked.key();
    const [count, life] = await Promise.allSettled([
      client.call('PUBSUB', 'NUMSUB', this.#channel),
      key === undefined ? undefined : client.pttl(key),
    ]);
    if (this.#hasEnded) return;
    if (count.status === 'rejected') this.#onFailure(beat, 'PUBSUB NUMSUB', count.reason);
    else if (life.status === 'rejected') this.#onFailure(beat, 'PTTL', life.reason);
    else if (!isOne(count.value, this.#channel)) this.#observer.onStranger();
    else {
      beat.isKnown = true;
      this.#judge(beat);
    }
  }

  /** A server that is busy or loading is asked again; a connection that is lost tells so by itself. */
  #onFailure(beat: Beat, what: string, error: unknown): void {
    if (this.#beat === beat) this.#beat = undefined;
    if (isRefusedForGood(error)) this.#observer.onRefused(what, error);
    else if (classifyFailure(error).kind === 'redirection') this.#observer.onMoved();
  }

  #judge(beat: Beat): void {
    if (this.#hasEnded || !beat.isHeard || !beat.isKnown) return;
    const isFirst = !this.isAnswered;
    this.answeredAt = beat.sentAt;
    this.#beat = undefined;
    if (isFirst) this.#observer.onFirst();
    // The next one would be late as well.
    if (performance.now() - beat.sentAt > HEARTBEAT_INTERVAL) this.#ask();
  }
}

/** What `PUBSUB NUMSUB` answers of a channel that one listens to. */
function isOne(reply: unknown, channel: string): boolean {
  return Array.isArray(reply) && reply[0] === channel && Number(reply[1]) === 1;
}
