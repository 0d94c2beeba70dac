import { mkdirSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { readAclRule } from '../support/acl-rule.js';
import { createRawRedis } from '../support/raw-redis.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { type Block, compile, readDocuments } from './documents.js';
import { run } from './packed.js';

jest.setTimeout(60_000);

/** A port that nobody listens at, and that the system gives to nobody who asks for a free one. */
const NOBODY = 1;

const examples = readDocuments()
  .flatMap(({ blocks }) => blocks)
  .filter(({ language }) => language === 'ts');

function exampleUnder(heading: string): Block {
  const found = examples.find((block) => block.heading.includes(heading));
  if (found === undefined) throw new Error(`There is no example under "${heading}"`);
  return found;
}

/** One speaks of sources of this repository, the other of files and servers that are not there. */
const NOT_LOADED: ReadonlySet<string> = new Set([
  'Adding a backend',
  '…connect with my own client, TLS, a Unix socket, Sentinel, a cluster, or passwords that rotate?',
]);

const printsSomething = ({ output }: Block): boolean => output !== undefined;
const isTest = ({ text }: Block): boolean => text.includes("'node:test'");
const isModule = ({ text }: Block): boolean => /^export class \w+Module /m.test(text);
const isRun = (example: Block): boolean => [printsSomething, isTest, isModule].some((is) => is(example));

describe('An example', () => {
  let server: RedisServer;
  let folder: string;

  beforeAll(async () => {
    server = await startRedisServer();
    folder = await mkdtemp(join(tmpdir(), 'spakky-readme-'));
    linkPackages(folder);
  });

  afterAll(async () => {
    await server?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Runs a program in which `./example.mjs` is the example. */
  async function runBeside(example: Block, program: string, port = server.port): Promise<string> {
    await writeFile(join(folder, 'example.mjs'), compile(example));
    await writeFile(join(folder, 'program.mjs'), program);
    const env = { SPAKKY_REDIS__HOST: server.host, SPAKKY_REDIS__PORT: String(port) };
    return (await run(process.execPath, ['program.mjs'], { cwd: folder, env })).trimEnd();
  }

  const runAlone = (example: Block): Promise<string> => runBeside(example, "import './example.mjs';");

  it.each(examples.filter(printsSomething))('prints what $place says', async (example) => {
    expect(await runAlone(example)).toBe(example.output);
  });

  it('of the quick start finds its entry when it is run again', async () => {
    const example = exampleUnder('Quick start');
    await runAlone(example);
    expect(await runAlone(example)).toBe('Ada, from Redis\nAda, from Redis');
  });

  it.each(examples.filter(isTest))('passes as a test ($place)', async (example) => {
    const report = await runAlone(example);
    expect(Number(/^# pass (\d+)$/m.exec(report)?.[1])).toBeGreaterThan(0);
    expect(report).toMatch(/^# fail 0$/m);
  });

  it.each(examples.filter(isModule))('boots as a module ($place)', async (example) => {
    const program = `
        import { NestFactory } from '@nestjs/core';
        import * as example from './example.mjs';
        const [module] = Object.values(example);
        const app = await NestFactory.createApplicationContext(module, { logger: ['warn', 'error'] });
        await app.close();
        console.log('closed');`;
    expect(await runBeside(example, program)).toBe('closed');
  });

  it('can be loaded, whatever it holds', async () => {
    const others = examples.filter((example) => !isRun(example) && !NOT_LOADED.has(example.heading));
    expect(others.length).toBeGreaterThan(5);
    const files = others.map((_, index) => `example-${index}.mjs`);
    await Promise.all(
      others.map((example, index) => writeFile(join(folder, `example-${index}.mjs`), compile(example))),
    );
    const program = files.map((file) => `await import('./${file}');`).join('\n');
    expect(await runBeside(exampleUnder('Quick start'), program)).toBe('');
  });

  it('goes on without the cache when Redis is down', async () => {
    const program = `
      import { RedisCache } from '@spakky/nestjs-redis-cache';
      import { getOrMiss } from './example.mjs';
      const cache = new RedisCache();
      console.log((await getOrMiss(cache, 'key')).hit);
      await cache.close();`;
    expect(await runBeside(exampleUnder('When Redis is down'), program, NOBODY)).toBe('false');
  });

  it('tells the health over HTTP', async () => {
    const program = `
      import { NestFactory } from '@nestjs/core';
      import { RedisCacheModule } from '@spakky/nestjs-redis-cache';
      import { HealthController } from './example.mjs';
      class App {}
      const imports = [RedisCacheModule.forRoot({ lazy: true })];
      const root = { module: App, imports, controllers: [HealthController] };
      const app = await NestFactory.create(root, { logger: false });
      await app.listen(0, '127.0.0.1');
      const response = await fetch(\`\${await app.getUrl()}/health\`);
      console.log(response.status, await response.text());
      await app.close();`;
    const example = exampleUnder('check the health');
    expect(await runBeside(example, program)).toBe('200 {"redis":"up"}');
    const down = await runBeside(example, program, NOBODY);
    expect(down).toMatch(/^503 .*REDIS_UNREACHABLE/);
  });

  it.each([
    {
      name: 'gives an ACL user all the commands that the cache sends',
      rule: readAclRule('waking'),
      refused: [],
    },
    {
      name: 'gives an ACL user who may not use CLIENT all the others',
      rule: readAclRule(),
      refused: ['client|id'],
    },
  ])('$name', async ({ rule, refused }) => {
    const raw = createRawRedis(server);
    await raw.call('ACL', 'DELUSER', rule.user);
    await raw.call('ACL', rule.argumentsWithout());
    await raw.call('ACL', 'LOG', 'RESET');
    const { host, port } = server;
    const { user: username, password, prefix: keyPrefix } = rule;
    const options = { host, port, db: 1, username, password, keyPrefix };
    await using cache = new RedisCache(options, { variable: () => undefined });
    await using other = new RedisCache(options, { variable: () => undefined });
    await usePlainly(cache);
    await useCapabilities(cache, other);
    const log = await raw.call('ACL', 'LOG');
    expect(Array.isArray(log) ? log.map((entry: string[]) => entry[7]) : log).toEqual(refused);
    raw.disconnect();
  });
});

async function usePlainly(cache: RedisCache): Promise<void> {
  await cache.ping();
  await cache.set('key', 1, { ttl: '1m' });
  expect(await cache.get('key')).toMatchObject({ value: 1 });
  expect(await cache.delete('key')).toBe(true);
  await cache.set('key', 2);
  await cache.clear();
  expect((await cache.get('key')).hit).toBe(false);
}

async function useCapabilities(cache: RedisCache, other: RedisCache): Promise<void> {
  const loading = cache.getOrSet('waited for', () => delay(1_500, 'loaded'), { ttl: '1m', leaseFor: 900 });
  await delay(50);
  expect(await other.getOrSet('waited for', () => 'again')).toBe('loaded');
  await loading;

  const stale = { ttl: 50, staleFor: '1m', pauseFor: 50, tags: ['tag'] } as const;
  await cache.getOrSet('stale', () => 'old', stale);
  await delay(100);
  expect(await cache.getOrSet('stale', () => Promise.reject(new Error('away')), stale)).toBe('old');
  await cache.set('tagged', 1, { ttl: '1d', tags: ['tag'] });
  await cache.evictTags('tag');
  expect((await cache.get('tagged')).hit).toBe(false);

  await cache.setMany(new Map([['one', 1]]));
  expect(await cache.deleteMany(['one', 'two'])).toBe(1);
  await cache.writeThrough('through', 1, () => undefined);
  await cache.writeBehind('behind', 1, () => undefined);
  await cache.drain();
  expect(cache.metrics().errors).toEqual({});
}

/** What examples may import beside the package: its peers, and what the migration page begins with. */
const LINKED = [
  '@nestjs',
  'ioredis',
  'rxjs',
  'reflect-metadata',
  '@opentelemetry',
  '@keyv',
  'cache-manager',
  'keyv',
];

/** Lets programs in a folder import the package and others by their names, as if they were installed there. */
function linkPackages(folder: string): void {
  mkdirSync(join(folder, 'node_modules/@spakky'), { recursive: true });
  symlinkSync(resolve('.'), join(folder, 'node_modules/@spakky/nestjs-redis-cache'));
  for (const name of LINKED) symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name));
}
