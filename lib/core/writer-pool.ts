/** Whose turn to write can come. */
export interface Writing {
  /** Writes once; it never rejects. */
  write(): Promise<void>;
}

/** Lets so many write at once; the others wait in the order in which they came. */
export class WriterPool {
  readonly #size: number;
  readonly #waiting = new Set<Writing>();
  #running = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Waits for a turn; repeating it before the turn has come is harmless. */
  enter(writing: Writing): void {
    this.#waiting.add(writing);
    this.#admit();
  }

  #admit(): void {
    for (const writing of this.#waiting) {
      if (this.#running >= this.#size) return;
      this.#waiting.delete(writing);
      void this.#run(writing);
    }
  }

  async #run(writing: Writing): Promise<void> {
    this.#running += 1;
    await writing.write();
    this.#running -= 1;
    this.#admit();
  }
}
