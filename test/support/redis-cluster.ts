import type { Redis } from 'ioredis';
import type { Certificates } from './certificates.js';
import { type ClusterNode, owns, parseNodes } from './cluster-view.js';
import type { RedisServer, RedisServerOptions } from './redis-server.js';
import { RedisServers, until } from './redis-servers.js';
import { type MigrationSide, SlotMigration } from './slot-migration.js';

/** How the nodes of a cluster are set up. */
export interface RedisClusterOptions {
  readonly password?: string;
  /** TLS everywhere, with one authority for all nodes. */
  readonly tls?: boolean;
  /** How long, in milliseconds, a node may be silent until the others call it dead. */
  readonly nodeTimeout?: number;
  /** Whether every slot is refused while one has no master, as Redis does unless told otherwise. Default `false`. */
  readonly requireFullCoverage?: boolean;
  /** Anything else, as on the command line of each node. */
  readonly args?: readonly string[];
}

const MASTERS = 3;
const SLOTS = 16_384;

/** Starts six nodes: three masters that share the slots, and a replica of each. All agree when this resolves. */
export async function startCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const servers = new RedisServers();
  try {
    const nodes = await startNodes(servers, options);
    await formCluster(nodes.map((node) => ({ node, client: servers.client(node) })));
    const cluster = new RedisCluster(servers, nodes, options);
    await cluster.awaitAgreement();
    return cluster;
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

async function startNodes(servers: RedisServers, options: RedisClusterOptions): Promise<RedisServer[]> {
  const { password, tls = false, nodeTimeout = 1_500, requireFullCoverage = false, args = [] } = options;
  const secret = password === undefined ? [] : ['--masterauth', password];
  const setUp: RedisServerOptions = {
    password,
    cluster: { nodeTimeout, requireFullCoverage },
    args: [...secret, ...args],
  };
  const first = await servers.start([{ ...setUp, tls }]);
  const certificates = first[0]?.certificates;
  const rest = { ...setUp, tls: certificates && { certificates } };
  return [...first, ...(await servers.start(Array.from({ length: 2 * MASTERS - 1 }, () => rest)))];
}

interface Member {
  readonly node: RedisServer;
  readonly client: Redis;
}

/** The first half become masters, and the others their replicas, in the same order. */
async function formCluster(members: readonly Member[]): Promise<void> {
  const masters = members.slice(0, MASTERS);
  // Nodes of the same epoch would first have to settle whose word counts.
  await Promise.all(members.map(({ client }, index) => client.cluster('SET-CONFIG-EPOCH', index + 1)));
  await Promise.all(masters.map(({ client }, index) => client.cluster('ADDSLOTS', slotsOf(index))));
  await Promise.all(members.map((member) => meetAll(member, members)));
  await until('the nodes of a cluster had met', async () => {
    const views = await Promise.all(members.map(({ client }) => viewOf(client)));
    return views.every((view) => view.length === members.length && view.every(isWell));
  });
  await Promise.all(
    members.slice(MASTERS).map(async ({ client }, index) => {
      const id = await masters[index]?.client.cluster('MYID');
      await client.cluster('REPLICATE', String(id));
    }),
  );
}

/** An even share. */
function slotsOf(index: number): number[] {
  const first = Math.floor((index * SLOTS) / MASTERS);
  const next = Math.floor(((index + 1) * SLOTS) / MASTERS);
  return Array.from({ length: next - first }, (_, offset) => first + offset);
}

/** Hearing of each other from a third node would take longer. */
async function meetAll({ node, client }: Member, members: readonly Member[]): Promise<void> {
  for (const { node: other } of members) {
    if (other !== node) await client.cluster('MEET', other.host, other.port);
  }
}

async function viewOf(client: Redis): Promise<ClusterNode[]> {
  return parseNodes(String(await client.cluster('NODES')));
}

function isWell({ flags, isLinked }: ClusterNode): boolean {
  return isLinked && !['handshake', 'fail?', 'fail', 'noaddr'].some((flag) => flags.has(flag));
}

/** A cluster of real nodes, and what can happen to it. */
export class RedisCluster {
  #lost: { readonly slot: number; readonly master: RedisServer } | undefined;

  constructor(
    private readonly servers: RedisServers,
    /** Masters and replicas; which is which changes. */
    readonly nodes: readonly RedisServer[],
    readonly options: RedisClusterOptions,
  ) {}

  /** The authority that vouches for every node of a cluster with TLS. */
  get certificates(): Certificates | undefined {
    return this.nodes[0]?.certificates;
  }

  /** Where the nodes are. */
  get addresses(): { readonly host: string; readonly port: number }[] {
    return this.nodes.map(({ host, port }) => ({ host, port }));
  }

  /** A plain client of one node, which does not follow redirections. */
  client(node: RedisServer): Redis {
    return this.servers.client(node);
  }

  /** Which slot a key belongs to. */
  async slotOf(key: string): Promise<number> {
    const [node] = this.#serving;
    if (!node) throw new Error('No node is left to ask');
    return this.client(node).cluster('KEYSLOT', key);
  }

  /** The node that says of itself that it serves a slot as its master. */
  async masterOf(slot: number): Promise<RedisServer> {
    for (const node of this.#serving) {
      const myself = (await viewOf(this.client(node))).find(({ flags }) => flags.has('myself'));
      if (myself && owns(myself, slot)) return node;
    }
    throw new Error(`Slot ${slot} has no master`);
  }

  /** Every node that says of itself that it is a master. */
  async masters(): Promise<RedisServer[]> {
    const roles = await Promise.all(this.#serving.map((node) => this.client(node).role()));
    return this.#serving.filter((_, index) => roles[index]?.[0] === 'master');
  }

  /** The nodes that copy a master. */
  async replicasOf(master: RedisServer): Promise<RedisServer[]> {
    const roles = await Promise.all(this.#serving.map((node) => this.client(node).role()));
    return this.#serving.filter(
      (_, index) => roles[index]?.[0] === 'slave' && roles[index]?.[2] === master.port,
    );
  }

  /** Prepares the move of a slot to another master; nothing happens before its steps are called. */
  async migrateSlot(slot: number, to: RedisServer): Promise<SlotMigration> {
    const from = await this.masterOf(slot);
    const bystanders = (await this.masters()).filter((node) => node !== from && node !== to);
    return new SlotMigration(
      slot,
      await this.#side(from),
      await this.#side(to),
      bystanders.map((node) => this.client(node)),
    );
  }

  /** @returns the node that was the slot's master */
  async killMasterOf(slot: number): Promise<RedisServer> {
    const master = await this.masterOf(slot);
    this.#lost = { slot, master };
    await this.servers.kill(master);
    return master;
  }

  /** @returns the node that was the slot's master; it still believes that it is when it goes on */
  async freezeMasterOf(slot: number): Promise<RedisServer> {
    const master = await this.masterOf(slot);
    this.#lost = { slot, master };
    await master.freeze();
    return master;
  }

  /** Resolves with the new master of what was killed or frozen last, as soon as every node that serves names it. */
  async awaitPromotion(): Promise<RedisServer> {
    const { slot, master: former } = this.#lost ?? {};
    if (slot === undefined) throw new Error('No master was killed or frozen');
    let owner: RedisServer | undefined;
    await until(`slot ${slot} had a new master`, async () => {
      const owners = await Promise.all(this.#serving.map((node) => this.#ownerAsSeenBy(node, slot)));
      [owner] = owners;
      return owner !== undefined && owner !== former && owners.every((each) => each === owner);
    });
    return this.masterOf(slot);
  }

  /** Brings back what was killed or frozen, and waits until all agree again. */
  async restore(): Promise<void> {
    const away = this.nodes.filter((node) => !node.isServing);
    await Promise.all(away.map((node) => this.servers.bringBack(node)));
    await this.awaitAgreement();
  }

  /** Resolves when every node is at work, and all of them say the same of who serves what. */
  async awaitAgreement(): Promise<void> {
    await until('the nodes of a cluster agreed', async () => {
      const views = await Promise.all(this.nodes.map((node) => this.#settledView(node)));
      return views[0] !== undefined && views.every((view) => view === views[0]);
    });
  }

  /** Ends every node and removes its files. May be repeated. */
  stop(): Promise<void> {
    return this.servers.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #serving(): RedisServer[] {
    return this.nodes.filter((node) => node.isServing);
  }

  async #side(server: RedisServer): Promise<MigrationSide> {
    const client = this.client(server);
    return { server, client, id: await client.cluster('MYID') };
  }

  async #ownerAsSeenBy(node: RedisServer, slot: number): Promise<RedisServer | undefined> {
    const client = this.client(node);
    const [view, info] = await Promise.all([viewOf(client), client.cluster('INFO')]);
    const owner = view.find((each) => owns(each, slot));
    const isUsable = info.includes('cluster_state:ok');
    return isUsable ? this.#serving.find(({ port }) => port === owner?.port) : undefined;
  }

  /** Who serves what, in one node's eyes; nothing while that node does not see all of it at work. */
  async #settledView(node: RedisServer): Promise<string | undefined> {
    const client = this.client(node);
    const [view, info, role] = await Promise.all([viewOf(client), client.cluster('INFO'), client.role()]);
    const covers = ['cluster_state:ok', `cluster_slots_ok:${SLOTS}`].every((fact) => info.includes(fact));
    const hasCopy = role[0] === 'master' || role[3] === 'connected';
    if (!covers || !hasCopy || !view.every(isWell)) return undefined;
    const lines = view.map(({ id, masterId, slots }) => `${id} ${masterId ?? slots.join()}`);
    return lines.toSorted().join('\n');
  }
}
