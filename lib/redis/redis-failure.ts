import type { RedisConnectionCode, RedisOperationCode } from '../contract/redis-errors.js';

/** What went wrong. Its cause is made anew: the driver's own errors hold passwords and values in their arguments. */
export type RedisFailure = ConnectionFailure | OperationFailure | Redirection | UnsentFailure;

/** There is no usable connection, or it ended. */
export interface ConnectionFailure {
  readonly kind: 'connection';
  readonly code: RedisConnectionCode;
  readonly cause: Error;
  /** What to do, where that differs from other failures of the same code. */
  readonly remedy?: string;
}

/** Redis answered with an error. */
export interface OperationFailure {
  readonly kind: 'operation';
  readonly code: RedisOperationCode;
  readonly cause: Error;
}

/** A node of a cluster refused the command before it was carried out, because another node holds the key. */
export interface Redirection {
  readonly kind: 'redirection';
  /** Whether the other node holds all keys of the slot from now on, or only this command is to go there. */
  readonly scope: 'slot' | 'command';
  readonly slot: number;
  /** As the node named it: the host may be left out, which means the node's own. */
  readonly address: string;
}

/** The driver refused the command before it reached the socket. */
export interface UnsentFailure {
  readonly kind: 'unsent';
}

/** The first words of error replies, and what they mean (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
const OPERATION_REPLIES: ReadonlyMap<string, RedisOperationCode> = new Map([
  ['WRONGTYPE', 'REDIS_WRONG_TYPE'],
  ['OOM', 'REDIS_OUT_OF_MEMORY'],
  ['READONLY', 'REDIS_READONLY'],
  ['MISCONF', 'REDIS_PERSISTENCE'],
  ['BUSY', 'REDIS_BUSY'],
  ['LOADING', 'REDIS_LOADING'],
  ['NOPERM', 'REDIS_NO_PERMISSION'],
  ['CLUSTERDOWN', 'REDIS_CLUSTER_DOWN'],
]);

const REDIRECTION_REPLY = /^(MOVED|ASK) (\d+) (\S+)$/;

const CREDENTIAL_REPLY = /^(?:Ready check failed: )?(?:NOAUTH|WRONGPASS|ERR invalid password|ERR AUTH )/;
/** Of a command that a script calls, most versions of the server tell the same as of any other in words only. */
const PERMISSION_REPLY = /^ERR (?:The user executing the script can't|ACL failure in script)/;
const DATABASE_REPLY = /^ERR (?:DB index|invalid DB index|SELECT is not allowed)/;

/** How both majors of ioredis end the message of a reply that they cannot read, or that nobody asked for. */
const FATAL_REPLY = /please report (?:this|it)/i;

/** Node's codes of a TLS handshake that failed, besides those that begin with `ERR_TLS` or `ERR_SSL`. */
const TLS_CODES =
  /^(?:ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/;

/** The system's codes of a connection that was there and ended. */
const LOST_CODES: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** A reply is not in the language of Redis. */
export class UnreadableReplyError extends Error {
  constructor() {
    super('a reply that cannot be read');
  }
}

/** The replies of a connection have got out of step with its commands. */
export class OutOfStepError extends Error {
  constructor() {
    super('a reply that belongs to another command');
  }
}

/** Says what an error of ioredis or of the network means. */
export function classifyFailure(error: unknown): RedisFailure {
  if (!isErrorLike(error)) return lost('the connection was closed');
  if (error instanceof OutOfStepError || error instanceof UnreadableReplyError)
    return connectionFailure('REDIS_PROTOCOL', error.message);
  if (error.name === 'ReplyError') return classifyReply(error.message);
  if (FATAL_REPLY.test(error.message))
    return connectionFailure('REDIS_PROTOCOL', 'a reply that is no answer');
  if (error.message.startsWith("Stream isn't writeable")) return { kind: 'unsent' };
  return classifyNetwork(error);
}

function classifyReply(message: string): RedisFailure {
  const [, word = '', slot = '', address = ''] = REDIRECTION_REPLY.exec(message) ?? [];
  if (word !== '') {
    return { kind: 'redirection', scope: word === 'MOVED' ? 'slot' : 'command', slot: Number(slot), address };
  }
  return classifyRefusal(message);
}

function classifyRefusal(message: string): RedisFailure {
  if (CREDENTIAL_REPLY.test(message)) return connectionFailure('REDIS_CREDENTIALS', firstWord(message));
  if (DATABASE_REPLY.test(message))
    return connectionFailure('REDIS_DATABASE', 'the database index was refused');
  const word = PERMISSION_REPLY.test(message) ? 'NOPERM' : firstWord(message);
  return operationFailure(OPERATION_REPLIES.get(word) ?? 'REDIS_ERROR_REPLY', word);
}

function classifyNetwork(error: Error): ConnectionFailure {
  const errors = attemptsOf(error);
  const codes = errors.map((one) => textOf(one, 'code'));
  const what = errors.map((one) => describeSystemError(one)).join(' and ');
  if (codes.some((code) => TLS_CODES.test(code))) return connectionFailure('REDIS_TLS', what);
  if (codes.every((code) => code === '' || LOST_CODES.has(code))) return lost(what);
  return connectionFailure('REDIS_UNREACHABLE', what);
}

/** Of an error reply only the first word is kept: what follows may echo arguments. */
function firstWord(message: string): string {
  return /^[A-Z]+/.exec(message)?.[0] ?? 'an error without a code';
}

/** A name with several addresses fails with one error for each, inside one that says nothing (`message` is empty). */
function attemptsOf(error: Error): readonly Error[] {
  const attempts: unknown = Reflect.get(error, 'errors');
  return Array.isArray(attempts) && attempts.length > 0 ? attempts.filter(isErrorLike) : [error];
}

/** Of a system error only what cannot hold a secret: its system call, code, address and port. */
function describeSystemError(error: Error): string {
  const address = textOf(error, 'address');
  const port: unknown = Reflect.get(error, 'port');
  const place =
    typeof port === 'number' ? `${address.includes(':') ? `[${address}]` : address}:${port}` : address;
  const parts = [textOf(error, 'syscall'), textOf(error, 'code'), textOf(error, 'hostname'), place];
  const known = parts.filter((part) => part !== '').join(' ');
  return known === '' ? 'the connection was closed' : known;
}

/** A failure of the connection in our own words. */
export function connectionFailure(code: RedisConnectionCode, what: string): ConnectionFailure {
  return { kind: 'connection', code, cause: new Error(what) };
}

/** A reply that is no success, in our own words. */
export function operationFailure(code: RedisOperationCode, what: string): OperationFailure {
  return { kind: 'operation', code, cause: new Error(what) };
}

function lost(what: string): ConnectionFailure {
  return connectionFailure('REDIS_CONNECTION_LOST', what);
}

/** Errors of another realm (a Jest sandbox, say) are not `instanceof` ours. */
function isErrorLike(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && typeof Reflect.get(error, 'message') === 'string';
}

function textOf(error: Error, name: string): string {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}

/**
 * Why an attempt to connect got nowhere in its time.
 *
 * @param status of the client of ioredis
 * @param tls whether it speaks TLS
 * @param patience how long it was waited for, in milliseconds
 */
export function silenceFailure(status: string, tls: boolean, patience: number): ConnectionFailure {
  if (tls && status === 'connecting')
    return connectionFailure('REDIS_TLS', `no TLS handshake within ${patience} ms`);
  return connectionFailure('REDIS_UNREACHABLE', `no answer to a new connection within ${patience} ms`);
}

/**
 * For a command that names several keys: one of them may be forbidden, or the command is; each key by itself tells.
 *
 * @throws any other error as it is
 */
export function unlessForbidden(error: unknown): undefined {
  const failure = classifyFailure(error);
  if (failure.kind === 'operation' && failure.code === 'REDIS_NO_PERMISSION') return undefined;
  throw error;
}
