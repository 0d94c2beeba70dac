import type { FeedFollower } from './near-feed.js';
import type { RedisConnection } from './redis-connection.js';
import type { RedisRequest, RedisTarget } from './redis-error.js';
import type { RedisShards, RedisTopology } from './redis-topology.js';
import type { Send } from './server-side.js';

/** One server, which holds every key. */
export class SingleServer implements RedisTopology {
  readonly target: RedisTarget;
  readonly connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.target = connection.target;
    this.connection = connection;
  }

  run<Reply>(request: RedisRequest, _key: string | Buffer, send: Send<Reply>): Promise<Reply> {
    return this.connection.run(request, send);
  }

  async shards(): Promise<RedisShards> {
    return { servers: [this.connection], keptTheirKeys: async () => true };
  }

  group<Key extends string | Buffer>(keys: Key[]): readonly Key[][] {
    return [keys];
  }

  follow(follower: FeedFollower): void {
    this.connection.follow(follower);
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
