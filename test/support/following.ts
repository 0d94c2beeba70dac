import { afterEach } from '@jest/globals';
import type { RedisCacheOptions } from '../../lib/config/redis-cache-options.js';
import { resolveRedisCacheOptions } from '../../lib/config/resolve-redis-cache-options.js';
import type { Outcome, Slot, TagVersion } from '../../lib/core/cache-store.js';
import type { Follower, Following, Kept } from '../../lib/core/followable-store.js';
import { createTopology } from '../../lib/redis/create-topology.js';
import { RedisStore } from '../../lib/redis/redis-store.js';
import type { RedisTopology } from '../../lib/redis/redis-topology.js';
import { eventually } from './waiting.js';

/** A prefix for each store unless a test names one. */
let stores = 0;

/** A store that is followed, and what its follower was told. */
export class FollowedStore implements Follower {
  readonly changes: string[] = [];
  readonly versionChanges: (readonly [prefix: string, tag: string])[] = [];
  losses = 0;
  readonly store: RedisStore;
  readonly following: Following;

  constructor(
    readonly topology: RedisTopology,
    readonly prefix: string,
  ) {
    this.store = new RedisStore(topology);
    this.following = this.store.follow(this);
  }

  get isTrusted(): boolean {
    return this.following.isTrusted(performance.now());
  }

  onChange(wholeKey: string): void {
    this.changes.push(wholeKey);
  }

  onVersionChange(prefix: string, tag: string): void {
    this.versionChanges.push([prefix, tag]);
  }

  onLoss(): void {
    this.losses += 1;
  }

  ready(): Promise<void> {
    return this.following.ready(this.prefix);
  }

  async set(key: string, ttl?: number): Promise<void> {
    const bytes = Buffer.concat([Buffer.alloc(this.store.roomFor(undefined)), Buffer.from(`of ${key}`)]);
    const [outcome] = await this.store.execute({
      op: 'write',
      prefix: this.prefix,
      puts: [{ key, bytes, ttl }],
    });
    if (outcome instanceof Error) throw outcome;
  }

  /** Reads keys to keep them. */
  keep(...keys: readonly string[]): Promise<readonly Kept<Outcome<Slot>>[]> {
    return this.store.readToKeep(this.prefix, keys);
  }

  keepVersions(...tags: readonly string[]): Promise<readonly Kept<TagVersion | undefined>[]> {
    return this.store.versionsToKeep(this.prefix, tags);
  }

  /** Reads a key until it may be kept. */
  keepSurely(key: string, within = 5_000): Promise<Kept<Outcome<Slot>>> {
    return eventually(within, async () => {
      const [kept] = await this.keep(key);
      if (kept?.keeping?.warrant.holds(performance.now()) !== true) throw new Error('It may not be kept');
      return kept;
    });
  }

  /** Waits until a change of a key is told that was not told before. */
  async tells(key: string, within = 1_000): Promise<void> {
    await eventually(within, async () => {
      const place = this.changes.indexOf(this.prefix + key);
      if (place < 0) throw new Error(`No change of ${key} was told`);
      this.changes.splice(0, place + 1);
    });
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

/** Makes stores that are followed; they are closed after each test. */
export function useFollowing(): (options: RedisCacheOptions) => FollowedStore {
  const made: FollowedStore[] = [];
  afterEach(async () => {
    await Promise.all(made.splice(0).map((store) => store.close()));
  });
  return (options) => {
    stores += 1;
    const resolved = resolveRedisCacheOptions({
      options: { keyPrefix: `near:${stores}:`, ...options },
      variable: () => undefined,
    });
    const store = new FollowedStore(createTopology(resolved, undefined), resolved.keyPrefix);
    made.push(store);
    return store;
  };
}
