import type { Redis } from 'ioredis';
import type { ChangeFeed } from './change-feed.js';
import type { ReplyLine } from './reply-line.js';
import type { ServerClock } from './server-clock.js';
import type { Wire } from './wire.js';

/** What is known of the server behind one connection. */
export interface ServerSide {
  /** Vouches for its replies. */
  readonly line: ReplyLine;
  readonly clock: ServerClock;
  /** The shortest way to it. */
  readonly wire: Wire;
  /** Tells of changes of its keys. */
  readonly changes: ChangeFeed;
}

/** Sends one operation on a client that is ready, without awaiting anything first. */
export type Send<Reply> = (client: Redis, server: ServerSide) => Promise<Reply>;
