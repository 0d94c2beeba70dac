import { CacheClosedError, type SpakkyCacheError } from '../contract/errors.js';
import {
  RedisCacheConnectionError,
  type RedisCacheError,
  RedisCacheOperationError,
  RedisCacheTimeoutError,
  type RedisConnectionCode,
  type RedisOperationCode,
} from '../contract/redis-errors.js';
import type { ConnectionFailure, OperationFailure, Redirection } from './redis-failure.js';

/** Where the data lives, as errors and logs name it; no credential. */
export interface RedisTarget {
  /** Such as `localhost:6379`, or the path of a socket. */
  readonly address: string;
  readonly db: number;
  /** How another server is chosen: a sentence for the remedy of errors. */
  readonly choice: string;
}

/** What was asked of Redis, as errors name it. */
export interface RedisRequest {
  readonly verb:
    'read' | 'load' | 'look up the tags of' | 'write' | 'delete' | 'evict tags of' | 'clear' | 'reach';
  readonly prefix: string;
  readonly key?: string;
  /** How many keys it concerns, when that is not one. */
  readonly keys?: number;
  /** Of a request in several steps: whether an earlier one has changed data. */
  readonly begun?: boolean;
}

/** A lease that was granted to nobody ends by itself, and so does a version that nobody uses. */
const HARMLESS: ReadonlySet<RedisRequest['verb']> = new Set(['read', 'load', 'look up the tags of', 'reach']);

/** Whether a request changes data, so that its loss leaves a doubt. */
export function changesData({ verb }: RedisRequest): boolean {
  return !HARMLESS.has(verb);
}

const REMEDIES: { readonly [Code in RedisConnectionCode | RedisOperationCode]: string } = {
  REDIS_UNREACHABLE: 'Is Redis running?',
  REDIS_TLS:
    'Check the certificates (the option tls) and whether this port speaks TLS (SPAKKY_REDIS__USE_SSL).',
  REDIS_CREDENTIALS: 'Check SPAKKY_REDIS__USERNAME and SPAKKY_REDIS__PASSWORD.',
  REDIS_DATABASE: 'Nothing was sent to another database. Check SPAKKY_REDIS__DB.',
  REDIS_PROTOCOL: 'Is this the port of a Redis server? If it speaks TLS, set SPAKKY_REDIS__USE_SSL.',
  REDIS_CONNECTION_LOST: 'Nothing was changed by this operation: it may be repeated.',
  REDIS_OUTCOME_UNKNOWN_LOST: 'It was sent but not answered: it may have taken effect.',
  REDIS_WRONG_TYPE: 'The key holds another type of Redis value, so something else writes under this prefix.',
  REDIS_OUT_OF_MEMORY: 'Raise maxmemory, or choose an eviction policy such as allkeys-lru.',
  REDIS_READONLY: 'The server is a replica: connect to the master.',
  REDIS_PERSISTENCE:
    'Redis could not save its last snapshot and refuses writes: look into its log and its disk.',
  REDIS_BUSY: 'A script blocks the server: SCRIPT KILL ends it.',
  REDIS_LOADING: 'The server is reading its data set: it answers once that is done.',
  REDIS_NO_PERMISSION: 'Give the ACL user this command and the keys under the prefix.',
  REDIS_MOVED:
    'The server is a node of a cluster: SPAKKY_REDIS__CLUSTER, or the option cluster, reaches all of it.',
  REDIS_CLUSTER_DOWN:
    'CLUSTER INFO tells which slots no master serves. Nothing was changed by this operation.',
  REDIS_ERROR_REPLY: 'Look the word up in the documentation of the server.',
  REDIS_UNEXPECTED_REPLY: 'A proxy, or a server that is not Redis, may have answered.',
};

/** Makes the typed error of a request that Redis answered with an error, or with what the command cannot answer. */
export function operationError(
  failure: OperationFailure,
  request: RedisRequest,
  target: RedisTarget,
): RedisCacheError {
  const isDoubtful = failure.code === 'REDIS_UNEXPECTED_REPLY' && changesData(request);
  const remedy = isDoubtful ? `${REMEDIES[failure.code]} It may have taken effect.` : REMEDIES[failure.code];
  const message = explain(request, target, failure.cause.message, remedy);
  return new RedisCacheOperationError(failure.code, message, { key: request.key, cause: failure.cause });
}

/** Tells that a request was not carried out, because it belongs to another node of a cluster. */
export class RedirectedError extends RedisCacheOperationError {
  /** @param redirection where to; absent when this node was left, and its slots have other masters */
  constructor(
    request: RedisRequest,
    target: RedisTarget,
    readonly redirection?: Redirection,
  ) {
    const [what, remedy] =
      redirection === undefined
        ? ['the node serves no keys any more', 'Nothing was changed by this step: repeat the operation.']
        : ['another node of the cluster holds the key', REMEDIES.REDIS_MOVED];
    const cause = new Error(what);
    const message = explain(request, target, what, remedy);
    super('REDIS_MOVED', message, { key: request.key, cause });
  }
}

/** Makes the typed error of a request that was never carried out, because there is no usable connection. */
export function unsentError(
  { code, cause, remedy: ownRemedy }: ConnectionFailure,
  request: RedisRequest,
  target: RedisTarget,
): RedisCacheError {
  if (request.begun === true && code === 'REDIS_CONNECTION_LOST')
    return doubtfulError(cause, request, target);
  const remedy = code === 'REDIS_UNREACHABLE' ? `${REMEDIES[code]} ${target.choice}` : REMEDIES[code];
  const message = explain(request, target, cause.message, ownRemedy ?? remedy);
  return new RedisCacheConnectionError(code, message, { key: request.key, cause });
}

/** Makes the typed error of a request that was sent, and whose connection ended before the reply. */
export function lostError(
  { code, cause }: ConnectionFailure,
  request: RedisRequest,
  target: RedisTarget,
): RedisCacheError {
  if (changesData(request)) return doubtfulError(cause, request, target);
  const lostCode = code === 'REDIS_PROTOCOL' ? code : 'REDIS_CONNECTION_LOST';
  const message = explain(request, target, cause.message, REMEDIES[lostCode]);
  return new RedisCacheConnectionError(lostCode, message, { key: request.key, cause });
}

function doubtfulError(cause: Error, request: RedisRequest, target: RedisTarget): RedisCacheError {
  const code = 'REDIS_OUTCOME_UNKNOWN_LOST';
  const message = explain(request, target, cause.message, REMEDIES[code]);
  return new RedisCacheConnectionError(code, message, { key: request.key, cause });
}

/** Makes the typed error of a request that the deadline cut off. */
export function timeoutError(
  progress: 'sent' | 'unsent',
  timeout: number,
  request: RedisRequest,
  target: RedisTarget,
): RedisCacheError {
  const doubtful = request.begun === true || (progress === 'sent' && changesData(request));
  const code = doubtful ? 'REDIS_OUTCOME_UNKNOWN_TIMEOUT' : 'REDIS_TIMEOUT';
  const what = progress === 'sent' ? `no answer within ${timeout} ms` : `no connection within ${timeout} ms`;
  const remedy = doubtful
    ? 'It was sent: it may still take effect, even after a later delete.'
    : 'Nothing was changed. SPAKKY_REDIS__SOCKET_TIMEOUT allows more time.';
  const message = explain(request, target, what, remedy);
  return new RedisCacheTimeoutError(code, message, { key: request.key, cause: new Error(what) });
}

/** Makes the typed error of a request that the end of the cache cut off. */
export function closedError(
  { prefix, key, begun }: RedisRequest,
  cause?: SpakkyCacheError,
): CacheClosedError {
  const before = begun === true ? `halfway. ${PARTLY_DONE}` : 'before it was sent.';
  const what = cause === undefined ? before : `while it was under way: ${cause.message}`;
  return new CacheClosedError(`The cache under the prefix "${prefix}" was closed ${what}`, { key, cause });
}

const PARTLY_DONE = 'Part of the entries is gone already: repeat it to remove the rest.';

function explain(
  { verb, prefix, key, keys, begun }: RedisRequest,
  target: RedisTarget,
  what: string,
  remedy: string,
): string {
  const all = keys === undefined ? 'the cache' : `${keys} keys`;
  const subject = key === undefined ? all : JSON.stringify(key);
  return `Cannot ${verb} ${subject} (${target.address}, db ${target.db}, prefix "${prefix}"): ${what}. ${begun === true ? PARTLY_DONE : remedy}`;
}
