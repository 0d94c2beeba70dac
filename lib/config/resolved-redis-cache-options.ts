import type { ConnectionOptions } from 'node:tls';
import type { CacheSerializer, SerializerOptions } from '../codec/serializer.js';
import type { RedisClientLike, RedisPassword } from './redis-cache-options.js';

/** Who logs in, and to which database, once everything is decided. */
interface ResolvedLogin {
  readonly db: number;
  readonly username: string | undefined;
  readonly password: RedisPassword | undefined;
}

/** A server over TCP. */
export interface ResolvedTcpConnection extends ResolvedLogin {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  /** `false` for plain text; an object, perhaps empty, for TLS. */
  readonly tls: false | Readonly<ConnectionOptions>;
}

/** A server over a Unix domain socket. */
export interface ResolvedUnixConnection extends ResolvedLogin {
  readonly kind: 'unix';
  readonly path: string;
}

/** The application's own client; its login and database are its own affair. */
export interface ResolvedClientConnection {
  readonly kind: 'client';
  readonly client: RedisClientLike;
}

/** How to reach Redis. */
export type ResolvedRedisConnection =
  ResolvedTcpConnection | ResolvedUnixConnection | ResolvedClientConnection;

/** The options with every layer merged, every value checked and every default filled in; frozen. */
export interface ResolvedRedisCacheOptions {
  readonly connection: ResolvedRedisConnection;
  readonly keyPrefix: string;
  /** Milliseconds; `undefined` means no expiry. */
  readonly ttl: number | undefined;
  /** Milliseconds. */
  readonly socketTimeout: number;
  readonly lazy: boolean;
  /** `undefined` means the built-in serializer with its defaults. */
  readonly serializer: CacheSerializer | SerializerOptions | undefined;
}
