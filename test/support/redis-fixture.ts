import { once } from 'node:events';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { Redis, type RedisOptions } from 'ioredis';
import type { RedisCacheOptions, RedisCacheSettings } from '../../lib/config/redis-cache-options.js';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { createRawRedis } from './raw-redis.js';
import { type RedisServer, type RedisServerOptions, startRedisServer } from './redis-server.js';

/** A server for the tests of one file, and what they make of it. */
export interface RedisFixture {
  readonly server: RedisServer;
  /** A plain client, to look behind the cache's back and to play other writers. */
  readonly raw: Redis;
  /** What it takes to reach the server. */
  readonly address: { readonly host: string; readonly port: number };
  /** Brings a killed server back, empty, and the plain client with it. */
  restart(): Promise<void>;
  /** A client as an application makes one to hand it in; it is disconnected after the test. */
  newClient(options?: RedisOptions): Redis;
  /** A prefix that no other test has. */
  newPrefix(): string;
  /** A cache under a prefix of its own unless `settings` names one; it is closed after the test. */
  newCache<T = unknown>(settings?: RedisCacheSettings): RedisCache<T>;
  /** A cache that reaches whatever it is told to; it is closed after the test. */
  newCacheAt<T = unknown>(options: RedisCacheOptions): RedisCache<T>;
}

/** Starts one server for the file that calls this, and stops it and closes every cache afterwards. */
export function useRedisServer(options?: RedisServerOptions): RedisFixture {
  let server: RedisServer | undefined;
  let raw: Redis | undefined;
  let prefixes = 0;
  const caches: RedisCache[] = [];
  const clients: Redis[] = [];

  beforeAll(async () => {
    server = await startRedisServer(options);
    raw = createRawRedis(server);
  });
  afterEach(async () => {
    await Promise.all(caches.splice(0).map((cache) => cache.close()));
    for (const client of clients.splice(0)) client.disconnect();
  });
  afterAll(async () => {
    raw?.disconnect();
    await server?.stop();
  });

  return {
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
    newPrefix() {
      prefixes += 1;
      return `test:${prefixes}:`;
    },
    newCache<T>(settings: RedisCacheSettings = {}) {
      return this.newCacheAt<T>({ keyPrefix: this.newPrefix(), ...this.address, ...settings });
    },
    newCacheAt<T>(cacheOptions: RedisCacheOptions) {
      const cache = new RedisCache<T>(cacheOptions, { variable: () => undefined });
      caches.push(cache);
      return cache;
    },
  };
}

function started<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('The server starts before the first test: use it inside a test');
  return value;
}
