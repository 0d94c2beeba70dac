import type { Redis } from 'ioredis';

/**
 * Lets what is sent in one turn of the event loop leave together, in one write: each write of its own costs more than
 * everything else that is done for a small command.
 */
export class SharedTurn {
  #held: Redis['stream'] | undefined;

  /** Keeps back what is sent on a connection until the turn ends. */
  hold({ stream }: Redis): void {
    if (this.#held === stream) return;
    this.#held = stream;
    stream.cork();
    process.nextTick(() => {
      this.#held = undefined;
      stream.uncork();
    });
  }

  /** Sends it now, as this turn may last. */
  release(): void {
    this.#held?.uncork();
    this.#held = undefined;
  }
}
