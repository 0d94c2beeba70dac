import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createRawRedis } from '../support/raw-redis.js';
import { type RedisServer, type RedisServerOptions, startRedisServer } from '../support/redis-server.js';

const run = promisify(execFile);
const cleanUps: (() => unknown)[] = [];

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedisServer(options);
  cleanUps.push(() => server.stop());
  return server;
}

function use(redis: Redis): Redis {
  cleanUps.push(() => redis.disconnect());
  return redis;
}

function connects(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    cleanUps.push(() => socket.destroy());
  });
}

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

describe('A test server', () => {
  it('answers as soon as it has started, and keeps nothing on disk', async () => {
    const server = await start();
    const redis = use(createRawRedis(server));
    expect(await redis.ping()).toBe('PONG');
    expect(await redis.config('GET', 'save')).toEqual(['save', '']);
    expect(await redis.config('GET', 'appendonly')).toEqual(['appendonly', 'no']);
  });

  it('runs beside others, each at a port of its own', async () => {
    const servers = await Promise.all([start(), start(), start()]);
    expect(new Set(servers.map((server) => server.port)).size).toBe(3);
  });

  it('listens on ::1 only when asked to', async () => {
    const server = await start();
    expect(await connects(server.port, '::1')).toBe(false);
  });

  it('asks for its password, which the URL holds', async () => {
    const server = await start({ password: 'open: sesame' });
    const stranger = use(createRawRedis(server, { password: undefined }));
    await expect(stranger.get('key')).rejects.toThrow('NOAUTH');
    const friend = use(new Redis(server.url));
    expect(await friend.ping()).toBe('PONG');
  });

  it('speaks TLS with a certificate that its own authority vouches for', async () => {
    const server = await start({ tls: true });
    expect(server.url).toMatch(/^rediss:/);
    for (const host of ['127.0.0.1', 'localhost']) {
      const redis = use(createRawRedis(server, { host }));
      expect(await redis.ping()).toBe('PONG');
    }
    const distrustful = use(createRawRedis(server, { tls: {} }));
    await expect(distrustful.ping()).rejects.toThrow(/clos/);
  });

  it('can hold a certificate of another name, and ask its clients for one', async () => {
    const server = await start({ tls: { hosts: ['elsewhere.example'], mutual: true } });
    const { ca, client } = server.certificates ?? {};
    const tls = { ca, cert: client?.cert, key: client?.key };
    const misled = use(createRawRedis(server, { tls }));
    await expect(misled.ping()).rejects.toThrow(/clos/);
    const redis = use(createRawRedis(server, { tls: { ...tls, servername: 'elsewhere.example' } }));
    expect(await redis.ping()).toBe('PONG');
    const anonymous = use(createRawRedis(server, { tls: { ca, servername: 'elsewhere.example' } }));
    await expect(anonymous.ping()).rejects.toThrow();
  });

  it('runs out of memory where it is told to', async () => {
    const server = await start({ maxmemory: '3mb', maxmemoryPolicy: 'noeviction' });
    const redis = use(createRawRedis(server));
    await redis.set('large', 'x'.repeat(3_000_000)).catch(() => undefined);
    await expect(redis.set('key', 'value')).rejects.toThrow('OOM');
  });

  it('copies another server, password included, and is read-only then', async () => {
    const primary = await start({ password: 'secret' });
    await use(createRawRedis(primary)).set('key', 'value');
    const replica = use(createRawRedis(await start({ replicaOf: primary })));
    expect(await replica.get('key')).toBe('value');
    await expect(replica.set('key', 'other')).rejects.toThrow('READONLY');
  });

  it('listens at a unix socket as well', async () => {
    const server = await start({ unixSocket: true });
    const redis = use(new Redis(server.path ?? ''));
    expect(await redis.ping()).toBe('PONG');
  });

  it('takes further arguments as on the command line', async () => {
    const server = await start({ args: ['--databases', '3'] });
    const redis = use(createRawRedis(server));
    await expect(redis.select(3)).rejects.toThrow('out of range');
  });

  it('comes back empty at the same port after it was killed', async () => {
    const server = await start();
    const { port } = server;
    await use(createRawRedis(server)).set('key', 'value');
    await server.kill();
    expect(await connects(port)).toBe(false);
    await server.restart();
    expect(server.port).toBe(port);
    expect(await use(createRawRedis(server)).get('key')).toBeNull();
  });

  it('accepts connections and answers nothing while it is frozen', async () => {
    const server = await start();
    const redis = use(createRawRedis(server, { commandTimeout: 100 }));
    await redis.ping();
    await server.freeze();
    expect(await connects(server.port)).toBe(true);
    await expect(redis.ping()).rejects.toThrow('timed out');
    await server.resume();
    expect(await redis.ping()).toBe('PONG');
  });

  it('leaves nothing behind when it is stopped, even frozen, and may be stopped twice', async () => {
    const server = await start({ unixSocket: true });
    const folder = dirname(server.path ?? '');
    expect(existsSync(folder)).toBe(true);
    await server.freeze();
    await server.stop();
    await server.stop();
    expect(await connects(server.port)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  it('says what the server said when it cannot start', async () => {
    await expect(startRedisServer({ args: ['--no-such-option', 'yes'] })).rejects.toThrow(/no-such-option/);
  });

  it('dies with the process that started it, without keeping that alive', async () => {
    // Nothing here stops the server, and Node ends when nothing is left to do.
    const script = `
      import { register } from 'node:module';
      register('./test/support/typescript-loader.mjs', 'file://' + process.cwd() + '/');
      const { startRedisServer } = await import('./test/support/redis-server.ts');
      console.log((await startRedisServer()).port);`;
    const env = { ...process.env, SPAKKY_TEST_RUN_FOLDER: undefined };
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { env });
    const port = Number(stdout);
    expect(port).toBeGreaterThan(0);
    while (await connects(port)) await delay(10);
    // A container is cleared away some ten seconds after the process that started it.
  }, 30_000);
});
