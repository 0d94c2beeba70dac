/** Something that ends by itself when its time is up. */
export interface PendingOperation {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  expire(): void;
}

/**
 * The operations under way, oldest first, under one timer: as all have the same time, the oldest always ends first.
 */
export class PendingOperations<Item extends PendingOperation> {
  readonly #items = new Set<Item>();
  #timer: NodeJS.Timeout | undefined;

  add(item: Item): void {
    this.#items.add(item);
    this.#timer ??= this.#wakeAt(item.deadline);
  }

  remove(item: Item): void {
    this.#items.delete(item);
  }

  get size(): number {
    return this.#items.size;
  }

  [Symbol.iterator](): IterableIterator<Item> {
    return this.#items.values();
  }

  /** Lets the process end: nothing expires any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wakeAt(deadline: number): NodeJS.Timeout {
    // After a blocked event loop timers run before the socket is read: a turn later the replies have been seen.
    const timer = setTimeout(
      () => setImmediate(() => this.#expireDue()),
      Math.max(0, deadline - performance.now()),
    );
    // The connection keeps the process alive while something is under way; a timer for what has settled must not.
    return timer.unref();
  }

  #expireDue(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const item of this.#items) {
      if (item.deadline > now) {
        this.#timer ??= this.#wakeAt(item.deadline);
        return;
      }
      this.#items.delete(item);
      item.expire();
    }
  }
}
