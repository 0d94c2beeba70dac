import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readAclRule } from '../support/acl-rule.js';
import type { Variables } from '../support/cache-fixture.js';
import { createRawRedis } from '../support/raw-redis.js';
import { startCluster } from '../support/redis-cluster.js';
import { startSentinels } from '../support/redis-sentinels.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { directionsToMaster, directionsToNodes } from '../support/topology-fixtures.js';
import { eventually } from '../support/waiting.js';

const execute = promisify(execFile);
const compiler = 'node_modules/@typescript/native/bin/tsc';
const samples = [
  '01-basic',
  '02-async-config',
  '03-named-caches',
  '04-memory-in-tests',
  '05-world-cities',
  '06-tls',
  '07-acl',
  '08-unix-socket',
  '09-sentinel',
  '10-cluster',
  '11-load-once',
  '12-tags',
  '13-write-policies',
  '14-decorators',
  '15-from-cache-manager',
  '16-health-and-tracing',
];
const seconds = 1_000;

jest.setTimeout(60 * seconds);

// They import the package by its name, so that they run what was built: `npm test` builds it first.
describe('The samples', () => {
  let server: RedisServer;

  beforeAll(async () => {
    const build = execute(process.execPath, [compiler, '-p', 'tsconfig.sample.json']);
    [server] = await Promise.all([startRedisServer(), build]);
  });

  afterAll(() => server?.stop());

  it('are all tested here and known to the Nest CLI', async () => {
    const cli = JSON.parse(await readFile('nest-cli.json', 'utf8'));
    expect(await readdir('sample')).toEqual(samples);
    expect(Object.keys(cli.projects)).toEqual(samples);
  });

  it('show a miss, a hit and a deletion in 01-basic', async () => {
    const profile = '{"id":"42","name":"Ada Lovelace","since":"1843-09-01T00:00:00.000Z"}';
    expect(await run('01-basic', at(server))).toEqual([
      `GET /profiles/42 → {"from":"database","profile":${profile}}`,
      `GET /profiles/42 → {"from":"cache","profile":${profile}}`,
      'DELETE /profiles/42 → {"forgotten":true}',
    ]);
  });

  it('show options from ConfigService, by a factory and by a class, in 02-async-config', async () => {
    const address = `${server.host}:${server.port}`;
    const quote = 'Simplicity is prerequisite for reliability.';
    expect(await run('02-async-config', at(server))).toEqual([
      `ByFactoryModule: ${quote} (at ${address}, under samples:)`,
      `ByClassModule: ${quote} (at ${address}, under quotes:)`,
    ]);
  });

  it('show two caches that do not clear each other in 03-named-caches', async () => {
    expect(await run('03-named-caches', at(server))).toEqual([
      'at first        session: ada, admin; price: 129900 cents',
      'prices cleared  session: ada, admin; price: a miss',
    ]);
  });

  it('show tests that need neither Redis nor patience in 04-memory-in-tests', async () => {
    const nobody = { host: '127.0.0.1', port: 1 };
    expect(await run('04-memory-in-tests', at(nobody))).toEqual([
      '✓ aloneWithMemory: asks the source once per hour',
      '✓ wholeModule: asks the source once per hour',
    ]);
  });

  // What two processes make of it, and what an outage does, is checked by `npm run demo`.
  it('serve the cities of the world until Ctrl-C in 05-world-cities', async () => {
    const child = spawn(process.execPath, [program('05-world-cities')], {
      env: environment({ ...at(server), PORT: '0' }),
    });
    const exited = once(child, 'exit');
    try {
      const url = await firstUrl(child);

      const [miss, hit] = [await ask(url), await ask(url)];
      const refused = await ask(url.replace(/latitude=[^&]*/, 'latitude=0&keepFor=-1'));
      child.kill('SIGINT');

      const cities = expect.arrayContaining([expect.objectContaining({ name: 'Amsterdam', country: 'NL' })]);
      expect(miss).toMatchObject({ status: 200, body: { hit: false, cities } });
      expect(hit).toMatchObject({ status: 200, body: { hit: true, cities } });
      expect(refused).toMatchObject({ status: 400, body: { code: 'CACHE_TTL_INVALID' } });
      expect(await exited).toEqual([null, 'SIGINT']);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('show TLS by variables and in code, and an authority that is missed, in 06-tls', async () => {
    await using secure = await startRedisServer({ tls: { mutual: true } });
    const { caFile = '', client: { certFile = '', keyFile = '' } = {} } = secure.certificates ?? {};
    const variables = {
      SPAKKY_REDIS__TLS_CA_FILE: caFile,
      SPAKKY_REDIS__TLS_CERT_FILE: certFile,
      SPAKKY_REDIS__TLS_KEY_FILE: keyFile,
      APP_CA_FILE: caFile,
      APP_CERT_FILE: certFile,
      APP_KEY_FILE: keyFile,
    };
    expect(await run('06-tls', { ...at(secure), ...variables })).toEqual([
      'by variables: Ada',
      'in code: Ada',
      'without the authority: REDIS_TLS',
    ]);
  });

  it("show that a user has no access to another application's keys in 07-acl", async () => {
    const { user, password, argumentsWithout } = readAclRule();
    const raw = createRawRedis(server);
    await raw.call('ACL', argumentsWithout());
    raw.disconnect();
    const variables = { SPAKKY_REDIS__USERNAME: user, SPAKKY_REDIS__PASSWORD: password };
    expect(await run('07-acl', { ...at(server), ...variables })).toEqual([
      'our keys: 12 chairs',
      'theirs: REDIS_NO_PERMISSION',
    ]);
  });

  it('show a connection without TCP in 08-unix-socket', async () => {
    await using local = await startRedisServer({ unixSocket: true });
    const variables = { SPAKKY_REDIS__PATH: local.path ?? '' };
    expect(await run('08-unix-socket', variables)).toEqual([`Ada, by ${local.path}`]);
  });

  it('live through a failover in 09-sentinel', async () => {
    await using servers = await startSentinels({ password: 'secret', sentinelPassword: 'of-the-watch' });
    const child = spawn(process.execPath, [program('09-sentinel')], {
      env: environment(directionsToMaster(servers).variables),
    });
    const exited = once(child, 'exit');
    const transcript = recordOf(child);
    const hasSaid = (...lines: readonly string[]) =>
      eventually(10 * seconds, async () => expect(transcript()).toEqual(lines));
    try {
      await hasSaid('beating');
      await servers.killMaster();
      await hasSaid('beating', 'no master');
      await servers.awaitFailover();
      await hasSaid('beating', 'no master', 'beating');
      child.kill('SIGINT');
      expect(await exited).toEqual([null, 'SIGINT']);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('spread entries over a cluster and clear it in 10-cluster', async () => {
    await using servers = await startCluster({ password: 'secret', tls: true });
    expect(await run('10-cluster', directionsToNodes(servers).variables)).toEqual([
      'counted: 1000 of 1000 pages',
      'cleared: 0 of 1000 pages',
    ]);
  });

  it('load a value once for a thousand callers in four processes in 11-load-once', async () => {
    expect(await run('11-load-once', at(server))).toEqual([
      'at first: 1000 callers, 1 value, loads: 1',
      'again:    1000 callers, 1 value, loads: 0',
    ]);
  });

  it('show entries that are removed by what they belong to in 12-tags', async () => {
    expect(await run('12-tags', at(server))).toEqual([
      'loaded:             Amsterdam, Rotterdam, Gent',
      'without country:NL: Gent',
      'without cities:     nothing',
    ]);
  });

  // How many writes of a key are replaced depends on how fast the file is: the last one never is.
  it('keep a file in step, and tell what it did not get, in 13-write-policies', async () => {
    expect(await run('13-write-policies', at(server))).toEqual([
      'counted: 12 in the cache, 12 in the file',
      'refused: EROFS: read-only file system',
      'refused: 12 in the cache, 12 in the file',
      expect.stringMatching(/^5 estimates in [1-4] writes: 46 in the cache, 46 in the file$/),
      'onWriteError: nails = 45 (CACHE_WRITE_NOT_DRAINED)',
    ]);
  });

  it('call methods only for what the cache does not hold in 14-decorators', async () => {
    expect(await run('14-decorators', at(server))).toEqual([
      '  (reading book 1)',
      '  (reading Emma)',
      'at first: Emma; novels: Emma',
      'again: Emma; novels: Emma',
      '  (reading Persuasion)',
      'saved: Persuasion; novels: Persuasion',
      '  (reading book 1)',
      'removed: no book; novels: ',
      '  (thinking about Ada)',
      'greeting: Good morning, Ada',
      'greeting: Good morning, Ada',
      '  (thinking about Grace)',
      'greeting: Good morning, Grace',
      '  (computing the fine for 3 days)',
      'fine/3: 30 cents',
      'fine/03: 30 cents',
    ]);
  });

  it('answer alike before and after, and tell what differs, in 15-from-cache-manager', async () => {
    const answers = [
      '  (reading product 1)',
      'GET /products/1 → Chair, since 2019',
      'GET /products/1 → Chair, since 2019',
      '  (reading all names)',
      'GET /names → Chair, Table',
      'GET /names → Chair, Table',
      '  (reading all names)',
      'GET /count → 2 products',
      'GET /count → 2 products',
      'PUT /products/1/Stool → 200',
      '  (reading product 1)',
      'GET /products/1 → Stool, since 2019',
      '  (reading all names)',
      'GET /names → Stool, Table',
      'DELETE /cache → 200',
      '  (reading all names)',
      'GET /count → 2 products',
      'DELETE /cache → 200',
    ];
    expect(await run('15-from-cache-manager', at(server))).toEqual([
      'before, with @nestjs/cache-manager',
      ...answers,
      'after, with @spakky/nestjs-redis-cache',
      ...answers,
      'what differs',
      "a Date: before '1970-01-01T00:00:00.000Z'; after 1970-01-01T00:00:00.000Z",
      "a Map: before {}; after Map(1) { 'a' => 1 }",
      'a BigInt: before TypeError; after 10n',
      'undefined that was kept: before like a miss; after a hit',
      'del of an absent key: before true; after false',
      'a time to live of -1: before value; kept: undefined; after CACHE_TTL_INVALID',
      "deleted while it was loaded: before kept: 'old'; after kept: CacheMiss { hit: false }",
      'get when Redis is away: before no answer within a second; after REDIS_UNREACHABLE',
    ]);
  });

  it('show the cache in the trace of a request, and whether Redis can be used, in 16-health-and-tracing', async () => {
    const { host, port } = server;
    const here = `${host}:${port}`;
    const profile = '{"id":"42","name":"Ada Lovelace"}';
    expect(await run('16-health-and-tracing', at(server))).toEqual([
      `  ping ${here}`,
      '  GET /profiles/42',
      `    getOrSet ${here}, spakky.cache.hits: 0, spakky.cache.misses: 1`,
      '      SELECT profiles',
      `/profiles/42 → ${profile}`,
      '  GET /profiles/42',
      `    getOrSet ${here}, spakky.cache.hits: 1, spakky.cache.misses: 0`,
      `/profiles/42 → ${profile}`,
      '  GET /health',
      `    ping ${here}`,
      '/health → 200: cache up',
      '  GET /health/archive',
      '    ping 127.0.0.1:1, error.type: REDIS_UNREACHABLE',
      '/health/archive → 503: archive down REDIS_UNREACHABLE',
      'db.client.operation.duration (ping): 2',
      'db.client.operation.duration (getOrSet): 2',
      'db.client.operation.duration (ping, REDIS_UNREACHABLE): 1',
      'spakky.cache.hits (getOrSet): 1',
      'spakky.cache.misses (getOrSet): 1',
    ]);
  });
});

/** Runs a sample until it ends by itself, and answers what it printed, line by line. */
async function run(sample: string, variables: Variables): Promise<string[]> {
  const options = { env: environment(variables), timeout: 20 * seconds };
  const { stdout, stderr } = await execute(process.execPath, [program(sample)], options);
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}

function environment(variables: Variables): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...variables };
}

/** What a sample is told of one server. */
function at({ host, port }: { readonly host: string; readonly port: number }): Variables {
  return {
    SPAKKY_REDIS__HOST: host,
    SPAKKY_REDIS__PORT: String(port),
    SPAKKY_REDIS__KEY_PREFIX: 'samples:',
  };
}

function program(sample: string): string {
  return `build/sample/${sample}/main.js`;
}

/** Answers what a program has printed so far, line by line. */
function recordOf(child: ChildProcess): () => readonly string[] {
  let output = '';
  child.stdout?.on('data', (text) => (output += String(text)));
  return () => output.trimEnd().split('\n');
}

/** The first address that the program tells its user to try. */
function firstUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (text) => {
      output += String(text);
      const url = /curl '(.*)'/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('exit', () => reject(new Error(`It ended before it served: ${output}`)));
  });
}

async function ask(url: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}
