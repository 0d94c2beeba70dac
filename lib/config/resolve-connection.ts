import type { ConfigurationLayer } from './configuration-layer.js';
import { databaseConflicts } from './connection-conflicts.js';
import type { OptionName, OptionValues } from './option-rules.js';
import { REDIS_CACHE_DEFAULTS } from './redis-cache-defaults.js';
import type { ResolvedRedisConnection, ResolvedTcpConnection } from './resolved-redis-cache-options.js';

/** How to connect, and what of it cannot be. */
export interface ConnectionResolution {
  readonly connection: ResolvedRedisConnection;
  readonly problems: readonly string[];
}

/**
 * Merges what the layers say about connecting, highest first. Any way to connect but `host` and `port` hides
 * everything the layers below it say, so that credentials of one server never travel to another.
 */
export function resolveConnection(layers: readonly ConfigurationLayer[]): ConnectionResolution {
  const visible = visibleLayers(layers).map(spellOut);
  const decisive = visible.findIndex(saysWhere);
  const problems = visible
    .slice(0, Math.max(decisive, 0))
    .flatMap((above) => straying(above, visible[decisive]));
  return { connection: Object.freeze(connectionOf(visible, visible[decisive])), problems };
}

/** Answers the value of the highest layer that sets the option. */
export function pick<Name extends OptionName>(
  layers: readonly ConfigurationLayer[],
  option: Name,
): OptionValues[Name] | undefined {
  for (const { values } of layers) {
    const value = values[option];
    if (value !== undefined) return value;
  }
  return undefined;
}

function visibleLayers(layers: readonly ConfigurationLayer[]): readonly ConfigurationLayer[] {
  const lowest = layers.findIndex(({ values }) => values.url !== undefined || leadsElsewhere(values));
  return lowest === -1 ? layers : layers.slice(0, lowest + 1);
}

/** Replaces a URL by the options it stands for, and TLS options by what they imply. */
function spellOut(layer: ConfigurationLayer): ConfigurationLayer {
  const { url, ...values } = layer.values;
  const useSsl = values.useSsl ?? url?.useSsl ?? (values.tls === undefined ? undefined : true);
  if (url === undefined) return { ...layer, values: { ...values, useSsl } };
  const { host, port, db, username, password } = url;
  // In one layer a URL stands alone, so nothing is overwritten here.
  return { ...layer, values: { ...values, host, port, db, username, password, useSsl } };
}

function saysWhere({ values }: ConfigurationLayer): boolean {
  return leadsElsewhere(values) || (values.host ?? values.port) !== undefined;
}

/** Whether it names another place than one host and port. */
function leadsElsewhere({ client, path, sentinels, cluster }: Partial<OptionValues>): boolean {
  return (client ?? path ?? sentinels ?? cluster) !== undefined;
}

function connectionOf(
  layers: readonly ConfigurationLayer[],
  decisive: ConfigurationLayer | undefined,
): ResolvedRedisConnection {
  const { client, path, sentinels, sentinelName, sentinelPassword, cluster } = decisive?.values ?? {};
  if (client !== undefined) return { kind: 'client', client };
  const db = pick(layers, 'db') ?? REDIS_CACHE_DEFAULTS.db;
  const credentials = { username: pick(layers, 'username'), password: pick(layers, 'password') };
  const login = { db, ...credentials };
  if (path !== undefined) return { kind: 'unix', path, ...login };
  const tls = encryptionOf(layers);
  if (cluster !== undefined) return { kind: 'cluster', nodes: cluster, ...credentials, tls };
  if (sentinels !== undefined && sentinelName !== undefined) {
    return { kind: 'sentinel', sentinels, sentinelName, sentinelPassword, ...login, tls };
  }
  const host = pick(layers, 'host') ?? REDIS_CACHE_DEFAULTS.host;
  const port = pick(layers, 'port') ?? REDIS_CACHE_DEFAULTS.port;
  return { kind: 'tcp', host, port, ...login, tls };
}

function encryptionOf(layers: readonly ConfigurationLayer[]): ResolvedTcpConnection['tls'] {
  const useSsl = pick(layers, 'useSsl') ?? REDIS_CACHE_DEFAULTS.useSsl;
  return useSsl && (pick(layers, 'tls') ?? Object.freeze({}));
}

/** Finds what a higher layer asks of the way to connect below it that this cannot do; ignoring it would be silent. */
function straying(above: ConfigurationLayer, decisive: ConfigurationLayer | undefined): readonly string[] {
  if (decisive?.values.client !== undefined) {
    return (['db', 'username', 'password', 'useSsl', 'tls'] as const)
      .filter((option) => above.given.has(option))
      .map(
        (option) =>
          `${above.label(option)} expects a connection to be made, but found ${decisive.label('client')}`,
      );
  }
  if (decisive?.values.cluster !== undefined) return databaseConflicts(above, decisive);
  if (decisive?.values.path === undefined || above.values.useSsl !== true) return [];
  const asked = above.label(above.given.has('useSsl') ? 'useSsl' : 'tls');
  return [
    `${asked} expects a server over TCP, but found ${decisive.label('path')}, and sockets do not speak TLS`,
  ];
}
