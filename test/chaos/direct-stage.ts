import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { RedisServers } from '../support/redis-servers.js';
import type { RedisServer } from '../support/redis-server.js';
import { now } from '../support/clock.js';
import { makeStage, type Stage, type StageFault } from './stage.js';

const FILLER = 'chaos-filler';
const FILLER_LENGTH = 8 * 1_024 * 1_024;

/** A server, and a plain client of it whenever it runs. */
interface DirectServer {
  readonly server: RedisServer;
  readonly client: Redis;
  kill(): Promise<void>;
  bringBack(): Promise<void>;
}

export const DIRECT_FAULTS: readonly StageFault<DirectServer>[] = [
  {
    name: 'killed',
    hold: [50, 2_000],
    budget: 600,
    loses: true,
    async strike(one, { hold }) {
      await one.kill();
      await delay(hold);
      await one.bringBack();
      return { endedAt: now() };
    },
  },
  {
    name: 'frozen',
    hold: [50, 1_500],
    budget: 400,
    async strike({ server }, { hold }) {
      await server.freeze();
      await delay(hold);
      const endedAt = now();
      await server.resume();
      return { endedAt };
    },
  },
  {
    name: 'full',
    hold: [100, 1_000],
    budget: 300,
    async strike({ client }, { hold }) {
      await client.set(FILLER, Buffer.alloc(FILLER_LENGTH));
      const [, used = '0'] = /used_memory:(\d+)/.exec(await client.info('memory')) ?? [];
      await client.config('SET', 'maxmemory-policy', 'noeviction');
      await client.config('SET', 'maxmemory', used);
      await client.append(FILLER, 'x').catch(() => undefined);
      await delay(hold);
      const endedAt = now();
      await client.del(FILLER);
      await client.config('SET', 'maxmemory', '0');
      return { endedAt };
    },
  },
  {
    name: 'paused',
    hold: [50, 1_500],
    budget: 300,
    async strike({ client }, { hold, dice }) {
      const endedAt = now() + hold;
      await client.call('CLIENT', 'PAUSE', hold, dice < 0.5 ? 'ALL' : 'WRITE');
      await delay(hold);
      return { endedAt };
    },
  },
  {
    name: 'hanging up on its clients',
    hold: [0, 800],
    budget: 300,
    strike: ({ client }, { hold, dice }) => hangUpOnAll([client], hold, dice),
  },
];

/** Ends every connection of others, up to five times. */
export async function hangUpOnAll(
  clients: readonly Redis[],
  hold: number,
  dice: number,
): Promise<{ readonly endedAt: number }> {
  const times = 1 + Math.floor(dice * 5);
  for (let time = 0; time < times; time++) {
    if (time > 0) await delay(hold / times);
    await Promise.all(clients.map((client) => client.call('CLIENT', 'KILL', 'TYPE', 'normal')));
  }
  return { endedAt: now() };
}

/** One server, without anything between it and the caches. */
export async function startDirectStage(): Promise<Stage> {
  const servers = new RedisServers();
  const [server] = await servers.start([{}]);
  if (server === undefined) throw new Error('No server was started');
  const direct: DirectServer = {
    server,
    get client() {
      return servers.client(server);
    },
    kill: () => servers.kill(server),
    bringBack: () => servers.bringBack(server),
  };
  const { host, port } = server;
  return makeStage({
    setup: { name: 'direct', address: { host, port }, mayGoBack: false, masters: 1 },
    servers: direct,
    faults: DIRECT_FAULTS,
    clients: () => new Map([['the server', direct.client]]),
    stop: () => servers.stop(),
  });
}
