/** What a {@link HeldWrite} is made of. */
export interface HeldWriteParts {
  readonly prefix: string;
  readonly key: string;
  /** For the one who is told that it was not written. */
  readonly value: unknown;
  /** Calls the writer, which is the application's: it may throw before it answers a promise, or answer none. */
  readonly write: () => unknown;
  /** Of two writes the one that was accepted later has the higher one. */
  readonly order: number;
}

/** What a writer threw. */
export interface WriterFailure {
  readonly error: unknown;
}

/** One write from its acceptance until the origin is written, or until it is given up. */
export class HeldWrite {
  readonly parts: HeldWriteParts;
  /** Resolves when nothing of it is left to do. */
  readonly ended: Promise<void>;
  /** How often its writer was called. */
  attempts = 0;
  /** Whether it was told as not written: it is not begun any more. */
  isAbandoned = false;
  #isRunning = false;
  #isOver = false;
  #resolve: () => void = () => undefined;
  readonly #onEnd: (write: HeldWrite) => void;

  /** @param onEnd called once, when nothing is left to do */
  constructor(parts: HeldWriteParts, onEnd: (write: HeldWrite) => void) {
    this.parts = parts;
    this.#onEnd = onEnd;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Whether its writer was called and has not ended. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Calls the writer once; it never rejects. */
  async attempt(): Promise<WriterFailure | undefined> {
    this.attempts += 1;
    this.#isRunning = true;
    try {
      await this.parts.write();
      return undefined;
    } catch (error) {
      return { error };
    } finally {
      this.#isRunning = false;
    }
  }

  /** Lets those go on who wait for it; repeating it is harmless. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd(this);
    this.#resolve();
  }
}
