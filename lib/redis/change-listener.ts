import { ConnectionLog } from './connection-log.js';
import type { Listening } from './heartbeat.js';
import { classifyFailure, connectionFailure } from './redis-failure.js';
import type { Companion, RedisLink } from './redis-link.js';
import { RedisSession } from './redis-session.js';
import { isRefusedForGood } from './refusal.js';

/** Where the server tells of changes (https://redis.io/docs/latest/develop/reference/client-side-caching/). */
const CHANNEL = '__redis__:invalidate';

/** A connection on which the server tells of changes. */
export interface Standing {
  /** By which the server knows it. */
  readonly id: string;
}

/** Who hears of changes, and of whatever hides them. */
export interface ChangeObserver {
  onListening(standing: Standing): void;
  /** It listens to another channel as well, which was asked for. */
  onSubscribed(): void;
  onPong(mark: string): void;
  /** What was asked for last, while it listens, is refused. */
  onDenied(error: unknown): void;
  onChanged(key: Buffer): void;
  /** Everything may have changed. */
  onFlushed(): void;
  /** Nothing is heard until the next `onListening`. */
  onLost(): void;
  /**
   * It may not listen.
   *
   * @param what the command that the server does not allow
   */
  onRefused(what: string, error: unknown): void;
}

/** The connection on which one server tells of changes. It dials again by itself. */
export class ChangeListener implements Listening {
  readonly #link: RedisLink;
  readonly #session: RedisSession;
  readonly #observer: ChangeObserver;
  #id: string | undefined;
  #isListening = false;
  /** The other one that it was told to listen to. */
  #channel: string | undefined;
  #hasEnded = false;

  /**
   * @param companion makes the connection
   * @param patience how long one attempt to connect may take, in milliseconds
   * @param observer told of changes
   */
  constructor(companion: Companion, patience: number, observer: ChangeObserver) {
    this.#observer = observer;
    this.#link = companion((message) => this.#onMessage(message));
    // The connection beside it says in the log what becomes of the server.
    const silent = new ConnectionLog(this.#link.target, undefined);
    this.#session = new RedisSession(this.#link, patience, silent, {
      onReady: () => void this.#listen(),
      onLost: () => {
        this.#isListening = false;
        this.#observer.onLost();
      },
      onDown: () => undefined,
    });
    this.#session.wake();
  }

  /** Begins anew with another connection. */
  renew(): void {
    this.#session.replace(
      connectionFailure('REDIS_CONNECTION_LOST', 'the server does not know the listener'),
    );
  }

  /** Ends it for good; nobody is told of anything any more. */
  end(): void {
    this.#hasEnded = true;
    this.#session.end();
  }

  subscribe(channel: string): void {
    this.#channel = channel;
    this.#say('SUBSCRIBE', channel);
  }

  ping(mark: string): void {
    this.#say('PING', mark);
  }

  async #listen(): Promise<void> {
    try {
      this.#id = String(await this.#link.client.call('CLIENT', 'ID'));
      this.#say('SUBSCRIBE', CHANNEL);
    } catch (error) {
      this.#onRefusal('CLIENT ID', error);
    }
  }

  /** What ioredis makes of a message can throw where nobody can catch it: it is not told that it listens. */
  #say(command: string, argument: string): void {
    const { stream } = this.#link.client;
    if (stream.writable) stream.write(`*2\r\n${bulk(command)}${bulk(argument)}`);
  }

  #onMessage(message: unknown): void {
    if (this.#hasEnded) return;
    if (isErrorReply(message)) {
      if (this.#isListening) this.#observer.onDenied(message);
      else this.#onRefusal(`SUBSCRIBE ${CHANNEL}`, message);
      return;
    }
    const [kind, subject, what]: readonly unknown[] = Array.isArray(message) ? message : [];
    switch (String(kind)) {
      case 'subscribe':
        this.#onSubscribed(String(subject));
        return;
      case 'message':
        this.#onChanges(what);
        return;
      case 'pong':
        this.#observer.onPong(String(subject));
        return;
      default:
        this.#onNonsense();
    }
  }

  #onSubscribed(channel: string): void {
    if (channel === CHANNEL && this.#id !== undefined && !this.#isListening) {
      this.#isListening = true;
      this.#observer.onListening({ id: this.#id });
    } else if (channel === this.#channel) this.#observer.onSubscribed();
    else this.#onNonsense();
  }

  #onChanges(keys: unknown): void {
    if (keys === null) this.#observer.onFlushed();
    else if (Array.isArray(keys) && keys.every((key) => Buffer.isBuffer(key))) {
      for (const key of keys) this.#observer.onChanged(key);
    } else this.#onNonsense();
  }

  #onNonsense(): void {
    this.#session.replace(connectionFailure('REDIS_PROTOCOL', 'a message that is none'));
  }

  #onRefusal(what: string, error: unknown): void {
    if (this.#hasEnded) return;
    if (isRefusedForGood(error)) this.#observer.onRefused(what, error);
    // What is lost tells so by itself; what is refused for another reason may be granted later.
    else if (classifyFailure(error).kind === 'operation') this.renew();
  }
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function isErrorReply(message: unknown): boolean {
  return typeof message === 'object' && message !== null && Reflect.get(message, 'name') === 'ReplyError';
}
