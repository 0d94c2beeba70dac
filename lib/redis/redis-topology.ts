import type { Redis } from 'ioredis';
import type { ChangeFeed } from './change-feed.js';
import type { FeedFollower } from './near-feed.js';
import type { RedisRequest, RedisTarget } from './redis-error.js';
import type { ReplyLine } from './reply-line.js';
import type { ServerClock } from './server-clock.js';

/** What is known of the server behind one connection. */
export interface ServerSide {
  /** Vouches for its replies. */
  readonly line: ReplyLine;
  readonly clock: ServerClock;
  /** Tells of changes of its keys. */
  readonly changes: ChangeFeed;
}

/** Sends one operation on a client that is ready, without awaiting anything first. */
export type Send<Reply> = (client: Redis, server: ServerSide) => Promise<Reply>;

/** One server that holds keys, for what concerns no single key. */
export interface RedisShard {
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
