import { CacheConfigurationError } from '../contract/errors.js';
import type { ConfigurationLayer } from './configuration-layer.js';
import { conflictsWithin } from './connection-conflicts.js';
import { readObjectLayer } from './object-layer.js';
import { readKeyPrefix } from './option-readers.js';
import { defaultKeyPrefix, REDIS_CACHE_DEFAULTS } from './redis-cache-defaults.js';
import type { RedisCacheOptions } from './redis-cache-options.js';
import { pick, resolveConnection } from './resolve-connection.js';
import type { ResolvedRedisCacheOptions, ResolvedRedisConnection } from './resolved-redis-cache-options.js';
import { syncConflicts } from './sync-conflicts.js';
import { readVariableLayer } from './variable-layer.js';

/** Where the configuration of one cache comes from, highest precedence first. */
export interface RedisCacheOptionSources {
  /** What the application wrote in code. */
  readonly options?: RedisCacheOptions;
  /** What ConfigService holds under `SPAKKY_REDIS`: an object with the keys and units of the options. */
  readonly namespace?: unknown;
  /**
   * Answers the value of an environment variable, or `undefined`.
   *
   * @param name of the variable, such as `SPAKKY_REDIS__HOST`
   */
  readonly variable: (name: string) => unknown;
  /** The name of a named cache, which begins its default prefix. */
  readonly name?: string;
}

/**
 * Merges, checks and freezes the configuration of one cache.
 *
 * @returns every option with a value; durations in milliseconds
 * @throws CacheConfigurationError that names everything wrong in every source at once, and no secret
 * @example
 * ```ts
 * const resolved = resolveRedisCacheOptions({
 *   options: { keyPrefix: 'shop:' },
 *   variable: (name) => process.env[name],
 * });
 * ```
 */
export function resolveRedisCacheOptions(sources: RedisCacheOptionSources): ResolvedRedisCacheOptions {
  const layers = [
    readObjectLayer(sources.options, { title: 'options', suffix: '' }),
    readObjectLayer(sources.namespace, { title: 'SPAKKY_REDIS', suffix: ' (ConfigService)' }),
    readVariableLayer(sources.variable),
  ];
  const { connection, problems } = resolveConnection(layers);
  const keyPrefix = pick(layers, 'keyPrefix') ?? defaultKeyPrefix(sources.name);
  const all = [
    ...layers.flatMap((layer) => [...layer.problems, ...conflictsWithin(layer)]),
    ...problems,
    ...nearConflicts(layers, connection),
    ...syncConflicts(layers, connection),
    ...nameProblems(keyPrefix),
  ];
  if (all.length > 0) throw new CacheConfigurationError(all);
  return Object.freeze({ connection, keyPrefix, ...settingsOf(layers) });
}

function settingsOf(
  layers: readonly ConfigurationLayer[],
): Omit<ResolvedRedisCacheOptions, 'connection' | 'keyPrefix'> {
  return {
    ttl: pick(layers, 'ttl') ?? undefined,
    socketTimeout: pick(layers, 'socketTimeout') ?? REDIS_CACHE_DEFAULTS.socketTimeout,
    lazy: pick(layers, 'lazy') ?? REDIS_CACHE_DEFAULTS.lazy,
    serializer: pick(layers, 'serializer'),
    near: pick(layers, 'near') || undefined,
    sync: pick(layers, 'sync') ?? REDIS_CACHE_DEFAULTS.sync,
    onWriteError: pick(layers, 'onWriteError'),
  };
}

/** Finds a tier that was asked for where there is no connection to hear of changes on. */
function nearConflicts(
  layers: readonly ConfigurationLayer[],
  { kind }: ResolvedRedisConnection,
): readonly string[] {
  const asking = layers.find(({ values }) => values.near !== undefined);
  const giving = layers.find(({ values }) => values.client !== undefined);
  if (kind !== 'client' || !asking?.values.near || giving === undefined) return [];
  return [
    `${asking.label('near')} expects connections of its own to hear of changes on, but found ${giving.label('client')}`,
  ];
}

/** A prefix that was written has been checked where it was written; one that was made of the name has not. */
function nameProblems(keyPrefix: string): readonly string[] {
  if (readKeyPrefix(keyPrefix).fits) return [];
  return ['the name of the cache expects text that can begin a key: well-formed, and short'];
}
