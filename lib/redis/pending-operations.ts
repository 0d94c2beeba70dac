/** Something that ends by itself when its time is up. */
export interface PendingOperation {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  expire(): void;
}

/**
 * The operations under way, oldest first, under one timer: as all have the same time, the oldest always ends first.
 * The few that began elsewhere, and have less time left, get a timer each.
 */
export class PendingOperations<Item extends PendingOperation> {
  readonly #items = new Set<Item>();
  #timer: NodeJS.Timeout | undefined;
  #latest = 0;

  add(item: Item): void {
    this.#items.add(item);
    if (item.deadline < this.#latest) {
      wakeAt(item.deadline, () => this.#expire(item));
      return;
    }
    this.#latest = item.deadline;
    this.#timer ??= wakeAt(item.deadline, () => this.#expireDue());
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

  #expireDue(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const item of this.#items) {
      if (item.deadline > now) {
        this.#timer ??= wakeAt(item.deadline, () => this.#expireDue());
        return;
      }
      this.#expire(item);
    }
  }

  #expire(item: Item): void {
    if (this.#items.delete(item)) item.expire();
  }
}

function wakeAt(deadline: number, action: () => void): NodeJS.Timeout {
  // After a blocked event loop timers run before the socket is read: a turn later the replies have been seen.
  const timer = setTimeout(() => setImmediate(action), Math.max(0, deadline - performance.now()));
  // The connection keeps the process alive while something is under way; a timer for what has settled must not.
  return timer.unref();
}
