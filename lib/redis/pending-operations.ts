/** Something that ends by itself when its time is up. */
export abstract class PendingOperation {
  /** In the list of those under way, which is a chain: a set would be built anew every few operations. */
  previous: this | undefined;
  next: this | undefined;
  isPending = false;

  /** @param deadline on the clock of `performance.now()` */
  constructor(readonly deadline: number) {}

  abstract expire(): void;
}

/**
 * The operations under way, oldest first, under one timer: as all have the same time, the oldest always ends first.
 * The few that began elsewhere, and have less time left, get a timer each.
 */
export class PendingOperations<Item extends PendingOperation> {
  #first: Item | undefined;
  #last: Item | undefined;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #latest = 0;
  #onEnd: () => void = () => undefined;

  add(item: Item): void {
    item.isPending = true;
    item.previous = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#size += 1;
    if (item.deadline < this.#latest) {
      wakeAt(item.deadline, () => this.#expire(item));
      return;
    }
    this.#latest = item.deadline;
    this.#timer ??= wakeAt(item.deadline, () => this.#expireDue());
  }

  /** Removing one that is not there is harmless. */
  remove(item: Item): void {
    if (!item.isPending) return;
    item.isPending = false;
    this.#size -= 1;
    if (item.previous === undefined) this.#first = item.next;
    else item.previous.next = item.next;
    if (item.next === undefined) this.#last = item.previous;
    else item.next.previous = item.previous;
    // Whoever keeps it for longer must not keep all that came after it.
    item.previous = undefined;
    item.next = undefined;
    if (this.#size === 0) this.#onEnd();
  }

  /** Resolves when none is under way any more. */
  ended(): Promise<void> {
    if (this.#size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEnd = resolve;
    });
  }

  /** Those that are there now; each may be removed when its turn has come. */
  *[Symbol.iterator](): Generator<Item> {
    let item = this.#first;
    while (item !== undefined) {
      const { next } = item;
      yield item;
      item = next;
    }
  }

  /** Lets the process end: nothing expires any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #expireDue(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const item of this) {
      if (item.deadline > now) {
        this.#timer ??= wakeAt(item.deadline, () => this.#expireDue());
        return;
      }
      this.#expire(item);
    }
  }

  #expire(item: Item): void {
    if (!item.isPending) return;
    this.remove(item);
    item.expire();
  }
}

function wakeAt(deadline: number, action: () => void): NodeJS.Timeout {
  // After a blocked event loop timers run before the socket is read: a turn later the replies have been seen.
  const timer = setTimeout(() => setImmediate(action), Math.max(0, deadline - performance.now()));
  // The connection keeps the process alive while something is under way; a timer for what has settled must not.
  return timer.unref();
}
