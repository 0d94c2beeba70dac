import { setTimeout as delay } from 'node:timers/promises';
import { type RedisCluster, startCluster } from '../support/redis-cluster.js';
import { now } from '../support/clock.js';
import { awaitPatiently } from './patience.js';
import { hangUpOnAll } from './direct-stage.js';
import { type FaultEnd, makeStage, type Stage, type StageFault } from './stage.js';

const SLOTS = 16_384;
/** What a failover takes, and putting the nodes in order after it, in milliseconds. */
const FAILOVER = { hold: [0, 0], budget: 6_500, loses: true } as const;

export const CLUSTER_FAULTS: readonly StageFault<RedisCluster>[] = [
  {
    ...FAILOVER,
    name: 'master killed',
    strike: (cluster, { dice }) => failOver(cluster, () => cluster.killMasterOf(slotAt(dice))),
  },
  {
    ...FAILOVER,
    name: 'master frozen',
    strike: (cluster, { dice }) => failOver(cluster, () => cluster.freezeMasterOf(slotAt(dice))),
  },
  {
    name: 'slots on the move',
    hold: [300, 2_000],
    budget: 500,
    strike: (cluster, { hold, dice }) => migrate(cluster, hold, dice),
  },
  {
    name: 'slots on the move, slowly',
    hold: [1_000, 3_000],
    budget: 500,
    strike: (cluster, { hold, dice }) => migrate(cluster, hold, dice),
  },
  {
    name: 'masters hanging up on their clients',
    hold: [0, 800],
    budget: 300,
    async strike(cluster, { hold, dice }) {
      const masters = await cluster.masters();
      return hangUpOnAll(
        masters.map((node) => cluster.client(node)),
        hold,
        dice,
      );
    },
  },
];

function slotAt(dice: number): number {
  return Math.floor(dice * SLOTS);
}

async function failOver(cluster: RedisCluster, begin: () => Promise<unknown>): Promise<FaultEnd> {
  await begin();
  await awaitPatiently(() => cluster.awaitPromotion());
  return { endedAt: now(), restore: () => awaitPatiently(() => cluster.restore()) };
}

/** Moves some slots that hold keys of this run to other masters, with time for requests between the steps. */
async function migrate(cluster: RedisCluster, hold: number, dice: number): Promise<FaultEnd> {
  const count = 1 + Math.floor(dice * 5);
  const step = hold / count / 4;
  for (let index = 0; index < count; index++) {
    const slot = await slotInUse(cluster, dice, index);
    const from = await cluster.masterOf(slot);
    const others = (await cluster.masters()).filter((node) => node !== from);
    const to = others[index % others.length];
    if (to === undefined) throw new Error('A cluster of one master has nowhere to move a slot to');
    const migration = await cluster.migrateSlot(slot, to);
    await migration.begin();
    await delay(step);
    await migration.moveKeys(1);
    await delay(step);
    await migration.moveAllKeys();
    await delay(step);
    // What was written to keys that were not there went to the new master; the old one holds nothing by now.
    await migration.end();
    await delay(step);
  }
  return { endedAt: now(), restore: () => cluster.awaitAgreement() };
}

/** The slot of some key that a worker uses. */
async function slotInUse(cluster: RedisCluster, dice: number, index: number): Promise<number> {
  const masters = await cluster.masters();
  const master = masters[Math.floor(dice * 97 + index) % masters.length];
  const key: unknown = master === undefined ? undefined : await cluster.client(master).randomkey();
  return typeof key === 'string' ? cluster.slotOf(key) : slotAt(dice);
}

/** Three masters, and a replica of each. */
export async function startClusterStage(): Promise<Stage> {
  const cluster = await startCluster();
  return makeStage({
    setup: { name: 'cluster', address: { cluster: cluster.addresses }, mayGoBack: true, masters: 3 },
    servers: cluster,
    faults: CLUSTER_FAULTS,
    clients: () => new Map(cluster.nodes.map((node) => [String(node.port), cluster.client(node)])),
    stop: () => cluster.stop(),
  });
}
