import type { SpakkyCacheError } from '../contract/errors.js';
import { PendingOperation } from './pending-operations.js';
import type { RedisRequest, RedisTarget } from './redis-error.js';
import type { Send } from './server-side.js';

/** What is to be done on a connection, for one caller or for several. */
export interface Work {
  readonly request: RedisRequest;
  /** Sends it, without awaiting anything first, and tells the callers what came of it. */
  send(...on: Parameters<Send<void>>): Promise<void>;
  /** Tells each caller why nothing came of it; those who were told already are left alone. */
  fail(explain: Explanation): void;
}

/** Carries out work on one server within its deadline, or tells why that cannot be. */
export interface WorkCarrier {
  readonly target: RedisTarget;
  carryOut(work: Work): void;
  /** Sends what is kept back until the turn ends; only of one that keeps anything back. */
  sendHeld?(): void;
}

/** Makes the error of each caller. */
export type Explanation = (request: RedisRequest) => SpakkyCacheError;

/** Work that is under way on a connection. */
export class Operation extends PendingOperation {
  progress: 'unsent' | 'sent' = 'unsent';
  /** On the clock of `performance.now()`; of what was sent. */
  sentAt = 0;

  constructor(
    readonly work: Work,
    deadline: number,
    readonly onExpiry: (operation: Operation) => void,
  ) {
    super(deadline);
  }

  expire(): void {
    this.onExpiry(this);
  }
}
