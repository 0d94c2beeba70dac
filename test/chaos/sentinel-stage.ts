import { setTimeout as delay } from 'node:timers/promises';
import { type RedisSentinels, startSentinels } from '../support/redis-sentinels.js';
import { now } from '../support/clock.js';
import { awaitPatiently } from './patience.js';
import { hangUpOnAll } from './direct-stage.js';
import { type FaultEnd, makeStage, type Stage, type StageFault } from './stage.js';

/** What a failover takes, and putting the servers in order after it, in milliseconds. */
const FAILOVER = { hold: [0, 0], budget: 6_000, loses: true } as const;

export const SENTINEL_FAULTS: readonly StageFault<RedisSentinels>[] = [
  { ...FAILOVER, name: 'master killed', strike: (servers) => failOver(servers, () => servers.killMaster()) },
  {
    ...FAILOVER,
    name: 'master frozen',
    strike: (servers) => failOver(servers, () => servers.freezeMaster()),
  },
  {
    ...FAILOVER,
    name: 'master replaced',
    strike: replaceMaster,
  },
  {
    name: 'sentinel killed',
    hold: [100, 1_500],
    budget: 2_000,
    async strike(servers, { hold, dice }) {
      const sentinel = servers.sentinels[Math.floor(dice * servers.sentinels.length)];
      if (sentinel !== undefined) await servers.killSentinel(sentinel);
      const { endedAt } = await hangUpOnAll([servers.client(await servers.master())], hold, dice);
      return { endedAt, restore: () => servers.restore() };
    },
  },
  {
    name: 'sentinel frozen',
    hold: [100, 1_500],
    budget: 1_000,
    async strike(servers, { hold, dice }) {
      const sentinel = servers.sentinels[Math.floor(dice * servers.sentinels.length)];
      const master = servers.client(await servers.master());
      await sentinel?.freeze();
      await hangUpOnAll([master], hold, dice);
      await delay(hold);
      const endedAt = now();
      await sentinel?.resume();
      return { endedAt, restore: () => servers.awaitAgreement() };
    },
  },
  {
    name: 'master hanging up on its clients',
    hold: [0, 800],
    budget: 300,
    strike: async (servers, { hold, dice }) =>
      hangUpOnAll([servers.client(await servers.master())], hold, dice),
  },
];

async function failOver(servers: RedisSentinels, begin: () => Promise<unknown>): Promise<FaultEnd> {
  await begin();
  await awaitPatiently(() => servers.awaitFailover());
  return endOf(servers);
}

/** What was asked for is not tried again by itself when it takes too long: it is asked for again. */
async function replaceMaster(servers: RedisSentinels): Promise<FaultEnd> {
  await awaitPatiently(async () => {
    await servers.replaceMaster();
    await servers.awaitFailover();
  });
  return endOf(servers);
}

function endOf(servers: RedisSentinels): FaultEnd {
  return { endedAt: now(), restore: () => awaitPatiently(() => servers.restore()) };
}

/** A master and two replicas, which three sentinels watch. */
export async function startSentinelStage(): Promise<Stage> {
  const servers = await startSentinels();
  const { addresses, masterName } = servers;
  return makeStage({
    setup: {
      name: 'sentinel',
      address: { sentinels: addresses, sentinelName: masterName },
      mayGoBack: true,
      masters: 1,
    },
    servers,
    faults: SENTINEL_FAULTS,
    clients: () => new Map(servers.data.map((server) => [String(server.port), servers.client(server)])),
    stop: () => servers.stop(),
  });
}
