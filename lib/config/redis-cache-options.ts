import type { ConnectionOptions } from 'node:tls';
import type { CacheSerializer, SerializerOptions } from '../codec/serializer.js';
import type { CacheWriteErrorHandler } from '../contract/capabilities.js';
import type { Duration } from '../contract/duration.js';

/** A password, or a function that is asked for one at every connection, for credentials that rotate. */
export type RedisPassword = string | (() => string | Promise<string>);

/** What the module needs to see of an ioredis client to recognise it and to judge how it was created. */
export interface RedisClientLike {
  /** Such as `ready`. */
  readonly status: string;
  /** How it was created. */
  readonly options: {
    /** Not to be set. */
    readonly keyPrefix?: string;
    /** To be `false`. */
    readonly enableOfflineQueue?: boolean;
    /** To be `false`. */
    readonly autoResendUnfulfilledCommands?: boolean;
  };
}

/** How much is kept in the process, and how it is handed out. */
export interface NearOptions {
  /** How many entries at most. Default `10_000`. */
  readonly maxEntries?: number;
  /** How many bytes at most, of what is encoded and, estimated, decoded. Default 64 MiB. */
  readonly maxBytes?: number;
  /** How long an entry is kept at most; a number is milliseconds. Default: as long as it lives in Redis. */
  readonly ttl?: Duration;
  /**
   * `'copied'`: every reader gets a value of its own. `'frozen'`: all share one that is frozen through
   * and through, so that changing it throws. Default `'copied'`.
   */
  readonly values?: 'copied' | 'frozen';
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
  /**
   * Keeps in this process what was read, for as long as Redis tells of every change of it: `true` for the defaults.
   * Not with `client`, which leaves no connection to listen on. Default `false`.
   */
  readonly near?: boolean | NearOptions;
  /**
   * Whether `getSync` and its like may block the thread until Redis has answered, by a thread and a connection of
   * their own. Not with `client`, nor with functions (a password, TLS). Default `false`.
   */
  readonly sync?: boolean;
  /** Told of what `writeBehind` could not do in the background. Default: a warning in the log, without the value. */
  readonly onWriteError?: CacheWriteErrorHandler;
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

/** How a connection over TCP is encrypted. */
export interface RedisEncryption {
  /** Whether to speak TLS. Default `false`, or `true` when `tls` is given. */
  readonly useSsl?: boolean;
  /** What TLS needs beyond the server's name: certificates, keys, versions; see `node:tls`. Default: Node's own. */
  readonly tls?: ConnectionOptions;
}

/** Reaches a server over TCP. */
export interface RedisTcpOptions extends RedisLogin, RedisEncryption {
  /** A host name or an IP address, without port or brackets. Default `localhost`. */
  readonly host?: string;
  /** 1 to 65535. Default `6379`. */
  readonly port?: number;
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

/** Where one of several servers listens. */
export interface RedisServerAddress {
  /** A host name or an IP address, without port or brackets. No default. */
  readonly host: string;
  /** 1 to 65535. Default `26379` for a sentinel, `6379` for a node of a cluster. */
  readonly port?: number;
}

/** Reaches whichever server is the master now, as sentinels tell it. The login is for the master and its replicas. */
export interface RedisSentinelOptions extends RedisLogin, RedisEncryption {
  /** 1 to 1,000 sentinels, each named once; one that answers is enough. TLS holds for them as well. No default. */
  readonly sentinels: readonly RedisServerAddress[];
  /** The name by which the sentinels know the master. No default. */
  readonly sentinelName: string;
  /** The password of the sentinels themselves, or a function that answers it. Default: none. */
  readonly sentinelPassword?: RedisPassword;
}

/** Reaches a cluster. */
export interface RedisClusterOptions extends RedisEncryption {
  /** 1 to 1,000 nodes, each named once, through which the others are found. No default. */
  readonly cluster: readonly RedisServerAddress[];
  /** A cluster has no other database. Always `0`. */
  readonly db?: 0;
  /** The ACL user of every node. Default: the server's default user. */
  readonly username?: string;
  /** The password of every node, or a function that answers it. Default: none. */
  readonly password?: RedisPassword;
}

/** Uses a connection that the application owns. */
export interface RedisClientOptions {
  /**
   * An ioredis client, created with `enableOfflineQueue: false`, `autoResendUnfulfilledCommands: false` and no
   * `keyPrefix`. It is used and never closed. No default.
   */
  readonly client: RedisClientLike;
}

type WayToConnect =
  | RedisTcpOptions
  | RedisUrlOptions
  | RedisSocketOptions
  | RedisSentinelOptions
  | RedisClusterOptions
  | RedisClientOptions;

type NameOf<Way> = Way extends unknown ? keyof Way : never;

/** Each way with the options of all the others forbidden, so that two ways never type-check together. */
type Exclusive<Way, All> = Way extends unknown
  ? Way & { readonly [Foreign in Exclude<NameOf<All>, keyof Way>]?: never }
  : never;

/**
 * The ways to reach Redis, of which one excludes the others: {@link RedisTcpOptions}, {@link RedisUrlOptions},
 * {@link RedisSocketOptions}, {@link RedisSentinelOptions}, {@link RedisClusterOptions} or {@link RedisClientOptions}.
 */
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
