import { type CacheErrorDetails, SpakkyCacheError } from './errors.js';

/**
 * A failure of Redis or of the way to it.
 *
 * @example
 * ```ts
 * const result = await cache.get('profile:42').catch((error: unknown) => {
 *   if (error instanceof RedisCacheError) return CacheMiss.instance;
 *   throw error;
 * });
 * ```
 */
export abstract class RedisCacheError extends SpakkyCacheError {}

/**
 * Why there is no usable connection:
 * - `REDIS_UNREACHABLE`: nobody answers at the address (refused, no route, no such name)
 * - `REDIS_TLS`: the TLS handshake failed, or one side speaks TLS and the other does not
 * - `REDIS_CREDENTIALS`: user name or password were refused, or are missing
 * - `REDIS_DATABASE`: the database index was refused
 * - `REDIS_PROTOCOL`: the peer does not speak Redis
 * - `REDIS_CONNECTION_LOST`: the connection ended; a write was not sent, or a read was not answered
 * - `REDIS_OUTCOME_UNKNOWN_LOST`: the connection ended after a write was sent: it may have taken effect
 */
export type RedisConnectionCode =
  | 'REDIS_UNREACHABLE'
  | 'REDIS_TLS'
  | 'REDIS_CREDENTIALS'
  | 'REDIS_DATABASE'
  | 'REDIS_PROTOCOL'
  | 'REDIS_CONNECTION_LOST'
  | 'REDIS_OUTCOME_UNKNOWN_LOST';

/**
 * There is no usable connection to Redis.
 *
 * @example
 * ```ts
 * await cache.ping().catch((error: unknown) => {
 *   if (error instanceof RedisCacheConnectionError && error.code === 'REDIS_CREDENTIALS') process.exitCode = 1;
 *   throw error;
 * });
 * ```
 */
export class RedisCacheConnectionError extends RedisCacheError {
  static {
    this.prototype.name = 'RedisCacheConnectionError';
  }

  /**
   * Made by a cache; an application makes one in its tests.
   *
   * @param code why
   * @param message what happened, to what, and what to do
   * @param details the key, and what failed underneath
   */
  constructor(
    readonly code: RedisConnectionCode,
    message: string,
    details?: CacheErrorDetails,
  ) {
    super(message, details);
  }
}

/**
 * What the deadline cut off:
 * - `REDIS_TIMEOUT`: nothing was changed: the operation was a read, or was never sent
 * - `REDIS_OUTCOME_UNKNOWN_TIMEOUT`: a write was sent and not answered: it may still take effect, even after a later delete
 */
export type RedisTimeoutCode = 'REDIS_TIMEOUT' | 'REDIS_OUTCOME_UNKNOWN_TIMEOUT';

/**
 * The operation did not settle within the socket timeout.
 *
 * @example
 * ```ts
 * await cache.delete('profile:42').catch((error: unknown) => {
 *   const mayComeLater =
 *     error instanceof RedisCacheTimeoutError && error.code === 'REDIS_OUTCOME_UNKNOWN_TIMEOUT';
 *   if (!mayComeLater) throw error;
 * });
 * ```
 */
export class RedisCacheTimeoutError extends RedisCacheError {
  static {
    this.prototype.name = 'RedisCacheTimeoutError';
  }

  /**
   * Made by a cache; an application makes one in its tests.
   *
   * @param code why
   * @param message what happened, to what, and what to do
   * @param details the key, and what failed underneath
   */
  constructor(
    readonly code: RedisTimeoutCode,
    message: string,
    details?: CacheErrorDetails,
  ) {
    super(message, details);
  }
}

/**
 * What Redis answered instead of the expected reply:
 * - `REDIS_WRONG_TYPE`: the key holds another type of Redis value (a list, a hash, …)
 * - `REDIS_OUT_OF_MEMORY`: `maxmemory` is reached and nothing can be evicted
 * - `REDIS_READONLY`: the server is a replica
 * - `REDIS_PERSISTENCE`: writes are refused because the last snapshot failed (MISCONF)
 * - `REDIS_BUSY`: a script blocks the server
 * - `REDIS_LOADING`: the server is reading its data set
 * - `REDIS_NO_PERMISSION`: the ACL of the user forbids the command or the key
 * - `REDIS_MOVED`: a node of a cluster answered that another one holds the key; nothing was carried out
 * - `REDIS_CLUSTER_DOWN`: the cluster has no master for the key's slot, or is not complete
 * - `REDIS_ERROR_REPLY`: any other error reply; the message names its first word
 * - `REDIS_UNEXPECTED_REPLY`: a reply that this command cannot have
 */
export type RedisOperationCode =
  | 'REDIS_WRONG_TYPE'
  | 'REDIS_OUT_OF_MEMORY'
  | 'REDIS_READONLY'
  | 'REDIS_PERSISTENCE'
  | 'REDIS_BUSY'
  | 'REDIS_LOADING'
  | 'REDIS_NO_PERMISSION'
  | 'REDIS_MOVED'
  | 'REDIS_CLUSTER_DOWN'
  | 'REDIS_ERROR_REPLY'
  | 'REDIS_UNEXPECTED_REPLY';

/**
 * Redis answered with an error, with a wrong type, or with a reply that the command cannot have.
 *
 * @example
 * ```ts
 * await cache.set('profile:42', profile).catch((error: unknown) => {
 *   const isFull = error instanceof RedisCacheOperationError && error.code === 'REDIS_OUT_OF_MEMORY';
 *   if (!isFull) throw error;
 * });
 * ```
 */
export class RedisCacheOperationError extends RedisCacheError {
  static {
    this.prototype.name = 'RedisCacheOperationError';
  }

  /**
   * Made by a cache; an application makes one in its tests.
   *
   * @param code why
   * @param message what happened, to what, and what to do
   * @param details the key, and what failed underneath
   */
  constructor(
    readonly code: RedisOperationCode,
    message: string,
    details?: CacheErrorDetails,
  ) {
    super(message, details);
  }
}
