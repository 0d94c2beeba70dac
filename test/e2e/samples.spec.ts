import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';

const execute = promisify(execFile);
const compiler = 'node_modules/@typescript/native/bin/tsc';
const samples = ['01-basic', '02-async-config', '03-named-caches', '04-memory-in-tests', '05-world-cities'];
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
    expect(await run('01-basic', server)).toEqual([
      `GET /profiles/42 → {"from":"database","profile":${profile}}`,
      `GET /profiles/42 → {"from":"cache","profile":${profile}}`,
      'DELETE /profiles/42 → {"forgotten":true}',
    ]);
  });

  it('show options from ConfigService, by a factory and by a class, in 02-async-config', async () => {
    const address = `${server.host}:${server.port}`;
    const quote = 'Simplicity is prerequisite for reliability.';
    expect(await run('02-async-config', server)).toEqual([
      `ByFactoryModule: ${quote} (at ${address}, under samples:)`,
      `ByClassModule: ${quote} (at ${address}, under quotes:)`,
    ]);
  });

  it('show two caches that do not clear each other in 03-named-caches', async () => {
    expect(await run('03-named-caches', server)).toEqual([
      'at first        session: ada, admin; price: 129900 cents',
      'prices cleared  session: ada, admin; price: a miss',
    ]);
  });

  it('show tests that need neither Redis nor patience in 04-memory-in-tests', async () => {
    const nobody = { host: '127.0.0.1', port: 1 };
    expect(await run('04-memory-in-tests', nobody)).toEqual([
      '✓ aloneWithMemory: asks the source once per hour',
      '✓ wholeModule: asks the source once per hour',
    ]);
  });

  // What two processes make of it, and what an outage does, is checked by `npm run demo`.
  it('serve the cities of the world until Ctrl-C in 05-world-cities', async () => {
    const child = spawn(process.execPath, [program('05-world-cities')], {
      env: { ...environment(server), PORT: '0' },
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
});

/** Runs a sample until it ends by itself, and answers what it printed, line by line. */
async function run(sample: string, address: Address): Promise<string[]> {
  const options = { env: environment(address), timeout: 20 * seconds };
  const { stdout, stderr } = await execute(process.execPath, [program(sample)], options);
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function environment({ host, port }: Address): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    SPAKKY_REDIS__HOST: host,
    SPAKKY_REDIS__PORT: String(port),
    SPAKKY_REDIS__KEY_PREFIX: 'samples:',
  };
}

function program(sample: string): string {
  return `build/sample/${sample}/main.js`;
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
