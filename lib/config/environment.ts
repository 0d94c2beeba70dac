import { conflictsWithin } from './connection-conflicts.js';
import type { OptionValues } from './option-rules.js';
import type { RedisCacheOptions } from './redis-cache-options.js';
import { readVariableLayer } from './variable-layer.js';

/** What the environment says. */
export interface EnvironmentReading {
  /** What is set, and set well; variables that contradict each other are left out. Durations in milliseconds. */
  readonly options: RedisCacheOptions;
  /** One sentence for each variable that is wrong. */
  readonly problems: readonly string[];
}

/**
 * Reads the `SPAKKY_REDIS__*` variables, and the files that some of them name, into options.
 *
 * @param variable answers the value of a variable, as text or as ConfigService made of it, or `undefined`
 * @example
 * ```ts
 * const { options, problems } = readEnvironment((name) => process.env[name]);
 * ```
 */
export function readEnvironment(variable: (name: string) => unknown): EnvironmentReading {
  const layer = readVariableLayer(variable);
  const conflicts = conflictsWithin(layer);
  const settings = only(layer.values, ['keyPrefix', 'socketTimeout']);
  const options = conflicts.length > 0 ? settings : { ...settings, ...connectionOptions(layer.values) };
  return { options, problems: [...layer.problems, ...conflicts] };
}

function connectionOptions(values: Partial<OptionValues>): RedisCacheOptions {
  const { url, path, sentinels, sentinelName, cluster } = values;
  if (url !== undefined) return { url: url.url, ...only(values, ['tls']) };
  const credentials = only(values, ['username', 'password']);
  const login = { ...only(values, ['db']), ...credentials };
  if (path !== undefined) return { ...login, path };
  const encryption = only(values, ['useSsl', 'tls']);
  if (cluster !== undefined) return { ...credentials, ...encryption, cluster };
  if (sentinels !== undefined && sentinelName !== undefined) {
    return { ...login, ...encryption, sentinels, sentinelName, ...only(values, ['sentinelPassword']) };
  }
  return { ...login, ...encryption, ...only(values, ['host', 'port']) };
}

/** Copies the named properties that are set, and no others. */
function only<Source extends object, Name extends keyof Source>(
  source: Source,
  names: readonly Name[],
): Partial<Pick<Source, Name>> {
  const copy: Partial<Pick<Source, Name>> = {};
  for (const name of names) {
    if (source[name] !== undefined) copy[name] = source[name];
  }
  return copy;
}
