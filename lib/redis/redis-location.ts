import type {
  ResolvedRedisCacheOptions,
  ResolvedRedisConnection,
} from '../config/resolved-redis-cache-options.js';
import { parseAddress } from './address.js';
import type { RedisTarget } from './redis-error.js';

/** Where a cache's entries live; it holds no credential, so it may be logged. */
export interface RedisCacheLocation {
  /** Such as `localhost:6379`, the path of a socket, or all that is known of several servers. */
  readonly address: string;
  /** Only of one server over TCP. */
  readonly host?: string;
  /** Only of one server over TCP. */
  readonly port?: number;
  /** The index of the database. */
  readonly db: number;
  /** What every key begins with. */
  readonly prefix: string;
  /** Whether the connection is encrypted. */
  readonly ssl: boolean;
}

/** Tells where the options lead. */
export function locationOf(
  { connection, keyPrefix }: ResolvedRedisCacheOptions,
  { address, db }: RedisTarget,
): RedisCacheLocation {
  const place = placeOf(connection, address);
  return Object.freeze({ address, ...place, db, prefix: keyPrefix, ssl: isEncrypted(connection) });
}

function placeOf(
  connection: ResolvedRedisConnection,
  address: string,
): Pick<RedisCacheLocation, 'host' | 'port'> | undefined {
  if (connection.kind === 'tcp') return { host: connection.host, port: connection.port };
  return connection.kind === 'client' ? parseAddress(address, '') : undefined;
}

function isEncrypted(connection: ResolvedRedisConnection): boolean {
  if (connection.kind === 'unix') return false;
  if (connection.kind === 'client') return Reflect.get(connection.client.options, 'tls') !== undefined;
  return connection.tls !== false;
}
