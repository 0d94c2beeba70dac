import type {
  ResolvedClusterConnection,
  ResolvedRedisCacheOptions,
} from '../config/resolved-redis-cache-options.js';
import { hostAndPort } from './address.js';
import { borrowedLink } from './borrowed-link.js';
import type { CacheLogger } from './connection-log.js';
import { ownLink } from './own-link.js';
import { RedisCluster } from './redis-cluster.js';
import { RedisConnection } from './redis-connection.js';
import type { RedisLink } from './redis-link.js';
import type { RedisTopology } from './redis-topology.js';
import { sentinelLink } from './sentinel-link.js';
import { SingleServer } from './single-server.js';

/** What a connection is made of. */
export type TopologySettings = Pick<ResolvedRedisCacheOptions, 'connection' | 'socketTimeout'>;

/** Makes what the options ask for; nothing is connected yet. */
export function createTopology(
  { connection, socketTimeout }: TopologySettings,
  logger: CacheLogger | undefined,
): RedisTopology {
  if (connection.kind === 'cluster') return createCluster(connection, socketTimeout, logger);
  return new SingleServer(new RedisConnection(createLink(connection, socketTimeout), socketTimeout, logger));
}

type OneServer = Exclude<ResolvedRedisCacheOptions['connection'], { kind: 'cluster' }>;

function createLink(connection: OneServer, timeout: number): RedisLink {
  if (connection.kind === 'client') return borrowedLink(connection.client);
  if (connection.kind === 'sentinel') return sentinelLink(connection, timeout);
  if (connection.kind === 'unix') {
    const choice = 'SPAKKY_REDIS__PATH chooses another.';
    return ownLink({ ...connection, place: { path: connection.path }, tls: false, choice, timeout });
  }
  const { host, port } = connection;
  const choice = 'SPAKKY_REDIS__HOST and SPAKKY_REDIS__PORT choose another.';
  return ownLink({ ...connection, place: { host, port }, choice, timeout });
}

function createCluster(
  connection: ResolvedClusterConnection,
  timeout: number,
  logger: CacheLogger | undefined,
): RedisCluster {
  const choice = 'SPAKKY_REDIS__CLUSTER chooses others.';
  const target = { address: connection.nodes.map(hostAndPort).join(','), db: 0, choice };
  return new RedisCluster(target, connection.nodes, timeout, (place) => {
    const link = ownLink({ ...connection, place, db: 0, choice, timeout });
    return new RedisConnection(link, timeout, logger);
  });
}
