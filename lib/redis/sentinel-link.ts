import type { ResolvedAddress, ResolvedSentinelConnection } from '../config/resolved-redis-cache-options.js';
import { hostAndPort, parseAddress } from './address.js';
import { failureOfAll } from './failure-of-all.js';
import { firstAnswer } from './first-answer.js';
import { ownLink } from './own-link.js';
import { RedisConnection } from './redis-connection.js';
import type { ConnectionFailure } from './redis-failure.js';
import type { RedisLink } from './redis-link.js';

const CHOICE = 'SPAKKY_REDIS__SENTINELS and SPAKKY_REDIS__SENTINEL_NAME choose another.';

/** Those of the data servers are not for the sentinels. */
const CREDENTIALS = 'Check SPAKKY_REDIS__SENTINEL_PASSWORD.';

/** Of the time for an attempt to connect: the rest is for the master. */
const SHARE_OF_SENTINELS = 0.6;
/** Of the same: a sentinel that is silent for so long is not waited for alone. */
const SHARE_OF_SILENCE = 0.1;

/** Sentinels are asked for the master before every attempt to connect, as they may have chosen a new one. */
export function sentinelLink(connection: ResolvedSentinelConnection, timeout: number): RedisLink {
  const { sentinels, sentinelName } = connection;
  const label = `master "${sentinelName}" of ${sentinels.map(hostAndPort).join(', ')}`;
  let master: ResolvedAddress | undefined;
  let attempts = 0;
  const [first = { host: 'localhost', port: 26_379 }] = sentinels;
  return ownLink(
    { ...connection, place: first, choice: CHOICE, timeout },
    {
      seeksMaster: true,
      target: {
        get address() {
          return master === undefined ? label : `${hostAndPort(master)}, ${label}`;
        },
        db: connection.db,
        choice: CHOICE,
      },
      async locate(patience, signal) {
        // A sentinel that was away may still name the old master: another one is asked first the next time.
        const turn = attempts % sentinels.length;
        attempts += 1;
        const inTurn = [...sentinels.slice(turn), ...sentinels.slice(0, turn)];
        const found = await findMaster(connection, inTurn, patience, signal);
        if ('port' in found) master = found;
        return found;
      },
    },
  );
}

async function findMaster(
  connection: ResolvedSentinelConnection,
  sentinels: readonly ResolvedAddress[],
  patience: number,
  signal: AbortSignal,
): Promise<ResolvedAddress | ConnectionFailure> {
  const ask = (sentinel: ResolvedAddress) =>
    askSentinel(connection, sentinel, patience * SHARE_OF_SENTINELS, signal);
  try {
    return await firstAnswer(sentinels, patience * SHARE_OF_SILENCE, ask);
  } catch (error) {
    const errors = error instanceof AggregateError ? error.errors : [error];
    const failure = failureOfAll('no sentinel names a master', sentinels, errors);
    return failure.code === 'REDIS_CREDENTIALS' ? { ...failure, remedy: CREDENTIALS } : failure;
  }
}

async function askSentinel(
  { tls, sentinelName, sentinelPassword }: ResolvedSentinelConnection,
  sentinel: ResolvedAddress,
  timeout: number,
  signal: AbortSignal,
): Promise<ResolvedAddress> {
  const server = { place: sentinel, tls, db: 0, username: undefined, password: sentinelPassword };
  const connection = new RedisConnection(ownLink({ ...server, choice: CHOICE, timeout }), timeout);
  const close = () => void connection.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const reply = await connection.run({ verb: 'reach', prefix: '' }, (client) =>
      client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', sentinelName),
    );
    const master = Array.isArray(reply) ? parseAddress(reply.join(':'), sentinel.host) : undefined;
    if (master === undefined) throw new Error(`it knows no master named "${sentinelName}"`);
    return master;
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}
