import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import KeyvRedis, { createKeyvNonBlocking } from '@keyv/redis';
import { CACHE_MANAGER, CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { Controller, Get, type INestApplication, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Cache } from 'cache-manager';
import { Keyv } from 'keyv';
import { RedisCacheModule } from '../../lib/module/redis-cache.module.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { rejection } from '../support/rejection.js';
import { eventually } from '../support/waiting.js';

jest.setTimeout(20_000);

const PENDING = 'nothing has come of it';

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  calls = 0;
  /** Resolves when the answers are to come. */
  ready: Promise<unknown> = Promise.resolve();

  @Get('slow')
  async slow(): Promise<string> {
    this.calls += 1;
    await this.ready;
    return `made ${this.calls} times`;
  }

  @Get('nothing')
  async nothing(): Promise<null> {
    this.calls += 1;
    return null;
  }
}

class App {}

/** What has become of it by now, if anything has. */
function soon(operation: Promise<unknown>): Promise<unknown> {
  return Promise.race([operation, delay(300, PENDING)]);
}

// What docs/migration.md says of the other cache is measured here: when it changes, so must the page.
describe('@nestjs/cache-manager', () => {
  let server: RedisServer;
  let adapter: KeyvRedis<unknown>;
  let app: INestApplication;

  beforeEach(async () => {
    server = await startRedisServer();
  });

  afterEach(async () => {
    await adapter.disconnect(true);
    // Where commands still wait, the application would not close.
    const http: Server = app.getHttpServer();
    http.closeAllConnections();
    await new Promise((resolve) => void http.close(resolve));
    await server.stop();
  });

  async function start(keyv = new Keyv(new KeyvRedis(server.url))): Promise<Cache> {
    const { store }: { readonly store: unknown } = keyv;
    if (!(store instanceof KeyvRedis)) throw new Error('The store is none of Redis');
    adapter = store;
    const imports = [CacheModule.register({ stores: keyv, ttl: 60_000 })];
    app = await NestFactory.create({ module: App, imports, controllers: [Pages] }, { logger: false });
    await app.listen(0, '127.0.0.1');
    return app.get<Cache>(CACHE_MANAGER, { strict: false });
  }

  /** What is under way when a server ends is another matter: here the client has noticed. */
  async function killServer(): Promise<void> {
    const noticed = new Promise((resolve) => void adapter.on('reconnecting', resolve));
    await server.kill();
    await noticed;
  }

  const status = async (path: string): Promise<number> =>
    (await fetch(`${await app.getUrl()}${path}`)).status;

  it('starts without Redis, and its calls wait, where this package says what is wrong', async () => {
    const cache = await start(new Keyv(new KeyvRedis('redis://127.0.0.1:1')));
    expect(await soon(cache.get('key'))).toBe(PENDING);
    const root = { module: App, imports: [RedisCacheModule.forRoot({ host: '127.0.0.1', port: 1 })] };
    const options = { logger: false, abortOnError: false } as const;
    const error = await rejection(NestFactory.createApplicationContext(root, options));
    expect(error).toMatchObject({ code: 'REDIS_UNREACHABLE' });
  });

  it('waits when Redis goes away, answers no request meanwhile, and does not close', async () => {
    const cache = await start();
    await cache.set('key', 'value');
    await killServer();
    expect(await soon(cache.get('key'))).toBe(PENDING);
    expect(await soon(cache.set('key', 'other'))).toBe(PENDING);
    expect(await soon(status('/slow'))).toBe(PENDING);
    expect(await soon(app.close())).toBe(PENDING);
  });

  it.each([
    { kind: 'as a rule', create: (url: string) => new Keyv(new KeyvRedis(url)) },
    { kind: 'also when it is told not to', create: (url: string) => createKeyvNonBlocking(url) },
  ])('waits when Redis is silent, $kind', async ({ create }) => {
    const cache = await start(create(server.url));
    await cache.set('key', 'value');
    await server.freeze();
    expect(await soon(cache.get('key'))).toBe(PENDING);
    await server.resume();
  });

  it('answers as if nothing had happened when the connection breaks under way', async () => {
    const cache = await start();
    await cache.set('key', 'value');
    await server.freeze();
    const underWay = Promise.all([cache.get('key'), cache.set('key', 'other')]);
    expect(await soon(underWay)).toBe(PENDING);
    await server.kill();
    expect(await underWay).toEqual([undefined, 'other']);
    await server.restart();
    expect(await cache.get('key')).toBeUndefined();
  });

  it('writes what has waited when Redis is back, however much later', async () => {
    const cache = await start();
    await cache.get('key');
    await killServer();
    const written = cache.set('key', 'old');
    expect(await soon(written)).toBe(PENDING);
    await server.restart();
    expect(await written).toBe('old');
    expect(await cache.get('key')).toBe('old');
  });

  it('goes on as if nothing had been kept when it is told not to wait', async () => {
    const cache = await start(createKeyvNonBlocking(server.url));
    await cache.set('key', 'value');
    await killServer();
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.set('key', 'other')).toBe('other');
    expect(await cache.clear()).toBe(true);
    expect(await status('/slow')).toBe(200);
  });

  it('connects anew when it is asked after it was closed', async () => {
    const cache = await start();
    await cache.set('key', 'value');
    await app.close();
    expect(await cache.get('key')).toBe('value');
  });

  it('calls a handler for each request that comes before the first answer, and again for null', async () => {
    await start();
    const pages = app.get(Pages);
    pages.ready = eventually(5_000, async () => expect(pages.calls).toBe(10));
    await Promise.all(Array.from({ length: 10 }, () => status('/slow')));
    await status('/slow');
    expect(pages.calls).toBe(10);
    await status('/nothing');
    await status('/nothing');
    expect(pages.calls).toBe(12);
  });
});
