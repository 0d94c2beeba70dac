import type { Redis } from 'ioredis';
import { ChangeFeed } from './change-feed.js';
import type { RedisLink } from './redis-link.js';
import { ReplyLine } from './reply-line.js';
import { ServerClock } from './server-clock.js';
import { Wire } from './wire.js';

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

/** @param patience how long another connection to it may take, in milliseconds */
export function serverSideOf(link: RedisLink, patience: number): ServerSide {
  return {
    line: new ReplyLine(link.client),
    clock: new ServerClock(),
    wire: new Wire(link),
    changes: new ChangeFeed(link, patience),
  };
}
