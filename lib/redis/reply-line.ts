import type { Redis } from 'ioredis';
import { classifyFailure, OutOfStepError } from './redis-failure.js';

/**
 * The replies of one connection, which belong to commands by their order alone: one reply too many, and every caller
 * behind it gets the answer to somebody else's command. A value names its key and is found out by itself; what cannot
 * be told from a right answer is confirmed.
 */
export class ReplyLine {
  readonly #client: Redis;
  #confirmation: Promise<void> | undefined;
  #confirmations = 0;

  constructor(client: Redis) {
    this.#client = client;
  }

  /**
   * Makes sure that no reply was out of step so far, by a question that only its own reply answers; callers of one
   * turn of the event loop share it.
   *
   * @throws OutOfStepError when the reply to something else comes instead
   */
  confirm(): Promise<void> {
    if (this.#confirmation === undefined) {
      this.#confirmation = this.#ask();
      setImmediate(() => {
        this.#confirmation = undefined;
      });
    }
    return this.#confirmation;
  }

  async #ask(): Promise<void> {
    this.#confirmations += 1;
    const question = `in step ${this.#confirmations}`;
    const reply = await secondStep(this.#client.ping(question)).catch(unlessRefused);
    if (reply !== undefined && reply !== question) throw new OutOfStepError();
  }
}

/** A server that forbids PING cannot be asked. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof Error && error.name === 'ReplyError') return undefined;
  throw error;
}

/**
 * Waits for what belongs to a command that was sent before. When the driver cannot send it any more, the connection
 * was lost meanwhile: the whole must not pass for something that was never sent.
 */
export function secondStep<Reply>(reply: Promise<Reply>): Promise<Reply> {
  return reply.catch((error: unknown) => {
    throw classifyFailure(error).kind === 'unsent' ? new Error('the connection was closed') : error;
  });
}
