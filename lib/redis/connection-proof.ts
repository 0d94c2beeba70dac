import type { RedisConnectionCode } from '../contract/redis-errors.js';
import {
  classifyFailure,
  connectionFailure,
  type ConnectionFailure,
  type OperationFailure,
} from './redis-failure.js';
import type { RedisLink } from './redis-link.js';

/**
 * After these a connection must not be used, though ioredis would go on: after a refused SELECT in database 0, after
 * a reply that nobody asked for with replies that are each the answer to another command.
 */
export const DECISIVE: ReadonlySet<RedisConnectionCode> = new Set([
  'REDIS_CREDENTIALS',
  'REDIS_DATABASE',
  'REDIS_PROTOCOL',
]);

const NO_MASTER = connectionFailure('REDIS_UNREACHABLE', 'the server that was named as the master is none');

/**
 * A server that is loading, or that forbids PING, is there all the same; after a SELECT that came to nothing it would
 * carry out everything in database 0.
 */
function notSelected({ code, cause }: OperationFailure): ConnectionFailure {
  const isForGood = code === 'REDIS_NO_PERMISSION';
  const what = `SELECT was refused: ${cause.message}`;
  return connectionFailure(isForGood ? 'REDIS_DATABASE' : 'REDIS_UNREACHABLE', what);
}

/**
 * Asks a new connection for its first reply. The driver calls it ready before the peer has said a word, and whatever
 * became of its SELECT.
 *
 * @returns why it must not be used; or `lost` when it ended meanwhile, which its events tell
 */
export async function proveConnection(link: RedisLink): Promise<ConnectionFailure | 'usable' | 'lost'> {
  const { client, target, seeksMaster } = link;
  const reply: Promise<unknown> = target.db === 0 ? client.ping() : client.select(target.db);
  // A server may refuse to tell its role.
  const role = seeksMaster ? client.call('ROLE').catch(() => undefined) : undefined;
  try {
    await reply;
    return isReplica(await role) ? NO_MASTER : 'usable';
  } catch (error) {
    const failure = classifyFailure(error);
    if (failure.kind === 'operation') return target.db === 0 ? 'usable' : notSelected(failure);
    return failure.kind === 'connection' && DECISIVE.has(failure.code) ? failure : 'lost';
  }
}

function isReplica(role: unknown): boolean {
  return Array.isArray(role) && role[0] === 'slave';
}
