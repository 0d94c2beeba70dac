import type { ConnectionOptions } from 'node:tls';
import type { CacheSerializer, SerializerOptions } from '../codec/serializer.js';
import type { CacheWriteErrorHandler } from '../contract/capabilities.js';
import { addressList, addressListVariable } from './address-list.js';
import { readClient } from './client-reader.js';
import { readNear } from './near-reader.js';
import {
  readBoolean,
  readDatabase,
  readHost,
  readKeyPrefix,
  readPassword,
  readPort,
  readSentinelName,
  readSerializer,
  readSocketPath,
  readSocketTimeout,
  readTls,
  readTtl,
  readUsername,
  readWriteErrorHandler,
} from './option-readers.js';
import type { Reader } from './reading.js';
import { type RedisAddress, readRedisUrl } from './redis-address.js';
import { DEFAULT_SENTINEL_PORT, REDIS_CACHE_DEFAULTS } from './redis-cache-defaults.js';
import type { RedisClientLike, RedisPassword } from './redis-cache-options.js';
import type { ResolvedAddress, ResolvedNearOptions } from './resolved-redis-cache-options.js';
import type { VariableRule } from './variable-rule.js';
import {
  fromDigits,
  readBooleanVariable,
  readPasswordVariable,
  readSecondsVariable,
} from './variable-readers.js';

/** What each option becomes once it is read; durations in milliseconds. */
export interface OptionValues {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username: string;
  readonly password: RedisPassword;
  readonly useSsl: boolean;
  readonly tls: ConnectionOptions;
  readonly url: RedisAddress;
  readonly path: string;
  readonly sentinels: readonly ResolvedAddress[];
  readonly sentinelName: string;
  readonly sentinelPassword: RedisPassword;
  readonly cluster: readonly ResolvedAddress[];
  readonly client: RedisClientLike;
  readonly keyPrefix: string;
  readonly ttl: number | null;
  readonly socketTimeout: number;
  readonly lazy: boolean;
  readonly serializer: CacheSerializer | SerializerOptions;
  readonly near: ResolvedNearOptions | false;
  readonly sync: boolean;
  readonly onWriteError: CacheWriteErrorHandler;
}

export type OptionName = keyof OptionValues;

/** How one option is read, in code and in the environment. */
export interface OptionRule<T> {
  readonly read: Reader<T>;
  /** Its value never appears in a message. */
  readonly secret?: true;
  readonly variable?: VariableRule<T>;
}

/** Everything there is to know about each option, in the order in which problems are told. */
export const OPTION_RULES: { readonly [Name in OptionName]: OptionRule<OptionValues[Name]> } = {
  host: {
    read: readHost,
    variable: {
      name: 'SPAKKY_REDIS__HOST',
      read: readHost,
      default: REDIS_CACHE_DEFAULTS.host,
      description: 'Host name or IP address of the server.',
    },
  },
  port: {
    read: readPort,
    variable: {
      name: 'SPAKKY_REDIS__PORT',
      read: fromDigits(readPort),
      default: String(REDIS_CACHE_DEFAULTS.port),
      description: 'Port of the server, 1 to 65535.',
    },
  },
  db: {
    read: readDatabase,
    variable: {
      name: 'SPAKKY_REDIS__DB',
      read: fromDigits(readDatabase),
      default: String(REDIS_CACHE_DEFAULTS.db),
      description: 'Index of the database.',
    },
  },
  username: {
    read: readUsername,
    secret: true,
    variable: { name: 'SPAKKY_REDIS__USERNAME', read: readUsername, description: 'ACL user.' },
  },
  password: {
    read: readPassword,
    secret: true,
    variable: { name: 'SPAKKY_REDIS__PASSWORD', read: readPasswordVariable, description: 'Password.' },
  },
  useSsl: {
    read: readBoolean,
    variable: {
      name: 'SPAKKY_REDIS__USE_SSL',
      read: readBooleanVariable,
      default: String(REDIS_CACHE_DEFAULTS.useSsl),
      description: 'Whether to speak TLS: true/false, 1/0, yes/no or on/off.',
    },
  },
  tls: { read: readTls, secret: true },
  url: {
    read: readRedisUrl,
    secret: true,
    variable: {
      name: 'SPAKKY_REDIS__URL',
      read: readRedisUrl,
      description: 'redis:// or rediss:// URL, in place of host, port, database, credentials and USE_SSL.',
    },
  },
  path: {
    read: readSocketPath,
    variable: {
      name: 'SPAKKY_REDIS__PATH',
      read: readSocketPath,
      description: 'Unix domain socket, in place of host and port.',
    },
  },
  sentinels: {
    read: addressList(DEFAULT_SENTINEL_PORT),
    secret: true,
    variable: {
      name: 'SPAKKY_REDIS__SENTINELS',
      read: addressListVariable(DEFAULT_SENTINEL_PORT),
      description: `Sentinels as host:port,host:port, in place of host and port; port ${DEFAULT_SENTINEL_PORT} if left out.`,
    },
  },
  sentinelName: {
    read: readSentinelName,
    variable: {
      name: 'SPAKKY_REDIS__SENTINEL_NAME',
      read: readSentinelName,
      description: 'Name by which the sentinels know the master.',
    },
  },
  sentinelPassword: {
    read: readPassword,
    secret: true,
    variable: {
      name: 'SPAKKY_REDIS__SENTINEL_PASSWORD',
      read: readPasswordVariable,
      description: 'Password of the sentinels themselves.',
    },
  },
  cluster: {
    read: addressList(REDIS_CACHE_DEFAULTS.port),
    secret: true,
    variable: {
      name: 'SPAKKY_REDIS__CLUSTER',
      read: addressListVariable(REDIS_CACHE_DEFAULTS.port),
      description: `Some nodes of a cluster as host:port,host:port, in place of host, port and database; port ${REDIS_CACHE_DEFAULTS.port} if left out.`,
    },
  },
  client: { read: readClient },
  keyPrefix: {
    read: readKeyPrefix,
    variable: {
      name: 'SPAKKY_REDIS__KEY_PREFIX',
      read: readKeyPrefix,
      default: REDIS_CACHE_DEFAULTS.keyPrefix,
      description: 'Begins every key of the cache; clear() deletes nothing else. Never empty.',
      emptyIsValue: true,
    },
  },
  ttl: { read: readTtl },
  socketTimeout: {
    read: readSocketTimeout,
    variable: {
      name: 'SPAKKY_REDIS__SOCKET_TIMEOUT',
      read: readSecondsVariable,
      default: (REDIS_CACHE_DEFAULTS.socketTimeout / 1_000).toFixed(1),
      description: 'Deadline of one operation in seconds; a unit such as 500ms is accepted too.',
    },
  },
  lazy: { read: readBoolean },
  serializer: { read: readSerializer },
  near: { read: readNear },
  sync: { read: readBoolean },
  onWriteError: { read: readWriteErrorHandler },
};

export const OPTION_NAMES: readonly OptionName[] = Object.keys(OPTION_RULES).filter(isOptionName);

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTION_RULES, name);
}
