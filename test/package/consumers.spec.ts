import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { pack, type Packed, run } from './packed.js';

// Both ends of every peer range, as a range is a promise.
const oldest = { nest: '11.0.0', config: '4.0.0', terminus: '11.0.0', rxjs: '7.1.0' };
const eleven = { nest: '11.2.10', config: '4.0.4', terminus: '11.1.1', rxjs: '7.8.2' };
const twelve = { nest: '12.5.1', config: '12.0.1', terminus: '12.1.0', rxjs: '7.8.2' };
const consumers = [
  { ...oldest, ioredis: '5.11.0' },
  { ...eleven, ioredis: '6.0.0' },
  { ...twelve, ioredis: '5.11.1' },
  { ...twelve, ioredis: '6.0.0' },
];
type Consumer = (typeof consumers)[number];

describe('An application that installed the package', () => {
  let packed: Packed;
  let server: RedisServer;

  beforeAll(async () => {
    [packed, server] = await Promise.all([pack(), startRedisServer()]);
  }, 60_000);

  afterAll(() => Promise.all([packed?.remove(), server?.stop()]));

  describe.each(consumers)('with Nest $nest and ioredis $ioredis', (consumer) => {
    let folder: string;
    const node = (...args: string[]) =>
      run(process.execPath, args, { cwd: folder, env: environment(server) });
    const npx = (...args: string[]) =>
      run('npx', ['--no', '--', 'spakky-cache', ...args], { cwd: folder, env: environment(server) });

    beforeAll(async () => {
      folder = await install(packed, consumer);
      await compileShop(folder);
    }, 180_000);

    it('boots by import, caches, decorates, tells its health, closes and ends by itself', async () => {
      await node('app.mjs');
    }, 60_000);

    it('boots by require, as the same copy, does the same, and ends by itself', async () => {
      await node('app.cjs');
    }, 60_000);

    it('satisfies the published contract under the test runner of Node', async () => {
      const report = await node('--test', '--test-reporter=tap', 'contract.mjs');
      expect(Number(/^# pass (\d+)/m.exec(report)?.[1])).toBeGreaterThan(0);
      expect(report).toMatch(/^# skipped 0$/m);
    }, 120_000);

    it('explains a key at the prompt', async () => {
      expect(await npx('--help')).toMatch(/^Usage: spakky-cache /);
      const { state, physicalKey } = JSON.parse(await npx('explain', 'nothing', '--json'));
      expect([state, physicalKey]).toEqual(['absent', 'spakky:cache:nothing']);
    }, 60_000);

    // Nest 12 is an ES module itself.
    if (!consumer.nest.startsWith('11.')) return;

    it('runs in a Jest that knows no ES modules', async () => {
      const jest = resolve('node_modules/jest/bin/jest.js');
      await node(jest, '--ci', '--rootDir', folder, '--testMatch', '**/*.test.cjs');
    }, 120_000);
  });
});

/** The environment that `RedisCacheModule.forRoot()` and `new RedisCache()` read. */
function environment({ host, port }: RedisServer): NodeJS.ProcessEnv {
  return { SPAKKY_REDIS__HOST: host, SPAKKY_REDIS__PORT: String(port) };
}

async function install(packed: Packed, { nest, config, terminus, rxjs, ioredis }: Consumer): Promise<string> {
  const folder = join(packed.folder, `nest-${nest}-ioredis-${ioredis}`);
  await mkdir(folder);
  await cp(resolve('test/package/consumer'), folder, { recursive: true });
  const dependencies = {
    '@spakky/nestjs-redis-cache': `file:${packed.tarball}`,
    '@nestjs/common': nest,
    '@nestjs/core': nest,
    '@nestjs/platform-express': nest,
    '@nestjs/config': config,
    '@nestjs/terminus': terminus,
    'reflect-metadata': '0.2.2',
    ioredis,
    rxjs,
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const quickly = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
  await run('npm', ['install', ...quickly], { cwd: folder, seconds: 180 });
  return folder;
}

/** Type-checks the decorated classes against what is installed, and emits them for `import` and for `require`. */
async function compileShop(folder: string): Promise<void> {
  for (const [name, type] of [
    ['esm', 'module'],
    ['cjs', 'commonjs'],
  ] as const) {
    await mkdir(join(folder, name));
    await cp(join(folder, 'shop.ts'), join(folder, name, 'shop.ts'));
    await writeFile(join(folder, name, 'package.json'), JSON.stringify({ type }));
  }
  const compiler = resolve('node_modules/@typescript/native/bin/tsc');
  await run(process.execPath, [compiler, '-p', folder], { cwd: folder });
}
