import type { ConnectionOptions } from 'node:tls';
import type { CacheSerializer, SerializerOptions } from '../codec/serializer.js';
import type { CacheWriteErrorHandler } from '../contract/capabilities.js';
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

/** One address of several. */
export interface ResolvedAddress {
  readonly host: string;
  readonly port: number;
}

/** The server that is the master now, as sentinels tell it. */
export interface ResolvedSentinelConnection extends ResolvedLogin {
  readonly kind: 'sentinel';
  readonly sentinels: readonly ResolvedAddress[];
  /** The name by which the sentinels know the master. */
  readonly sentinelName: string;
  readonly sentinelPassword: RedisPassword | undefined;
  /** For the sentinels and for the servers that they name. */
  readonly tls: false | Readonly<ConnectionOptions>;
}

/** The nodes of a cluster, found through some of them; its only database is 0. */
export interface ResolvedClusterConnection {
  readonly kind: 'cluster';
  readonly nodes: readonly ResolvedAddress[];
  readonly username: string | undefined;
  readonly password: RedisPassword | undefined;
  /** For every node. */
  readonly tls: false | Readonly<ConnectionOptions>;
}

/** The application's own client; its login and database are its own affair. */
export interface ResolvedClientConnection {
  readonly kind: 'client';
  readonly client: RedisClientLike;
}

/** How to reach Redis. */
export type ResolvedRedisConnection =
  | ResolvedTcpConnection
  | ResolvedUnixConnection
  | ResolvedSentinelConnection
  | ResolvedClusterConnection
  | ResolvedClientConnection;

/** How much is kept in the process, and how it is handed out, with every default filled in. */
export interface ResolvedNearOptions {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Milliseconds; `undefined`: as long as it lives in Redis. */
  readonly ttl: number | undefined;
  readonly values: 'copied' | 'frozen';
}

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
  /** `undefined` means that nothing is kept in the process. */
  readonly near: ResolvedNearOptions | undefined;
  /** Whether callers may block. */
  readonly sync: boolean;
  /** `undefined` means a warning in the log. */
  readonly onWriteError: CacheWriteErrorHandler | undefined;
}
