import { setTimeout as delay } from 'node:timers/promises';
import type { Redis, RedisOptions } from 'ioredis';
import { createRawRedis } from './raw-redis.js';
import { type RedisServer, type RedisServerOptions, startRedisServer } from './redis-server.js';

const patience = 20_000;

/** Servers that belong together, and a plain client to each, made when it is asked for. */
export class RedisServers {
  readonly #servers: RedisServer[] = [];
  readonly #clients = new Map<RedisServer, Redis>();

  /** @param clientOptions how the plain clients differ from those of {@link createRawRedis} */
  constructor(private readonly clientOptions: RedisOptions = {}) {}

  /** Starts several at once; when one of them cannot start, none is left. */
  async start(options: readonly RedisServerOptions[]): Promise<RedisServer[]> {
    const starts = await Promise.allSettled(options.map((each) => startRedisServer(each)));
    const started = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    this.#servers.push(...started);
    const failed = starts.find((start) => start.status === 'rejected');
    if (!failed) return started;
    await this.stop();
    throw failed.reason;
  }

  /** A plain client of one server; a new one when the last has ended with the server. */
  client(server: RedisServer): Redis {
    const known = this.#clients.get(server);
    if (known && known.status !== 'end') return known;
    const client = createRawRedis(server, { commandTimeout: 5_000, ...this.clientOptions });
    this.#clients.set(server, client);
    return client;
  }

  /** Kills a server; its client ends with it. */
  async kill(server: RedisServer): Promise<void> {
    await server.kill();
    this.#hangUp(server);
  }

  /** Lets a frozen server go on, and starts one that was killed again. */
  async bringBack(server: RedisServer): Promise<void> {
    await server.resume();
    if (server.isServing) return;
    this.#hangUp(server);
    await server.restart();
  }

  /** Ends all of them for good. May be repeated. */
  async stop(): Promise<void> {
    for (const server of this.#servers) this.#hangUp(server);
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  #hangUp(server: RedisServer): void {
    this.#clients.get(server)?.disconnect();
    this.#clients.delete(server);
  }
}

/** Waits until a condition that takes its time holds; what it waits for is named when it never does. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + patience;
  let reason: unknown;
  while (Date.now() < end) {
    try {
      if (await holds()) return;
    } catch (error) {
      reason = error;
    }
    await delay(20);
  }
  throw new Error(`It took more than ${patience} ms until ${what}`, { cause: reason });
}
