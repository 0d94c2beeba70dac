import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultCase } from './fault-cases.js';
import { type FaultStage, PASSWORD } from './fault-stage.js';
import { createRawRedis } from './raw-redis.js';
import { startRedisServer } from './redis-server.js';
import { all, LOST, SILENCE, UNREACHABLE, type Verdict, type Verdicts, WORKS } from './verdicts.js';

/** The ACL user of the stages where it is not the default one. */
const USER = 'limited';

type Details = Pick<FaultCase, 'strike' | 'first'> & Partial<FaultCase>;

/** A fault of the server itself. */
function ofServer(id: string, name: string, details: Details): FaultCase {
  return { id, name, stage: { reach: 'server', server: {} }, meets: 'connected', ...details };
}

/** Something that no attempt to connect gets over. */
function ofConfiguration(
  id: string,
  name: string,
  verdict: Verdict,
  stage: Partial<FaultCase['stage']>,
  details: Partial<FaultCase> = {},
): FaultCase {
  return {
    id,
    name,
    stage: { reach: 'server', ...stage },
    meets: 'connecting',
    strike: async () => undefined,
    first: all(verdict),
    later: all(verdict),
    ...details,
  };
}

/** An entry that is there is only looked at before the origin is written: what refuses writes strikes afterwards. */
const OUTDATED: Verdicts['byName'] = { writeThrough: 'CACHE_WRITE_OUTDATED' };

function byEffect(verdicts: Partial<Verdicts['byEffect']>): Verdicts {
  return { byEffect: { ...WORKS.byEffect, ...verdicts } };
}

function createUser({ admin }: FaultStage, ...rules: readonly string[]): Promise<unknown> {
  return admin.call(
    'ACL',
    'SETUSER',
    USER,
    'on',
    'allchannels',
    'resetkeys',
    'resetpass',
    `>${PASSWORD}`,
    ...rules,
  );
}

/** A login that the server's operator restricts once it is in use. */
const asUser = {
  stage: { reach: 'server', server: {}, client: () => ({ username: USER }) },
  prepare: (stage: FaultStage) => createUser(stage, '~*', '+@all'),
  heal: (stage: FaultStage) => createUser(stage, '~*', '+@all'),
} as const;

/** A script that never ends; the server says so to everyone else once it has run for a while. */
async function runForEver({ server, admin }: FaultStage): Promise<void> {
  await admin.config('SET', 'lua-time-limit', '1');
  const culprit = createRawRedis(server);
  void culprit.eval('while true do end', 0).catch(() => culprit.disconnect());
  const isBusy = () =>
    admin.ping().then(
      () => false,
      () => true,
    );
  while (!(await isBusy())) await delay(5);
}

/** Copies another server, slowly: until that is done the copy is loading. */
async function load({ admin }: FaultStage): Promise<void> {
  const source = await startRedisServer({ password: PASSWORD });
  const client = createRawRedis(source);
  await client.eval("for i = 1, 5000 do redis.call('SET', 'copied:' .. i, string.rep('x', 100)) end", 0);
  await admin.config('SET', 'key-load-delay', '2000');
  await admin.config('SET', 'loading-process-events-interval-bytes', '1024');
  await admin.config('SET', 'masterauth', PASSWORD);
  // Otherwise a write would be refused for that reason first.
  await admin.config('SET', 'replica-read-only', 'no');
  await admin.replicaof(source.host, source.port);
  while (!(await admin.info('persistence')).includes('loading:1')) await delay(5);
  client.disconnect();
  await source.stop();
}

async function stopLoading({ admin }: FaultStage): Promise<void> {
  await admin.config('SET', 'key-load-delay', '0');
  while ((await admin.info('persistence')).includes('loading:1')) await delay(5);
  await admin.replicaof('NO', 'ONE');
}

/** The server is frozen, and its kernel has accepted as many connections as it may. */
async function fillBacklog({ server }: FaultStage): Promise<void> {
  await server.freeze();
  for (;;) {
    const socket: Socket = connect(server.port, server.host);
    socket.on('error', () => undefined);
    const connected = once(socket, 'connect').then(
      () => true,
      () => true,
    );
    socket.unref();
    if (!(await Promise.race([connected, delay(100, false)]))) return;
  }
}

/** Every fault of the server, or of the way it is configured. */
export const SERVER_FAULT_CASES: readonly FaultCase[] = [
  ofServer('A13', 'the server is killed while operations run', {
    strike: ({ server }) => server.freeze(),
    strikeInFlight: ({ server }) => server.kill('SIGKILL'),
    first: LOST,
    later: UNREACHABLE,
    heal: (stage) => stage.restartServer(),
  }),
  ofServer('A16', 'the server freezes', {
    strike: ({ server }) => server.freeze(),
    first: SILENCE,
    later: UNREACHABLE,
    heal: ({ server }) => server.resume(),
  }),
  ofServer('A20', 'the server is frozen, and takes no new connections either', {
    stage: { reach: 'server', server: { args: ['--tcp-backlog', '1'] } },
    meets: 'connecting',
    strike: fillBacklog,
    first: UNREACHABLE,
    later: UNREACHABLE,
    heal: ({ server }) => server.resume(),
  }),
  ofServer('A24', 'the server has no memory left', {
    strike: ({ admin }) => admin.config('SET', 'maxmemory', '1'),
    // What cannot be written through is removed instead.
    first: {
      ...byEffect({ prepares: 'REDIS_OUT_OF_MEMORY', stores: 'REDIS_OUT_OF_MEMORY' }),
      byName: { writeThrough: 'works' },
    },
    heal: ({ admin }) => admin.config('SET', 'maxmemory', '0'),
  }),
  ofServer('A24', 'the server has become a replica', {
    strike: ({ admin, server }) => admin.replicaof(server.host, 1),
    first: {
      ...byEffect({ prepares: 'REDIS_READONLY', stores: 'REDIS_READONLY', removes: 'REDIS_READONLY' }),
      byName: OUTDATED,
    },
    heal: ({ admin }) => admin.replicaof('NO', 'ONE'),
  }),
  ofServer('A24', 'the server cannot save its data', {
    // Nobody can write there.
    stage: { reach: 'server', server: { args: ['--dir', '/proc'] } },
    strike: async ({ admin }) => {
      await admin.config('SET', 'save', '3600 1');
      await admin.bgsave();
      while (!(await admin.info('persistence')).includes('rdb_last_bgsave_status:err')) await delay(5);
    },
    // Redis refuses PING as well.
    first: {
      ...byEffect({
        prepares: 'REDIS_PERSISTENCE',
        stores: 'REDIS_PERSISTENCE',
        removes: 'REDIS_PERSISTENCE',
        reaches: 'REDIS_PERSISTENCE',
      }),
      byName: OUTDATED,
    },
    heal: ({ admin }) => admin.config('SET', 'stop-writes-on-bgsave-error', 'no'),
  }),
  ofServer('A24', 'a script blocks the server', {
    strike: runForEver,
    first: all('REDIS_BUSY'),
    heal: ({ admin }) => admin.script('KILL'),
  }),
  ofServer('A24', 'the server is loading its data', {
    strike: load,
    first: all('REDIS_LOADING'),
    heal: stopLoading,
  }),
  ofServer('A10', 'the user may not use the commands any more', {
    ...asUser,
    strike: (stage) => createUser(stage, '~*', '-@all', '+ping'),
    first: { byEffect: { ...all('REDIS_NO_PERMISSION').byEffect, reaches: 'works' } },
  }),
  ofServer('A10', 'the user may not use the keys any more', {
    ...asUser,
    strike: (stage) => createUser(stage, '~elsewhere:*', '+@all'),
    first: { byEffect: { ...all('REDIS_NO_PERMISSION').byEffect, reaches: 'works' } },
  }),
  ofConfiguration(
    'A08',
    'the password is refused',
    'REDIS_CREDENTIALS',
    { server: {}, client: () => ({ username: USER }) },
    { heal: (stage) => createUser(stage, '~*', '+@all'), recovery: 11_000 },
  ),
  ofConfiguration('A09', 'the server wants a password, and none was given', 'REDIS_CREDENTIALS', {
    client: () => ({ password: undefined }),
  }),
  ofConfiguration(
    'A11',
    'the database does not exist',
    'REDIS_DATABASE',
    { client: () => ({ db: 99 }) },
    { plainNote: 'in database 0' },
  ),
  ofConfiguration('A05', 'nobody has the name of the host', 'REDIS_UNREACHABLE', {
    client: () => ({ host: 'no-such-host.invalid' }),
  }),
  ofConfiguration('A26', 'the client speaks TLS, the server does not', 'REDIS_TLS', {
    client: () => ({ useSsl: true }),
  }),
  ofConfiguration('A26', 'the server speaks TLS, the client does not', 'REDIS_CONNECTION_LOST', {
    server: { tls: true },
  }),
  ofConfiguration('A26', 'the certificate of the server is not trusted', 'REDIS_TLS', {
    server: { tls: true },
    client: () => ({ useSsl: true }),
  }),
  ofConfiguration('A26', 'the certificate of the server is for another name', 'REDIS_TLS', {
    server: { tls: { hosts: ['elsewhere.example'] } },
    client: ({ certificates }) => ({ useSsl: true, tls: { ca: certificates?.ca } }),
  }),
];
