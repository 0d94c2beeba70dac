import type { Redis } from 'ioredis';
import type { RedisServer } from './redis-server.js';
import { RedisServers, until } from './redis-servers.js';

/** How sentinels, and the servers they watch, are set up. */
export interface RedisSentinelsOptions {
  /** Of the servers that hold data. */
  readonly password?: string;
  /** Of the sentinels themselves. */
  readonly sentinelPassword?: string;
  /**
   * How long, in milliseconds, a server may be silent until a sentinel calls it down. A sentinel first asks a new
   * master after a second: with less than that it would call it down at once, and fail over again.
   */
  readonly downAfter?: number;
}

const MASTER_NAME = 'cache-master';
const QUORUM = 2;
/** In milliseconds; a failover that came to nothing is tried again after twice this. */
const FAILOVER_TIMEOUT = 2_000;

/**
 * Starts a master, two replicas, and three sentinels that watch them.
 *
 * The sentinels know the replicas and each other when this resolves: a failover needs nobody's help.
 */
export async function startSentinels(options: RedisSentinelsOptions = {}): Promise<RedisSentinels> {
  const servers = new RedisServers();
  try {
    const data = await startData(servers, options);
    const sentinels = new RedisSentinels(servers, data, await startWatching(servers, data, options), options);
    await sentinels.awaitAgreement();
    return sentinels;
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

/** The first of them is the master. */
async function startData(servers: RedisServers, { password }: RedisSentinelsOptions): Promise<RedisServer[]> {
  // Whoever has been away may come back as the replica of any other one.
  const args = password === undefined ? [] : ['--masterauth', password];
  const data = await servers.start(threeTimes({ password, args }));
  const [master, ...replicas] = data;
  if (master) await Promise.all(replicas.map((replica) => follow(() => servers.client(replica), master)));
  return data;
}

function startWatching(
  servers: RedisServers,
  [master]: readonly RedisServer[],
  { password, sentinelPassword, downAfter = 1_500 }: RedisSentinelsOptions,
): Promise<RedisServer[]> {
  const configuration = [
    `sentinel monitor ${MASTER_NAME} ${master?.host} ${master?.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfter}`,
    `sentinel failover-timeout ${MASTER_NAME} ${FAILOVER_TIMEOUT}`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${MASTER_NAME} ${JSON.stringify(password)}`]),
  ];
  return servers.start(threeTimes({ password: sentinelPassword, sentinel: { configuration } }));
}

/** A master with its replicas, and the sentinels that watch them. */
export class RedisSentinels {
  /** What the sentinels call the master, whichever server that is. */
  readonly masterName = MASTER_NAME;
  #former: RedisServer | undefined;

  constructor(
    private readonly servers: RedisServers,
    /** The master and the replicas; which is which changes. */
    readonly data: readonly RedisServer[],
    readonly sentinels: readonly RedisServer[],
    readonly options: RedisSentinelsOptions,
  ) {}

  /** Where the sentinels are. */
  get addresses(): { readonly host: string; readonly port: number }[] {
    return this.sentinels.map(({ host, port }) => ({ host, port }));
  }

  /** A plain client of one server or sentinel, to look behind the cache's back. */
  client(server: RedisServer): Redis {
    return this.servers.client(server);
  }

  /** The present master, by the word of the sentinel that knows the latest: one that was away may name an old one. */
  async master(): Promise<RedisServer> {
    const known = await Promise.all(
      this.#servingSentinels.map(async (sentinel) => {
        const [facts] = await this.#ask(sentinel, 'MASTERS');
        return { epoch: Number(facts?.get('config-epoch')), master: await this.#masterFor(sentinel) };
      }),
    );
    const [latest] = known.toSorted((one, other) => other.epoch - one.epoch);
    if (!latest) throw new Error('No sentinel is left to ask');
    return latest.master;
  }

  /** @returns what was the master */
  async killMaster(): Promise<RedisServer> {
    this.#former = await this.master();
    await this.servers.kill(this.#former);
    return this.#former;
  }

  /** @returns what was the master; it still believes that it is when it goes on */
  async freezeMaster(): Promise<RedisServer> {
    this.#former = await this.master();
    await this.#former.freeze();
    return this.#former;
  }

  /**
   * Asks the sentinels for another master, as before the maintenance of a server.
   *
   * @returns what was the master; it still believes that it is, for up to twenty seconds or until {@link restore}
   */
  async replaceMaster(): Promise<RedisServer> {
    const [sentinel] = this.#servingSentinels;
    if (!sentinel) throw new Error('No sentinel is left to ask');
    this.#former = await this.master();
    await this.client(sentinel).call('SENTINEL', 'FAILOVER', MASTER_NAME);
    return this.#former;
  }

  async killSentinel(sentinel: RedisServer): Promise<void> {
    await this.servers.kill(sentinel);
  }

  /** Resolves with the new master as soon as every sentinel that serves names it, and it says so itself. */
  async awaitFailover(): Promise<RedisServer> {
    let master = this.#former;
    await until('a new master was promoted', async () => {
      const named = await Promise.all(this.#servingSentinels.map((sentinel) => this.#masterFor(sentinel)));
      [master] = named;
      if (!master?.isServing || master === this.#former || named.some((each) => each !== master))
        return false;
      const [role] = await this.client(master).role();
      return role === 'master';
    });
    if (!master) throw new Error('Nothing was promoted');
    return master;
  }

  /** Brings back what was killed or frozen, makes replicas of former masters, and waits until all know of it. */
  async restore(): Promise<void> {
    await Promise.all([...this.data, ...this.sentinels].map((server) => this.servers.bringBack(server)));
    const master = await this.master();
    // The sentinels would see to it as well, within twenty seconds.
    const replicas = this.data.filter((server) => server !== master);
    await Promise.all(replicas.map((replica) => follow(() => this.client(replica), master)));
    await this.awaitAgreement();
  }

  /** Resolves when every sentinel sees the master, both replicas and the other sentinels at work. */
  async awaitAgreement(): Promise<void> {
    await until('the sentinels knew everyone', async () => {
      const views = await Promise.all(this.sentinels.map((sentinel) => this.#seesEveryone(sentinel)));
      return views.every(Boolean);
    });
  }

  /** Ends everything and removes its files. May be repeated. */
  stop(): Promise<void> {
    return this.servers.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #servingSentinels(): RedisServer[] {
    return this.sentinels.filter((sentinel) => sentinel.isServing);
  }

  async #masterFor(sentinel: RedisServer): Promise<RedisServer> {
    const reply = await this.client(sentinel).call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME);
    return this.#serverAt(Array.isArray(reply) ? Number(reply[1]) : NaN);
  }

  #serverAt(port: number): RedisServer {
    const server = this.data.find((each) => each.port === port);
    if (!server) throw new Error(`No server of these listens at the port that a sentinel names: ${port}`);
    return server;
  }

  async #seesEveryone(sentinel: RedisServer): Promise<boolean> {
    const [masters, replicas, others] = await Promise.all([
      this.#ask(sentinel, 'MASTERS'),
      this.#ask(sentinel, 'REPLICAS', MASTER_NAME),
      this.#ask(sentinel, 'SENTINELS', MASTER_NAME),
    ]);
    return (
      areAtWork(masters, 'master', 1) &&
      masters.every((master) => master.get('role-reported') === 'master') &&
      areAtWork(replicas, 'slave', this.data.length - 1) &&
      areAtWork(others, 'sentinel', this.sentinels.length - 1)
    );
  }

  async #ask(sentinel: RedisServer, ...question: [string, ...string[]]): Promise<Facts[]> {
    const reply = await this.client(sentinel).call('SENTINEL', question);
    return Array.isArray(reply) ? reply.map(factsIn) : [];
  }
}

/** What a sentinel knows of someone, by name. */
type Facts = ReadonlyMap<string, string>;

function factsIn(reply: unknown): Facts {
  const parts = Array.isArray(reply) ? reply.map(String) : [];
  const names = parts.filter((_, index) => index % 2 === 0);
  return new Map(names.map((name, index) => [name, parts[2 * index + 1] ?? '']));
}

function areAtWork(known: readonly Facts[], kind: string, howMany: number): boolean {
  // What a sentinel said of the last master is remembered for a while; `s_down` and the like would be news.
  const flagsOf = (facts: Facts) => facts.get('flags')?.replace(',master_down', '');
  return known.length === howMany && known.every((facts) => flagsOf(facts) === kind);
}

/**
 * Makes a server the replica of another one, and waits for the copy. A sentinel that does the same meanwhile hangs up on
 * all clients of the server.
 */
async function follow(replica: () => Redis, master: RedisServer): Promise<void> {
  await until('a replica had its copy', async () => {
    await replica().replicaof(master.host, master.port);
    return (await replica().info('replication')).includes('master_link_status:up');
  });
}

function threeTimes<Item>(item: Item): [Item, Item, Item] {
  return [item, item, item];
}
