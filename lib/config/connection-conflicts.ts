import type { ConfigurationLayer } from './configuration-layer.js';
import type { OptionName } from './option-rules.js';

const ADDRESS = ['host', 'port'] as const;
const LOGIN = ['db', 'username', 'password'] as const;
const SENTINEL = ['sentinels', 'sentinelName', 'sentinelPassword'] as const;

/** What each way to connect says itself, so that nothing beside it may say it again. */
const EXCLUDED: readonly (readonly [way: OptionName, others: readonly OptionName[]])[] = [
  ['client', ['url', 'path', ...SENTINEL, 'cluster', ...ADDRESS, ...LOGIN, 'useSsl', 'tls']],
  ['url', ['path', ...SENTINEL, 'cluster', ...ADDRESS, ...LOGIN, 'useSsl']],
  ['path', [...SENTINEL, 'cluster', ...ADDRESS]],
  ['cluster', [...SENTINEL, ...ADDRESS]],
  ['sentinels', ADDRESS],
];

/** Finds what contradicts itself within one layer; what contradicts a lower layer merely overrides it. */
export function conflictsWithin(layer: ConfigurationLayer): readonly string[] {
  return [
    ...EXCLUDED.flatMap(([way, others]) => exclusions(layer, way, others)),
    ...sentinelGaps(layer),
    ...databaseConflicts(layer, layer),
    ...tlsConflicts(layer),
  ];
}

/** Finds a database asked of a cluster, in the same layer or in one above it; a cluster has but one. */
export function databaseConflicts(
  { label, values }: ConfigurationLayer,
  beside: ConfigurationLayer,
): readonly string[] {
  if (!beside.given.has('cluster') || (values.db ?? 0) === 0) return [];
  return [
    `${label('db')} expects 0, the only database of a cluster, but found ${values.db} with ${beside.label('cluster')}`,
  ];
}

function exclusions(
  layer: ConfigurationLayer,
  way: OptionName,
  others: readonly OptionName[],
): readonly string[] {
  if (!layer.given.has(way)) return [];
  const beside = others.filter((other) => layer.given.has(other)).map((other) => layer.label(other));
  if (beside.length === 0) return [];
  return [
    `${layer.label(way)} expects nothing else about how to connect, but found ${beside.join(', ')} beside it`,
  ];
}

/** Finds what the sentinels lack; beside another way to connect they are too much already. */
function sentinelGaps({ label, given }: ConfigurationLayer): readonly string[] {
  if (EXCLUDED.some(([way, others]) => given.has(way) && others.includes('sentinels'))) return [];
  if (given.has('sentinels')) {
    if (given.has('sentinelName')) return [];
    return [`${label('sentinels')} expects ${label('sentinelName')} beside it, but found none`];
  }
  return SENTINEL.filter((option) => given.has(option)).map(
    (option) => `${label(option)} expects ${label('sentinels')} beside it, but found none`,
  );
}

function tlsConflicts({ label, given, values }: ConfigurationLayer): readonly string[] {
  const problems: string[] = [];
  if (values.path !== undefined && values.useSsl === true) {
    problems.push(
      `${label('path')} expects no TLS, which sockets do not speak, but found ${label('useSsl')}: true`,
    );
  }
  if (!given.has('tls')) return problems;
  if (given.has('path')) {
    problems.push(`${label('path')} expects no TLS, which sockets do not speak, but found ${label('tls')}`);
  }
  if (values.useSsl === false) {
    problems.push(`${label('tls')} expects TLS to be spoken, but found ${label('useSsl')}: false`);
  }
  if (values.url?.useSsl === false) {
    problems.push(`${label('tls')} expects a URL with rediss://, but found redis:// in ${label('url')}`);
  }
  return problems;
}
