import type { ConfigurationLayer } from './configuration-layer.js';
import type { OptionName } from './option-rules.js';
import type { ResolvedRedisConnection } from './resolved-redis-cache-options.js';

/** Finds what cannot be handed to the thread that talks to Redis while the caller's blocks: it is copied there. */
export function syncConflicts(
  layers: readonly ConfigurationLayer[],
  connection: ResolvedRedisConnection,
): readonly string[] {
  const asking = layers.find(({ values }) => values.sync !== undefined);
  if (asking?.values.sync !== true) return [];
  return stuckIn(connection).map(({ option, part, what }) => {
    const giving = layers.find(({ given }) => given.has(option)) ?? asking;
    return `${asking.label('sync')} expects what can be copied to another thread, but found ${what} in ${giving.label(option, part)}`;
  });
}

/** A part of the way to connect that stays in this thread. */
interface Stuck {
  readonly option: OptionName;
  readonly part?: string;
  readonly what: string;
}

function stuckIn(connection: ResolvedRedisConnection): readonly Stuck[] {
  if (connection.kind === 'client') return [{ option: 'client', what: "the application's own client" }];
  const stuck: Stuck[] = [];
  if (typeof connection.password === 'function') stuck.push({ option: 'password', what: 'a function' });
  if (connection.kind === 'sentinel' && typeof connection.sentinelPassword === 'function') {
    stuck.push({ option: 'sentinelPassword', what: 'a function' });
  }
  const tls = connection.kind === 'unix' ? false : connection.tls;
  for (const [name, value] of Object.entries(tls || {})) {
    if (isCopied(value)) continue;
    const what = typeof value === 'function' ? 'a function' : 'an object of this thread';
    stuck.push({ option: 'tls', part: `.${name}`, what });
  }
  return stuck;
}

function isCopied(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
