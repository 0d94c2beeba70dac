import { Redis } from 'ioredis';
import type { RedisClientLike, RedisPassword } from '../config/redis-cache-options.js';
import type {
  ResolvedRedisCacheOptions,
  ResolvedRedisConnection,
} from '../config/resolved-redis-cache-options.js';
import { CacheConfigurationError } from '../contract/errors.js';
import type { RedisTarget } from './redis-error.js';

/** One client of ioredis, and what may be done with it, which differs by who owns it. */
export interface RedisLink {
  readonly client: Redis;
  readonly target: RedisTarget;
  /** The event that ends an attempt to connect, or a connection. */
  readonly ending: 'end' | 'close';
  /** Whether it speaks TLS, as far as is known. */
  readonly tls: boolean;
  /** Who connects again after a loss. */
  readonly redialledBy: 'cache' | 'owner';
  /** Fetches what is needed to connect; it rejects when there are no credentials to be had. */
  prepare(): Promise<void>;
  /** Begins to connect; the client's events tell how it goes. */
  connect(): void;
  /** Ends the connection, and whatever still waits for a reply on it. */
  hangUp(): void;
}

/** Makes the link that the options ask for; nothing is connected yet. */
export function createLink({ connection, socketTimeout }: ResolvedRedisCacheOptions): RedisLink {
  if (connection.kind === 'client') return borrowedLink(connection.client);
  if (connection.kind === 'tcp' || connection.kind === 'unix') return ownLink(connection, socketTimeout);
  throw new CacheConfigurationError([`a ${connection.kind} expects a later version of this package`]);
}

type OwnConnection = Extract<ResolvedRedisConnection, { kind: 'tcp' | 'unix' }>;

/** A client of the cache's own. ioredis neither retries nor queues: every command reaches the server once or never. */
function ownLink(connection: OwnConnection, timeout: number): RedisLink {
  const client = new Redis({
    ...addressOf(connection),
    db: connection.db,
    lazyConnect: true,
    connectTimeout: timeout,
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
  return {
    client,
    target: {
      address: connection.kind === 'unix' ? connection.path : hostAndPort(connection),
      db: connection.db,
    },
    tls: connection.kind === 'tcp' && connection.tls !== false,
    ending: 'end',
    redialledBy: 'cache',
    async prepare() {
      client.options.username = connection.username;
      client.options.password = await currentPassword(connection.password);
    },
    connect: () => connectQuietly(client),
    hangUp: () => client.disconnect(),
  };
}

/** The application's own client: it is used, and left as it is. */
function borrowedLink(candidate: RedisClientLike): RedisLink {
  if (!isRedisClient(candidate)) {
    throw new CacheConfigurationError([
      'options.client expects a client of ioredis for one server: new Redis(…)',
    ]);
  }
  const { host = 'localhost', port = 6379, path, db = 0 } = candidate.options;
  return {
    client: candidate,
    target: { address: path ?? hostAndPort({ host, port }), db },
    tls: candidate.options.tls !== undefined,
    ending: 'close',
    redialledBy: 'owner',
    prepare: async () => undefined,
    connect() {
      if (candidate.status === 'wait') connectQuietly(candidate);
    },
    hangUp: () => undefined,
  };
}

function connectQuietly(client: Redis): void {
  // The rejection says less than the events do, which are listened to.
  client.connect().catch(() => undefined);
}

function addressOf(connection: OwnConnection): object {
  if (connection.kind === 'unix') return { path: connection.path };
  const { host, port, tls } = connection;
  if (tls === false) return { host, port };
  return { host, port, tls };
}

function hostAndPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

async function currentPassword(password: RedisPassword | undefined): Promise<string | undefined> {
  if (typeof password !== 'function') return password;
  const answer: unknown = await password();
  if (typeof answer === 'string' && answer !== '') return answer;
  // Connecting without one would log in as the default user, where that has no password.
  throw new TypeError('The function answered no password');
}

function isRedisClient(client: RedisClientLike): client is Redis {
  if (Reflect.get(client, 'isCluster') === true) return false;
  const commands = ['getBuffer', 'set', 'unlink', 'eval', 'scanBuffer', 'ping', 'on'];
  return commands.every((command) => typeof Reflect.get(client, command) === 'function');
}
