import type { FeedFollower } from './near-feed.js';
import type { RedisRequest, RedisTarget } from './redis-error.js';
import type { Send } from './server-side.js';
import type { WorkCarrier } from './work.js';

/** One server that holds keys, for what concerns no single key. */
export interface RedisShard {
  readonly target: RedisTarget;
  run<Reply>(request: RedisRequest, send: Send<Reply>): Promise<Reply>;
}

/** All servers that hold keys at one moment. */
export interface RedisShards {
  readonly servers: readonly RedisShard[];
  /** Whether no key can have moved from one server to another since. */
  keptTheirKeys(request: RedisRequest): Promise<boolean>;
}

/** Which server holds which key: one holds all of them, or each master of a cluster holds some. */
export interface RedisTopology {
  readonly target: RedisTarget;
  /** The connection to the server that holds every key; absent where there are several. */
  readonly connection?: WorkCarrier;
  /** Runs an operation on the server that holds the key. */
  run<Reply>(request: RedisRequest, key: string | Buffer, send: Send<Reply>): Promise<Reply>;
  shards(request: RedisRequest): Promise<RedisShards>;
  /** Splits keys into groups that one command may name together. */
  group<Key extends string | Buffer>(keys: Key[]): readonly Key[][];
  /** Begins to tell of changes of what is read to be kept, wherever it is. */
  follow(follower: FeedFollower): void;
  /** Refuses new operations, lets those under way end within their deadline, and ends every connection. */
  close(): Promise<void>;
}
