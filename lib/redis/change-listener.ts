import { ConnectionLog } from './connection-log.js';
import { classifyFailure, connectionFailure } from './redis-failure.js';
import type { Companion, RedisLink } from './redis-link.js';
import { RedisSession } from './redis-session.js';

/** Where the server tells of changes (https://redis.io/docs/latest/develop/reference/client-side-caching/). */
const CHANNEL = '__redis__:invalidate';
/** What ioredis makes of a message can throw where nobody can catch it: it is not told that it listens. */
const SUBSCRIBE = `*2\r\n$9\r\nSUBSCRIBE\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n`;

/** A connection on which the server tells of changes. */
export interface Standing {
  /** By which the server knows it. */
  readonly id: string;
}

/** Who hears of changes, and of whatever hides them. */
export interface ChangeObserver {
  onListening(standing: Standing): void;
  onChanged(key: string): void;
  /** Everything may have changed. */
  onFlushed(): void;
  /** Nothing is heard until the next `onListening`. */
  onLost(): void;
  /** It may not listen. */
  onRefused(): void;
}

/** The connection on which one server tells of changes. It dials again by itself. */
export class ChangeListener {
  readonly #link: RedisLink;
  readonly #session: RedisSession;
  readonly #observer: ChangeObserver;
  #id: string | undefined;
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
      onLost: () => this.#observer.onLost(),
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

  async #listen(): Promise<void> {
    const { client } = this.#link;
    try {
      this.#id = String(await client.call('CLIENT', 'ID'));
      if (client.stream.writable) client.stream.write(SUBSCRIBE);
    } catch (error) {
      this.#onRefusal(error);
    }
  }

  #onMessage(message: unknown): void {
    if (this.#hasEnded) return;
    if (isErrorReply(message)) {
      this.#onRefusal(message);
      return;
    }
    const [kind, , what]: readonly unknown[] = Array.isArray(message) ? message : [];
    if (String(kind) === 'subscribe' && this.#id !== undefined) this.#observer.onListening({ id: this.#id });
    else if (String(kind) === 'message') this.#onChanges(what);
    else this.#onNonsense();
  }

  #onChanges(keys: unknown): void {
    if (keys === null) this.#observer.onFlushed();
    else if (Array.isArray(keys)) for (const key of keys) this.#observer.onChanged(String(key));
    else this.#onNonsense();
  }

  #onNonsense(): void {
    this.#session.replace(connectionFailure('REDIS_PROTOCOL', 'a message that is none'));
  }

  #onRefusal(error: unknown): void {
    if (this.#hasEnded) return;
    if (isRefusedForGood(error)) this.#observer.onRefused();
    // What is lost tells so by itself; what is refused for another reason may be granted later.
    else if (classifyFailure(error).kind === 'operation') this.renew();
  }
}

/** Whether there is no use in asking for it again on the same connection. */
export function isRefusedForGood(error: unknown): boolean {
  const failure = classifyFailure(error);
  if (failure.kind !== 'operation') return false;
  return failure.code === 'REDIS_NO_PERMISSION' || /unknown (?:sub)?command/i.test(messageOf(error));
}

function isErrorReply(message: unknown): boolean {
  return typeof message === 'object' && message !== null && Reflect.get(message, 'name') === 'ReplyError';
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null ? String(Reflect.get(error, 'message')) : '';
}
