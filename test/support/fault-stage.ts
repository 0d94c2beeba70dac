import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { RedisTcpOptions } from '../../lib/config/redis-cache-options.js';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { type FaultProxy, startFaultProxy } from './fault-proxy.js';
import { withNear } from './near-option.js';
import { createRawRedis } from './raw-redis.js';
import { type RedisServer, type RedisServerOptions, startRedisServer } from './redis-server.js';

/** The password of every server of a stage: no message may ever show it. */
export const PASSWORD = 'P4SSW0RD-m4rker';

/** What a stage is made of. */
export interface StageOptions {
  /** Where clients connect: to the server, or to the proxy in front of it. */
  readonly reach: 'server' | 'proxy';
  /** A server of its own, set up like this; without it stages share one. */
  readonly server?: RedisServerOptions;
  /** What clients do otherwise: another password, TLS, another database. */
  readonly client?: (server: RedisServer) => RedisTcpOptions;
  /** Of the caches, in milliseconds. */
  readonly socketTimeout: number;
}

/** A server, a proxy in front of it, and whatever connects to one of them, for one fault. */
export class FaultStage {
  readonly server: RedisServer;
  readonly proxy: FaultProxy;
  /** A plain client that talks to the server behind the proxy's back. */
  readonly admin: Redis;
  readonly #options: StageOptions;
  readonly #caches: RedisCache[] = [];
  /** What the caches told of writes in the background. */
  readonly writeErrors: unknown[] = [];

  private constructor(options: StageOptions, server: RedisServer, proxy: FaultProxy) {
    this.#options = options;
    this.server = server;
    this.proxy = proxy;
    // Whatever name its certificate has.
    const tls = server.certificates && { ca: server.certificates.ca, checkServerIdentity: () => undefined };
    this.admin = createRawRedis(server, { tls });
  }

  static async open(options: StageOptions, shared: RedisServer): Promise<FaultStage> {
    const own = options.server && { password: PASSWORD, ...options.server };
    const server = own === undefined ? shared : await startRedisServer(own);
    return new FaultStage(options, server, await startFaultProxy(server));
  }

  /** What it takes to connect. */
  get address(): { readonly host: string; readonly port: number; readonly password: string } {
    const { host, port } = this.#options.reach === 'proxy' ? this.proxy : this.server;
    return { host, port, password: PASSWORD };
  }

  /** A cache under the prefix; it logs as it does in a Nest application, and is closed with the stage. */
  newCache(keyPrefix: string): RedisCache {
    const { client, socketTimeout } = this.#options;
    const onWriteError = (error: unknown): void => void this.writeErrors.push(error);
    const options = { ...this.address, keyPrefix, socketTimeout, onWriteError, ...client?.(this.server) };
    const logger = new Logger('RedisCacheModule');
    const cache = new RedisCache(withNear(options), { variable: () => undefined, logger });
    this.#caches.push(cache);
    return cache;
  }

  /** A client of ioredis without options, but for where to connect and as whom. */
  newPlainClient(): Redis {
    const options = { ...this.address, ...this.#options.client?.(this.server) };
    const { host, port, db, username, password, useSsl = false, tls = {} } = options;
    const client = new Redis({
      host,
      port,
      username,
      password: typeof password === 'string' ? password : undefined,
      ...(db !== undefined && { db }),
      ...(useSsl && { tls }),
      // How long this process stays alive for a client that is done with.
      disconnectTimeout: 50,
    });
    client.on('error', () => undefined);
    return client;
  }

  /** Brings a killed server back, empty, and the plain client with it. */
  async restartServer(): Promise<void> {
    if (this.admin.status !== 'end') {
      this.admin.disconnect();
      await once(this.admin, 'end');
    }
    await this.server.restart();
    await this.admin.connect();
  }

  async close(): Promise<void> {
    await this.server.resume();
    await Promise.all(this.#caches.map((cache) => cache.close()));
    this.admin.disconnect();
    await this.proxy.close();
    if (this.#options.server !== undefined) await this.server.stop();
  }
}
