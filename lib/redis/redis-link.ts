import type { Redis } from 'ioredis';
import type { RedisTarget } from './redis-error.js';
import type { ConnectionFailure } from './redis-failure.js';

/**
 * Makes another connection to the server that a connection stands at.
 *
 * @param onMessage takes what comes unasked, error replies included: strings are bytes in it
 */
export type Companion = (onMessage: (message: unknown) => void) => RedisLink;

/** One client of ioredis, and what may be done with it, which differs by who owns it. */
export interface RedisLink {
  readonly client: Redis;
  readonly target: RedisTarget;
  /** The event that ends an attempt to connect, or a connection. */
  readonly ending: 'end' | 'close';
  /** Whether it speaks TLS, as far as is known. */
  readonly tls: boolean;
  /** Who connects again after a loss. */
  readonly redialledBy: 'cache' | 'owner';
  /** Whether a server that is no master must not be used: another one is to be found. */
  readonly seeksMaster: boolean;
  /**
   * Fetches what is needed to connect: credentials, the address of the server.
   *
   * @param patience how long it may take, in milliseconds
   * @param signal ends the preparation when nobody needs it any more
   * @returns why it cannot be had
   */
  prepare(patience: number, signal: AbortSignal): Promise<ConnectionFailure | undefined>;
  /** Begins to connect; the client's events tell how it goes. */
  connect(): void;
  /**
   * Looks, while a connection stands, whether another server is to be used instead.
   *
   * @param onMove told once
   * @returns ends the watch
   */
  readonly watch?: (onMove: (failure: ConnectionFailure) => void) => () => void;
  /** Absent where no other connection may be made. */
  readonly companion?: Companion;
  /** Ends the connection, and whatever still waits for a reply on it. */
  hangUp(): void;
}

/** Begins to connect. The rejection says less than the events do, which are listened to. */
export function connectQuietly(client: Redis): void {
  client.connect().catch(() => undefined);
}
