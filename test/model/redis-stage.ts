import type { Redis } from 'ioredis';
import { resolveRedisCacheOptions } from '../../lib/config/resolve-redis-cache-options.js';
import { createTopology } from '../../lib/redis/create-topology.js';
import { RedisStore } from '../../lib/redis/redis-store.js';
import { createRawRedis } from '../support/raw-redis.js';
import type { RedisServer } from '../support/redis-server.js';
import { compareNear } from './check-near.js';
import type { Tolerance } from './check-reads.js';
import type { History } from './history.js';
import { judge } from './judge.js';
import { PROCESSES, type Program, type Scope } from './program.js';
import { SharedFollowing } from './redis-near.js';
import { runProgram, type Stage } from './run-program.js';
import { Wire } from './wire.js';

/** What a program may contain that runs against a server. */
export const REAL: Scope = {
  delays: [0, 0, 3, 8],
  losses: [0],
  leases: [300, 3_000],
  retries: false,
  steps: 6,
};

/** Connections are shared: each schedule has keys of its own, and takes three of these for its processes. */
const CONNECTIONS = 6;
/** Longer than a refresh in the background, and than writers behind. */
const QUIET_AFTER = 250;
/** A busy machine takes its time; in all of it nothing else may be wrong. */
const TOLERANCE: Tolerance = { clock: 4, turn: 150, news: 0 };
/** How long news of a change may take on a machine that does much else, and until a closed connection is noticed. */
const NEWS = 150;
/** When the event loop stood still for so long, leases may have ended early, and waiters been late; in milliseconds. */
const TOO_BUSY = 60;

/** One server that many schedules share. */
export class RedisStage {
  readonly #stores: readonly RedisStore[];
  readonly #followings: readonly SharedFollowing[];
  readonly #raw: Redis;
  #schedules = 0;

  constructor(server: RedisServer) {
    const options = { host: server.host, port: server.port };
    this.#stores = Array.from(
      { length: CONNECTIONS },
      () =>
        new RedisStore(
          createTopology(resolveRedisCacheOptions({ options, variable: () => undefined }), undefined),
        ),
    );
    this.#followings = this.#stores.map((store) => new SharedFollowing(store));
    this.#raw = createRawRedis(server);
  }

  /** Runs a program in real time; several may run at once. */
  async run(program: Program): Promise<string[]> {
    this.#schedules += 1;
    const news = program.near === undefined ? 0 : NEWS;
    const stage = this.#stageOf(`model:${this.#schedules}:`, this.#schedules, program);
    return judge(await runProgram(program, stage), program, { ...TOLERANCE, news });
  }

  /** Closes every connection on which changes are told. */
  async closeListeners(): Promise<void> {
    await this.#raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  }

  /** One of the connections, and a plain client, to ask the server itself. */
  get ways(): { readonly store: RedisStore; readonly raw: Redis } {
    const [store] = this.#stores;
    if (store === undefined) throw new Error('There is no connection');
    return { store, raw: this.#raw };
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
    this.#raw.disconnect();
  }

  #stageOf(prefix: string, first: number, { near }: Program): Stage {
    const place = (process: number): number => (first + process) % CONNECTIONS;
    return {
      prefix,
      quietAfter: QUIET_AFTER,
      serverFor: (process) => {
        const store = this.#stores[place(process)];
        if (store === undefined || process >= PROCESSES) throw new Error('There is no such process');
        return { store, arrive: (command) => store.execute(command) };
      },
      connect: (server, weather, process) => {
        const following = this.#followings[place(process)];
        if (near === undefined || following === undefined) return { wire: new Wire(server, weather) };
        return following.connect(server, weather, near);
      },
      compare: async (history, processes) => {
        const [store] = this.#stores;
        if (near !== undefined && store !== undefined)
          await compareNear(store, prefix, history, processes, NEWS);
      },
      inspect: (history, program) => this.#inspect(prefix, history, program),
    };
  }

  /** Property 15: whatever is no value of the application has an end, in time. */
  async #inspect(prefix: string, history: History, program: Program): Promise<void> {
    const keys = await this.#raw.keysBuffer(`${prefix}*`);
    for (const key of keys) {
      const [left, kind] = await Promise.all([this.#raw.pttl(key), this.#raw.getrangeBuffer(key, 3, 3)]);
      const isVersion = key.includes(0xff);
      const isLease = !isVersion && String(kind) === 'L';
      const name = JSON.stringify(key.subarray(prefix.length).toString('latin1'));
      if ((isVersion || isLease) && left === -1)
        history.flaws.push(`15: the bookkeeping key ${name} never ends`);
      if (isLease && left > 3_000) history.flaws.push(`15: the lease of ${name} ends in ${left} ms only`);
      if (isVersion && left > 2 * longestNeed(program))
        history.flaws.push(`15: the version ${name} ends in ${left} ms only`);
    }
    if (keys.length > 0) await this.#raw.unlink(keys);
  }
}

/** How long what a program stamps may be in use: a tagged entry without a time to live stays for 30 days. */
function longestNeed({ callers }: Program): number {
  const needs = callers.flatMap(({ steps }) =>
    steps.map(({ action }) => {
      if (action.op === 'load') return (action.loading.ttl ?? MONTH) + action.loading.staleFor;
      return 'writing' in action ? (action.writing.ttl ?? MONTH) : 0;
    }),
  );
  return Math.max(0, ...needs) + 60_000;
}

const MONTH = 30 * 24 * 60 * 60 * 1_000;

/** Tells how long the event loop stood still at most. */
export class LoopWatch {
  #last = performance.now();
  #longest = 0;
  readonly #timer = setInterval(() => {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last - 10);
    this.#last = now;
  }, 10);

  /** Whether that was too long for anything to be said about leases and waits. */
  end(): boolean {
    clearInterval(this.#timer);
    return this.#longest > TOO_BUSY;
  }
}
