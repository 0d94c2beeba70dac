import type { Socket } from 'node:net';

interface LateReply {
  readonly bytes: Buffer;
  /** On the clock of `performance.now()`. */
  readonly due: number;
}

/** Writes replies to a client, late where that is asked for, and always in their order. */
export class ReplyQueue {
  readonly #client: Socket;
  readonly #late: LateReply[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isHeld = false;

  constructor(client: Socket) {
    this.#client = client;
  }

  write(bytes: Buffer, delay = 0): void {
    this.#late.push({ bytes, due: performance.now() + delay });
    if (this.#timer === undefined) this.#writeDue();
  }

  /** Keeps everything back until it is released. */
  hold(): void {
    this.#isHeld = true;
    this.stop();
  }

  release(): void {
    this.#isHeld = false;
    this.#writeDue();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #writeDue(): void {
    this.#timer = undefined;
    if (this.#isHeld) return;
    const now = performance.now();
    for (;;) {
      const next = this.#late[0];
      if (next === undefined) return;
      if (next.due > now) {
        this.#timer = setTimeout(() => this.#writeDue(), next.due - now);
        return;
      }
      this.#late.shift();
      if (this.#client.writable) this.#client.write(next.bytes);
    }
  }
}
