import type { ConnectionOptions } from 'node:tls';
import type { CacheSerializer, SerializerOptions } from '../codec/serializer.js';
import type { Duration } from '../contract/duration.js';

/** A password, or a function that is asked for one at every connection, for credentials that rotate. */
export type RedisPassword = string | (() => string | Promise<string>);

/** What the module needs to see of an ioredis client to recognise it and to judge how it was created. */
export interface RedisClientLike {
  readonly status: string;
  readonly options: {
    readonly keyPrefix?: string;
    readonly enableOfflineQueue?: boolean;
    readonly autoResendUnfulfilledCommands?: boolean;
  };
}

/** What holds whichever way the server is reached. */
export interface RedisCacheSettings {
  /**
   * Begins every key that the cache writes, and is all that `clear()` deletes: 1 to 512 bytes in UTF-8.
   * Default `spakky:cache:`, or `spakky:<name>:` for a named cache.
   */
  readonly keyPrefix?: string;
  /** The time to live of writes that name none; a number is milliseconds. Default `null`: no expiry. */
  readonly ttl?: Duration | null;
  /**
   * The deadline of one operation, connecting and queueing included; a number is **milliseconds**.
   * More than 0, at most 24 hours. Default `5_000`.
   */
  readonly socketTimeout?: Duration;
  /** Whether the application starts without waiting for Redis to answer. Default `false`. */
  readonly lazy?: boolean;
  /** How values become bytes: options of the built-in serializer, or one of your own. Default: the built-in one. */
  readonly serializer?: CacheSerializer | SerializerOptions;
}

/** Who logs in, and to which database. */
export interface RedisLogin {
  /** The index of the database. Default `0`. */
  readonly db?: number;
  /** The ACL user. Default: the server's default user. */
  readonly username?: string;
  /** The password, or a function that answers it. Default: none. */
  readonly password?: RedisPassword;
}

/** Reaches a server over TCP. */
export interface RedisTcpOptions extends RedisLogin {
  /** A host name or an IP address, without port or brackets. Default `localhost`. */
  readonly host?: string;
  /** 1 to 65535. Default `6379`. */
  readonly port?: number;
  /** Whether to speak TLS. Default `false`, or `true` when `tls` is given. */
  readonly useSsl?: boolean;
  /** What TLS needs beyond the server's name: certificates, keys, versions; see `node:tls`. Default: Node's own. */
  readonly tls?: ConnectionOptions;
}

/** Reaches a server by a URL that says it all. */
export interface RedisUrlOptions {
  /**
   * `redis://` or, for TLS, `rediss://`, then `[user][:password]@`, the host, `:port` and `/db`.
   * What user and password hold besides letters and digits is percent-encoded. No default.
   */
  readonly url: string;
  /** What TLS needs beyond the server's name; only with `rediss://`. Default: Node's own. */
  readonly tls?: ConnectionOptions;
}

/** Reaches a server over a Unix domain socket. */
export interface RedisSocketOptions extends RedisLogin {
  /** The file of the socket. No default. */
  readonly path: string;
}

/** Uses a connection that the application owns. */
export interface RedisClientOptions {
  /**
   * An ioredis client, created with `enableOfflineQueue: false`, `autoResendUnfulfilledCommands: false` and no
   * `keyPrefix`. It is used and never closed. No default.
   */
  readonly client: RedisClientLike;
}

type WayToConnect = RedisTcpOptions | RedisUrlOptions | RedisSocketOptions | RedisClientOptions;

type NameOf<Way> = Way extends unknown ? keyof Way : never;

/** Each way with the options of all the others forbidden, so that two ways never type-check together. */
type Exclusive<Way, All> = Way extends unknown
  ? Way & { readonly [Foreign in Exclude<NameOf<All>, keyof Way>]?: never }
  : never;

/** The ways to reach Redis; one excludes the others. */
export type RedisConnectionOptions = Exclusive<WayToConnect, WayToConnect>;

/**
 * What a Redis cache can be told in code; what is left out comes from the environment, then from the defaults.
 *
 * @example
 * ```ts
 * const options: RedisCacheOptions = { host: 'redis.internal', keyPrefix: 'shop:', ttl: '5m' };
 * ```
 */
export type RedisCacheOptions = RedisCacheSettings & RedisConnectionOptions;
