/** Keys that are written together, without their prefix: a `Map` or a `Set` has them. */
export interface KeyGroup {
  readonly size: number;
  has(key: string): boolean;
  keys(): Iterable<string>;
}

/** A write of several keys that is under way. */
interface GroupWrite {
  readonly prefix: string;
  readonly keys: KeyGroup;
  readonly settled: Promise<unknown>;
}

/**
 * Keeps what is done to one key in the order of the calls, also when some writes need two round trips: what comes after
 * such a one waits for it. Nothing else ever waits.
 */
export class KeyOrder {
  readonly #last = new Map<string, Promise<unknown>>();
  /** Measured: noting each of 100,000 keys, and forgetting it, would keep the event loop for 50 ms each time. */
  readonly #groups = new Set<GroupWrite>();

  /** Whether no write is under way that takes more than one step. */
  get isQuiet(): boolean {
    return this.#last.size === 0 && this.#groups.size === 0;
  }

  /** Whether writes of the key are under way that take more than one step. */
  isBusy(key: string): boolean {
    return !this.isQuiet && this.#writesOf(key).length > 0;
  }

  /** The same for any key of a group. */
  isGroupBusy(prefix: string, keys: KeyGroup): boolean {
    return !this.isQuiet && this.#writesOfGroup(prefix, keys).length > 0;
  }

  /** Waits for the writes of a key that are under way and take more than one step; absent: there are none. */
  settled(key: string): Promise<unknown> | undefined {
    return this.isQuiet ? undefined : allOf(this.#writesOf(key));
  }

  /** The same for all keys of a group. */
  groupSettled(prefix: string, keys: KeyGroup): Promise<unknown> | undefined {
    return this.isQuiet ? undefined : allOf(this.#writesOfGroup(prefix, keys));
  }

  /** Runs a write when all earlier ones of the key that passed here have settled. */
  async run<Value>(key: string, write: () => Promise<Value>): Promise<Value> {
    const running = runAfter(this.#writesOf(key), write);
    const settled = running.catch(() => undefined);
    this.#last.set(key, settled);
    try {
      return await running;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }

  /** Runs a write of several keys when all earlier ones of any of them that passed here have settled. */
  async runGroup<Value>(prefix: string, keys: KeyGroup, write: () => Promise<Value>): Promise<Value> {
    const running = runAfter(this.#writesOfGroup(prefix, keys), write);
    const group: GroupWrite = { prefix, keys, settled: running.catch(() => undefined) };
    this.#groups.add(group);
    try {
      return await running;
    } finally {
      this.#groups.delete(group);
    }
  }

  #writesOf(key: string): Promise<unknown>[] {
    const writes = [...this.#groups].filter((group) => contains(group, key)).map(({ settled }) => settled);
    const last = this.#last.get(key);
    if (last !== undefined) writes.push(last);
    return writes;
  }

  #writesOfGroup(prefix: string, keys: KeyGroup): Promise<unknown>[] {
    const group = { prefix, keys };
    const writes = [...this.#groups].filter((other) => overlap(group, other)).map(({ settled }) => settled);
    for (const [key, settled] of this.#last) if (contains(group, key)) writes.push(settled);
    return writes;
  }
}

type Keys = Pick<GroupWrite, 'prefix' | 'keys'>;

function contains({ prefix, keys }: Keys, key: string): boolean {
  return key.startsWith(prefix) && keys.has(key.slice(prefix.length));
}

function overlap(one: Keys, other: Keys): boolean {
  const [few, many] = one.keys.size < other.keys.size ? [one, other] : [other, one];
  for (const key of few.keys.keys()) if (contains(many, few.prefix + key)) return true;
  return false;
}

function allOf(writes: readonly Promise<unknown>[]): Promise<unknown> | undefined {
  return writes.length === 0 ? undefined : Promise.all(writes);
}

/** At once, when there is nothing to wait for. */
function runAfter<Value>(before: readonly Promise<unknown>[], write: () => Promise<Value>): Promise<Value> {
  return before.length === 0 ? write() : Promise.all(before).then(write);
}
