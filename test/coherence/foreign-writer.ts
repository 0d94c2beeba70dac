import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { now } from '../support/clock.js';
import { Random } from '../chaos/random.js';
import type { Change, SharedKey, SharedValue } from './protocol.js';

const CHANGES = ['set', 'set', 'set', 'removal', 'expiry'] as const;

/** A client that knows Redis and nothing of caches: SET, DEL and PEXPIRE, as anybody types them. */
export class ForeignWriter {
  readonly changes: Change[] = [];
  readonly #client: Redis;
  readonly #prefix: string;
  readonly #random = new Random('foreign');
  readonly #versions = new Map<string, number>();
  /** What was set last, and is still to be removed. */
  readonly #isSet = new Set<string>();
  /** Bytes by version, for each key. */
  readonly #entries = new Map<string, readonly Buffer[]>();

  /** @param client fails at once while it is not connected */
  constructor(client: Redis, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  /** Lets a cache write everything that is to be written, takes the bytes, and removes it again. */
  async prepare(cache: RedisCache<SharedValue>, keys: readonly SharedKey[], count: number): Promise<void> {
    await Promise.all(keys.map((key) => this.#prepareKey(cache, key, count)));
  }

  async #prepareKey(
    cache: RedisCache<SharedValue>,
    { name, writer }: SharedKey,
    count: number,
  ): Promise<void> {
    const entries: Buffer[] = [];
    for (let version = 1; version <= count; version += 1) {
      const [, bytes] = await Promise.all([
        cache.set(name, { version, writer }),
        cache.get(name).then(() => this.#client.getBuffer(this.#prefix + name)),
      ]);
      if (bytes !== null) entries.push(bytes);
    }
    this.#entries.set(name, entries);
    await cache.delete(name);
  }

  /**
   * @param pace between two writes, in milliseconds
   * @param until on the shared clock, or until nothing is left to write
   */
  async run(pace: number, until: number): Promise<void> {
    const names = [...this.#entries.keys()];
    while (now() < until) {
      await this.#change(this.#random.pick(names));
      await delay(pace * (0.5 + this.#random.next()));
    }
  }

  async #change(key: string): Promise<void> {
    const version = (this.#versions.get(key) ?? 0) + 1;
    const bytes = this.#entries.get(key)?.[version - 1];
    if (bytes === undefined) return;
    this.#versions.set(key, version);
    const wholeKey = this.#prefix + key;
    const left = this.#random.between(5, 30);
    // A second expiry would put the first one off.
    const what = this.#random.pick(CHANGES.filter((one) => one !== 'expiry' || this.#isSet.has(key)));
    if (what === 'set') this.#isSet.add(key);
    else this.#isSet.delete(key);
    const change = { key, version, what, beganAt: now() };
    try {
      if (what === 'set') await this.#client.set(wholeKey, bytes);
      else if (what === 'removal') await this.#client.del(wholeKey);
      else await this.#client.pexpire(wholeKey, left);
      const endedAt = now();
      this.changes.push({ ...change, endedAt, ...(what === 'expiry' && { goneAt: endedAt + left }) });
    } catch {
      this.changes.push(change);
    }
  }
}
