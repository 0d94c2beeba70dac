import { once } from 'node:events';
import { Redis } from 'ioredis';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { now } from '../support/clock.js';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { eventually } from '../support/waiting.js';
import { Member } from './member.js';
import type { LoadPlan, LoadReport, SharedKey, SharedValue } from './protocol.js';

const MEMBERS = 4;
/** The socket timeout of the processes, in milliseconds. */
const PATIENCE = 500;

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** One server, four processes behind near tiers, a proxy before each, and a client that is no cache. */
export class CoherenceStage {
  readonly members = Array.from({ length: MEMBERS }, () => new Member());
  readonly #caches: RedisCache<SharedValue>[] = [];
  #prefixes = 0;
  #prefix = '';

  private constructor(
    readonly server: RedisServer,
    readonly proxies: readonly FaultProxy[],
    /** It connects again by itself, and fails at once meanwhile. */
    readonly raw: Redis,
  ) {}

  static async start(): Promise<CoherenceStage> {
    const server = await startRedisServer();
    const proxies = await Promise.all(Array.from({ length: MEMBERS }, () => startFaultProxy(server)));
    const { host, port } = server;
    const raw = new Redis({
      host,
      port,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // Otherwise what was in flight when the connection ended never settles.
      maxRetriesPerRequest: 0,
      retryStrategy: () => 20,
      disconnectTimeout: 50,
    });
    raw.on('error', () => undefined);
    await once(raw, 'ready');
    return new CoherenceStage(server, proxies, raw);
  }

  /** The one under which everything is at present. */
  get prefix(): string {
    return this.#prefix;
  }

  /**
   * Opens a cache with a near tier in every process, under a prefix that is new.
   *
   * @param ways one for each of them; absent: straight to the server
   * @param socketTimeout in milliseconds
   */
  async open(ways: readonly Address[] = [], socketTimeout = PATIENCE): Promise<void> {
    this.#prefixes += 1;
    this.#prefix = `coherence:${this.#prefixes}:`;
    await Promise.all(
      this.members.map((member, number) => {
        const { host, port } = ways[number] ?? this.server;
        const near = { values: number % 2 === 0 ? 'copied' : 'frozen' } as const;
        const options = { host, port, keyPrefix: this.#prefix, socketTimeout, near };
        return member.order({ kind: 'open', options });
      }),
    );
  }

  /** A cache without a near tier, in this process, straight at a server. */
  newCache({ host, port }: Address = this.server): RedisCache<SharedValue> {
    const options = { host, port, keyPrefix: this.#prefix, socketTimeout: PATIENCE };
    const cache = new RedisCache<SharedValue>(options, { variable: () => undefined });
    this.#caches.push(cache);
    return cache;
  }

  /** Lets all processes read all keys, and write their own ones when there is a pace. */
  load(keys: readonly SharedKey[], milliseconds: number, pace?: number): Promise<readonly LoadReport[]> {
    const until = now() + milliseconds;
    return Promise.all(
      this.members.map((each, member) => {
        const plan: LoadPlan = { member, keys, until, ...(pace !== undefined && { pace }) };
        return each.order({ kind: 'load', plan });
      }),
    );
  }

  /** What every process sees of keys, once it sees anything. */
  look(keys: readonly SharedKey[]): Promise<readonly (readonly number[])[]> {
    const names = keys.map(({ name }) => name);
    return Promise.all(this.members.map((member) => member.order({ kind: 'look', keys: names })));
  }

  /** What is in a server, by key. */
  async stored(keys: readonly SharedKey[], server?: Address): Promise<readonly number[]> {
    const results = await this.newCache(server).getMany(keys.map(({ name }) => name));
    return [...results.values()].map((result) => (result.hit ? result.value.version : 0));
  }

  /** Waits until every tier keeps what it reads. */
  async fill(keys: readonly SharedKey[]): Promise<void> {
    await eventually(5_000, async () => {
      await this.look(keys);
      const near = await Promise.all(this.members.map((member) => member.order({ kind: 'near' })));
      if (near.some(({ entries }) => entries < keys.length)) throw new Error('A tier keeps too little');
    });
  }

  /** Ends what a test has opened, the caches of the processes excepted. */
  async clear(): Promise<void> {
    await Promise.all(this.#caches.splice(0).map((cache) => cache.close()));
    await Promise.all(this.proxies.map((proxy) => proxy.heal()));
  }

  async close(): Promise<void> {
    await this.clear();
    await Promise.all(this.members.map((member) => member.end()));
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    this.raw.disconnect();
    await this.server.stop();
  }
}

/** Keys of every kind for each process, and some for the client that is no cache. */
export function allKeys(): readonly SharedKey[] {
  const kinds = ['plain', 'plain', 'tagged', 'brief'] as const;
  const own = Array.from({ length: MEMBERS }, (_, writer) =>
    kinds.map((kind, index) => ({ name: `${kind}-${writer}-${index}`, kind, writer })),
  ).flat();
  return [...own, ...foreignKeys(4)];
}

/** Keys that none of the processes writes. */
export function foreignKeys(count: number): readonly SharedKey[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `foreign-${index}`,
    kind: 'foreign',
    writer: -1,
  }));
}
