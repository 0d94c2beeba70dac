import type { ResolvedSentinelConnection } from '../config/resolved-redis-cache-options.js';
import { hostAndPort } from './address.js';
import { ownLink } from './own-link.js';
import type { RedisLink } from './redis-link.js';
import { CHOICE, Sentinels } from './sentinels.js';

/** The server that sentinels name as the master, at each attempt to connect and while the connection stands. */
export function sentinelLink(connection: ResolvedSentinelConnection, timeout: number): RedisLink {
  const { sentinelName } = connection;
  const label = `master "${sentinelName}" of ${connection.sentinels.map(hostAndPort).join(', ')}`;
  const sentinels = new Sentinels(connection, timeout);
  const [first = { host: 'localhost', port: 26_379 }] = connection.sentinels;
  return ownLink(
    { ...connection, place: first, choice: CHOICE, timeout },
    {
      seeksMaster: true,
      target: {
        get address() {
          const { master } = sentinels;
          return master === undefined ? label : `${hostAndPort(master)}, ${label}`;
        },
        db: connection.db,
        choice: CHOICE,
      },
      locate: (signal) => sentinels.locate(signal),
      watch: (onMove) => sentinels.watch(onMove),
    },
  );
}
