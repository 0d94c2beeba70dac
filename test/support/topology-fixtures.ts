import { afterAll, beforeAll } from '@jest/globals';
import type {
  RedisCacheSettings,
  RedisClusterOptions as ClusterAddress,
  RedisConnectionOptions,
  RedisSentinelOptions as SentinelAddress,
} from '../../lib/config/redis-cache-options.js';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { type CacheFixture, started, useCaches, type Variables } from './cache-fixture.js';
import { type RedisCluster, type RedisClusterOptions, startCluster } from './redis-cluster.js';
import { type RedisSentinels, type RedisSentinelsOptions, startSentinels } from './redis-sentinels.js';

/** Starting takes three seconds, and more on a busy machine. */
const PATIENCE = 60_000;

/** How a cache finds its servers, in both ways of saying so. */
interface Directions<Address extends RedisConnectionOptions> {
  readonly address: Address;
  readonly variables: Variables;
}

/** Several servers for the tests of one file, and what these make of them. */
export interface TopologyFixture<Topology, Address extends RedisConnectionOptions>
  extends CacheFixture, Directions<Address> {
  readonly servers: Topology;
  /** A cache under a prefix of its own unless `settings` names one; it is closed after the test. */
  newCache<T = unknown>(settings?: RedisCacheSettings): RedisCache<T>;
}

/** Starts a master, two replicas and three sentinels for the file that calls this, and stops them afterwards. */
export function useSentinels(
  options?: RedisSentinelsOptions,
): TopologyFixture<RedisSentinels, SentinelAddress> {
  return useTopology(() => startSentinels(options), directionsToMaster);
}

/** Starts six nodes of a cluster for the file that calls this, and stops them afterwards. */
export function useCluster(options?: RedisClusterOptions): TopologyFixture<RedisCluster, ClusterAddress> {
  return useTopology(() => startCluster(options), directionsToNodes);
}

/**
 * Makes caches that are told where their servers are, in either way.
 *
 * @param socketTimeout of the caches, in milliseconds
 */
export function waysToSay<Topology, Address extends RedisConnectionOptions>(
  redis: TopologyFixture<Topology, Address>,
  socketTimeout: number,
): readonly [string, () => RedisCache][] {
  return [
    ['options', () => redis.newCache({ socketTimeout })],
    ['variables', () => redis.newCacheAt({ keyPrefix: redis.newPrefix(), socketTimeout }, redis.variables)],
  ];
}

function useTopology<Topology extends { stop(): Promise<void> }, Address extends RedisConnectionOptions>(
  start: () => Promise<Topology>,
  directionsTo: (servers: Topology) => Directions<Address>,
): TopologyFixture<Topology, Address> {
  let servers: Topology | undefined;
  const caches = useCaches();

  beforeAll(async () => {
    servers = await start();
  }, PATIENCE);
  afterAll(() => servers?.stop());

  return {
    ...caches,
    get servers() {
      return started(servers);
    },
    get address() {
      return directionsTo(started(servers)).address;
    },
    get variables() {
      return directionsTo(started(servers)).variables;
    },
    newCache<T>(settings: RedisCacheSettings = {}) {
      return this.newCacheAt<T>({ ...this.address, keyPrefix: this.newPrefix(), ...settings });
    },
  };
}

/** How a cache finds the master. */
export function directionsToMaster({
  addresses,
  masterName,
  options,
}: RedisSentinels): Directions<SentinelAddress> {
  const { password, sentinelPassword } = options;
  return {
    address: { sentinels: addresses, sentinelName: masterName, password, sentinelPassword },
    variables: {
      SPAKKY_REDIS__SENTINELS: listOf(addresses),
      SPAKKY_REDIS__SENTINEL_NAME: masterName,
      ...(password !== undefined && { SPAKKY_REDIS__PASSWORD: password }),
      ...(sentinelPassword !== undefined && { SPAKKY_REDIS__SENTINEL_PASSWORD: sentinelPassword }),
    },
  };
}

/** How a cache finds the nodes. */
export function directionsToNodes({
  addresses,
  options,
  certificates,
}: RedisCluster): Directions<ClusterAddress> {
  const { password } = options;
  return {
    address: { cluster: addresses, password, tls: certificates && { ca: certificates.ca } },
    variables: {
      SPAKKY_REDIS__CLUSTER: listOf(addresses),
      ...(password !== undefined && { SPAKKY_REDIS__PASSWORD: password }),
      ...(certificates && { SPAKKY_REDIS__USE_SSL: 'true', SPAKKY_REDIS__TLS_CA_FILE: certificates.caFile }),
    },
  };
}

function listOf(addresses: RedisCluster['addresses']): string {
  return addresses.map(({ host, port }) => `${host}:${port}`).join(',');
}
