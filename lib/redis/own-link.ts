import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import type { RedisPassword } from '../config/redis-cache-options.js';
import type { ResolvedAddress } from '../config/resolved-redis-cache-options.js';
import { hostAndPort } from './address.js';
import { guardParser } from './guard-parser.js';
import type { RedisTarget } from './redis-error.js';
import { connectionFailure, type ConnectionFailure } from './redis-failure.js';
import { connectQuietly, type RedisLink } from './redis-link.js';
import { catchStrayReplies } from './stray-replies.js';

/** Where a server listens. */
export type ServerPlace = ResolvedAddress | { readonly path: string };

/** One server that the cache connects to by itself. */
export interface OwnServer {
  readonly place: ServerPlace;
  readonly db: number;
  readonly username: string | undefined;
  readonly password: RedisPassword | undefined;
  readonly tls: false | Readonly<ConnectionOptions>;
  /** How another server is chosen, as a sentence for the remedy of errors. */
  readonly choice: string;
  /** In milliseconds. */
  readonly timeout: number;
}

/** What may differ from a server that is always at the same place. */
export interface OwnLinkVariation {
  readonly target?: RedisTarget;
  readonly seeksMaster?: boolean;
  /** Asks for the place of the server, before every attempt to connect. */
  readonly locate?: (signal: AbortSignal) => Promise<ResolvedAddress | ConnectionFailure>;
  readonly watch?: RedisLink['watch'];
  /** Takes what comes unasked, which is an error otherwise. */
  readonly onMessage?: (message: unknown) => void;
}

/** A client of the cache's own. ioredis neither retries nor queues: every command reaches the server once or never. */
export function ownLink(server: OwnServer, variation: OwnLinkVariation = {}): RedisLink {
  const { place, tls } = server;
  const client = new Redis({
    ...place,
    ...(tls !== false && { tls: verifying(tls) }),
    db: server.db,
    lazyConnect: true,
    connectTimeout: server.timeout,
    // A socket whose server is frozen answers no FIN: it is destroyed at once instead.
    disconnectTimeout: 0,
    retryStrategy: null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // A server that is loading its data set answers so by itself, and INFO may be forbidden.
    enableReadyCheck: false,
    // While ioredis 5 waits for the replies of CLIENT SETINFO, a connection may end: it would be called ready for ever.
    disableClientInfo: true,
    // RESP3 brings nothing that is used here, and its HELLO may be forbidden.
    protocol: 2,
  });
  // An error after the end of everything interests nobody, but ioredis would print it.
  client.on('error', () => undefined);
  client.on('connect', () => {
    guardParser(client);
    catchStrayReplies(client, variation.onMessage);
  });
  return {
    client,
    target: variation.target ?? {
      address: 'path' in place ? place.path : hostAndPort(place),
      db: server.db,
      choice: server.choice,
    },
    tls: tls !== false,
    ending: 'end',
    redialledBy: 'cache',
    seeksMaster: variation.seeksMaster ?? false,
    async prepare(patience, signal) {
      const [password, found] = await Promise.all([
        currentPassword(server.password, patience, signal),
        variation.locate?.(signal),
      ]);
      if (typeof password === 'object') return password;
      if (found !== undefined && 'code' in found) return found;
      Object.assign(client.options, found, { username: server.username, password });
      return undefined;
    },
    connect: () => connectQuietly(client),
    watch: variation.watch,
    companion: (onMessage) =>
      ownLink({ ...server, place: presentPlace(client, place) }, { target: variation.target, onMessage }),
    hangUp: () => client.disconnect(),
  };
}

/** Where a server was found whose place may change. */
function presentPlace({ options }: Redis, place: ServerPlace): ServerPlace {
  if ('path' in place) return place;
  return { host: options.host ?? place.host, port: options.port ?? place.port };
}

/** Only the application's code can switch the check of certificates off: `NODE_TLS_REJECT_UNAUTHORIZED` cannot. */
function verifying(tls: Readonly<ConnectionOptions>): ConnectionOptions {
  return { ...tls, rejectUnauthorized: tls.rejectUnauthorized ?? true };
}

async function currentPassword(
  password: RedisPassword | undefined,
  patience: number,
  signal: AbortSignal,
): Promise<string | undefined | ConnectionFailure> {
  if (typeof password !== 'function') return password;
  const late = new AbortController();
  const timeout = noPassword(`the function that answers the password took over ${patience} ms`);
  const timer = delay(patience, timeout, { signal: AbortSignal.any([signal, late.signal]) });
  try {
    return await Promise.race([timer, askForPassword(password)]);
  } catch {
    return noPassword('it is not needed any more');
  } finally {
    late.abort();
  }
}

async function askForPassword(password: () => unknown): Promise<string | ConnectionFailure> {
  try {
    const answer = await password();
    if (typeof answer === 'string' && answer !== '') return answer;
  } catch {
    // What it says may hold the secret that it asked another service with.
    return noPassword('the function that answers the password failed');
  }
  // Connecting without one would log in as the default user, where that has no password.
  return noPassword('the function that answers the password answered none');
}

function noPassword(what: string): ConnectionFailure {
  return connectionFailure('REDIS_CREDENTIALS', what);
}
