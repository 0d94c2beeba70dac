/** Who waits for the next change of a key. */
export class KeyWatchers {
  readonly #watchers = new Map<string, Set<() => void>>();
  #closed = false;

  /**
   * Waits for a key.
   *
   * @param key to wait for
   * @param onChange is called once, and never before the code that makes the change has returned
   * @returns ends the waiting; repeating it is harmless
   */
  add(key: string, onChange: () => void): () => void {
    let over = false;
    const stop = (): void => {
      over = true;
      this.#drop(key, wake);
    };
    const wake = (): void =>
      queueMicrotask(() => {
        if (over) return;
        over = true;
        onChange();
      });
    const others = this.#watchers.get(key);
    if (this.#closed) wake();
    else if (others === undefined) this.#watchers.set(key, new Set([wake]));
    else others.add(wake);
    return stop;
  }

  /** Wakes everybody who waits for a key. */
  wake(key: string): void {
    if (this.#watchers.size === 0) return;
    const waiting = this.#watchers.get(key);
    if (waiting === undefined) return;
    this.#watchers.delete(key);
    for (const wake of waiting) wake();
  }

  /** Wakes everybody, and from now on whoever comes. */
  close(): void {
    this.#closed = true;
    for (const key of this.#watchers.keys()) this.wake(key);
  }

  /** How many keys somebody waits for. */
  get size(): number {
    return this.#watchers.size;
  }

  #drop(key: string, wake: () => void): void {
    const waiting = this.#watchers.get(key);
    if (waiting?.delete(wake) === true && waiting.size === 0) this.#watchers.delete(key);
  }
}
