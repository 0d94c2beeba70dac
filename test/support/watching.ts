import { setTimeout as delay } from 'node:timers/promises';
import { afterEach } from '@jest/globals';
import type { RedisCacheOptions } from '../../lib/config/redis-cache-options.js';
import { resolveRedisCacheOptions } from '../../lib/config/resolve-redis-cache-options.js';
import type { Look } from '../../lib/redis/change-feed.js';
import type { CacheLogger } from '../../lib/redis/connection-log.js';
import { createTopology } from '../../lib/redis/create-topology.js';
import type { RedisTopology } from '../../lib/redis/redis-topology.js';

/** Longer than any pause of polling, in milliseconds: who is quiet for so long does not poll. */
export const QUIET = 320;
/** A wake by the server is far quicker than this, in milliseconds, on a busy machine too. */
export const SOON = 1_000;

/** A look at a key, and whether a change was told since. */
export class Sight {
  bytes: Buffer | null = null;
  /** How often; more than once would be wrong. */
  calls = 0;
  readonly woken: Promise<void>;
  look: Look | undefined;
  #wake: () => void = () => undefined;

  constructor() {
    this.woken = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  get isWoken(): boolean {
    return this.calls > 0;
  }

  onChange(): void {
    this.calls += 1;
    this.#wake();
  }

  stop(): void {
    this.look?.stop();
  }

  /** @returns after how many milliseconds the change was told; it fails when that takes too long */
  async wakes(within: number = SOON): Promise<number> {
    const start = performance.now();
    const end = new AbortController();
    const late = delay(within, 'late', { signal: end.signal });
    if ((await Promise.race([this.woken, late])) === 'late') throw new Error('No change was told');
    end.abort();
    return performance.now() - start;
  }

  /** Fails when a change is told. */
  async staysQuiet(): Promise<void> {
    await delay(QUIET);
    if (this.isWoken) throw new Error('A change was told');
  }
}

/** As much of a store as it takes to watch keys. */
export class WatchingStore {
  constructor(readonly topology: RedisTopology) {}

  async watch(key: string): Promise<Sight> {
    const sight = new Sight();
    try {
      sight.bytes = await this.topology.run({ verb: 'read', prefix: '', key }, key, (client, { changes }) => {
        sight.look = changes.look(client, key, () => sight.onChange());
        return sight.look.reply;
      });
    } catch (error) {
      sight.stop();
      throw error;
    }
    return sight;
  }

  set(key: string, value: string): Promise<unknown> {
    return this.topology.run({ verb: 'write', prefix: '', key }, key, (client) => client.set(key, value));
  }

  /** Watches until the server tells of changes by itself: nobody polls any more. */
  async watchAttentively(key: string): Promise<Sight> {
    for (let attempt = 1; attempt <= 20; attempt++) {
      const sight = await this.watch(key);
      // The first pauses of polling are shorter.
      const quiet = delay(attempt < 4 ? 110 : QUIET, 'quiet');
      if ((await Promise.race([sight.woken, quiet])) === 'quiet') return sight;
    }
    throw new Error('The server never told of changes');
  }

  close(): Promise<void> {
    return this.topology.close();
  }
}

/** Makes stores that watch; they are closed after each test. */
export function useWatching(): (options: RedisCacheOptions, logger?: CacheLogger) => WatchingStore {
  const stores: WatchingStore[] = [];
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });
  return (options, logger) => {
    const resolved = resolveRedisCacheOptions({ options, variable: () => undefined });
    const store = new WatchingStore(createTopology(resolved, logger));
    stores.push(store);
    return store;
  };
}
