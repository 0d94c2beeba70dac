import { RedisCacheTimeoutError } from '../contract/redis-errors.js';
import type { Follower, Following } from '../core/followable-store.js';
import { isVersionKey, partsOfVersionKey } from './key-prefix.js';
import type { FeedFollower, NearFeed } from './near-feed.js';
import type { RedisTopology } from './redis-topology.js';

/** Tells one follower of changes on all servers that hold keys. */
export class RedisFollowing implements Following, FeedFollower {
  readonly #topology: RedisTopology;
  readonly #follower: Follower;
  readonly #feeds = new Set<NearFeed>();

  constructor(topology: RedisTopology, follower: Follower) {
    this.#topology = topology;
    this.#follower = follower;
    topology.follow(this);
  }

  get refusal(): Error | undefined {
    for (const { refusal } of this.#feeds) if (refusal !== undefined) return refusal;
    return undefined;
  }

  isTrusted(now: number): boolean {
    let isAsked = false;
    for (const feed of this.#feeds) {
      if (!feed.isAsked) continue;
      isAsked = true;
      if (feed.warrant?.holds(now) !== true) return false;
    }
    return isAsked;
  }

  async ready(prefix: string): Promise<void> {
    const request = { verb: 'reach', prefix } as const;
    const start = performance.now();
    const { servers } = await this.#topology.shards(request);
    const feeds = await Promise.all(
      servers.map((server) => server.run(request, async (client, { changes }) => changes.begin(client))),
    );
    const opened = await Promise.all(feeds.map(async (feed) => feed?.opened(start)));
    if (this.refusal !== undefined) throw this.refusal;
    if (opened.includes(true) && !opened.includes(false)) return;
    const { address } = this.#topology.target;
    throw new RedisCacheTimeoutError(
      'REDIS_TIMEOUT',
      `Cannot keep what is read under the prefix "${prefix}" (${address}): the server did not begin to tell of ` +
        'changes in time. Is another connection to it possible? SPAKKY_REDIS__SOCKET_TIMEOUT allows more time.',
    );
  }

  onFeed(feed: NearFeed): void {
    this.#feeds.add(feed);
  }

  onEnd(feed: NearFeed): void {
    this.#feeds.delete(feed);
  }

  onChanged(key: Buffer): void {
    if (!isVersionKey(key)) {
      this.#follower.onChange(key.toString());
      return;
    }
    const { prefix, tag } = partsOfVersionKey(key);
    this.#follower.onVersionChange(prefix, tag);
  }

  onLoss(): void {
    this.#follower.onLoss();
  }
}
