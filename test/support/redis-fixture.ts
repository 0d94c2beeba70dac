import { once } from 'node:events';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { Redis, type RedisOptions } from 'ioredis';
import type { RedisCacheSettings } from '../../lib/config/redis-cache-options.js';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { type CacheFixture, started, useCaches } from './cache-fixture.js';
import { createRawRedis } from './raw-redis.js';
import { type RedisServer, type RedisServerOptions, startRedisServer } from './redis-server.js';

/** A server for the tests of one file, and what they make of it. */
export interface RedisFixture extends CacheFixture {
  readonly server: RedisServer;
  /** A plain client, to look behind the cache's back and to play other writers. */
  readonly raw: Redis;
  /** What it takes to reach the server. */
  readonly address: { readonly host: string; readonly port: number };
  /** Brings a killed server back, empty, and the plain client with it. */
  restart(): Promise<void>;
  /** A client as an application makes one to hand it in; it is disconnected after the test. */
  newClient(options?: RedisOptions): Redis;
  /** A cache under a prefix of its own unless `settings` names one; it is closed after the test. */
  newCache<T = unknown>(settings?: RedisCacheSettings): RedisCache<T>;
}

/** Starts one server for the file that calls this, and stops it and closes every cache afterwards. */
export function useRedisServer(options?: RedisServerOptions): RedisFixture {
  let server: RedisServer | undefined;
  let raw: Redis | undefined;
  const caches = useCaches();
  const clients: Redis[] = [];

  beforeAll(async () => {
    server = await startRedisServer(options);
    raw = createRawRedis(server);
  });
  // Hooks run in the order of their declaration: the caches are closed before this one.
  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect();
  });
  afterAll(async () => {
    raw?.disconnect();
    await server?.stop();
  });

  return {
    ...caches,
    get server() {
      return started(server);
    },
    get raw() {
      return started(raw);
    },
    get address() {
      const { host, port } = started(server);
      return { host, port };
    },
    async restart() {
      const client = started(raw);
      if (client.status !== 'end') {
        client.disconnect();
        await once(client, 'end');
      }
      await started(server).restart();
      await client.connect();
    },
    newClient(clientOptions: RedisOptions = {}) {
      const client = new Redis({
        ...this.address,
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        disconnectTimeout: 50,
        ...clientOptions,
      });
      client.on('error', () => undefined);
      clients.push(client);
      return client;
    },
    newCache<T>(settings: RedisCacheSettings = {}) {
      return this.newCacheAt<T>({ keyPrefix: this.newPrefix(), ...this.address, ...settings });
    },
  };
}
