import type { ConfigurationLayer } from './configuration-layer.js';
import type { OptionName } from './option-rules.js';

const ADDRESS = ['host', 'port'] as const;
const LOGIN = ['db', 'username', 'password'] as const;

/** What each way to connect says itself, so that nothing beside it may say it again. */
const EXCLUDED: readonly (readonly [way: OptionName, others: readonly OptionName[]])[] = [
  ['client', ['url', 'path', ...ADDRESS, ...LOGIN, 'useSsl', 'tls']],
  ['url', ['path', ...ADDRESS, ...LOGIN, 'useSsl']],
  ['path', ADDRESS],
];

/** Finds what contradicts itself within one layer; what contradicts a lower layer merely overrides it. */
export function conflictsWithin(layer: ConfigurationLayer): readonly string[] {
  return [...EXCLUDED.flatMap(([way, others]) => exclusions(layer, way, others)), ...tlsConflicts(layer)];
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
