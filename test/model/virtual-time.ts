/** What the code under test calls; they are put back afterwards. */
const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;
const breathe = setImmediate;

interface Timer {
  readonly id: number;
  readonly call: () => void;
  /** Of an interval, in milliseconds. */
  readonly period: number | undefined;
  due: number;
}

/**
 * Time that passes only when nothing is left to do, so that a schedule of seconds runs in a millisecond, and the same
 * way each time. Nothing in it may wait for anything but timers and promises.
 */
export class VirtualTime {
  readonly #timers = new Map<number, Timer>();
  readonly #random: () => number;
  #now = 0;
  #lastId = 0;

  /** @param random in the place of `Math.random` */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Runs a task in it. What the task leaves behind never runs. */
  async run<Value>(task: () => Promise<Value>): Promise<Value> {
    const restore = this.#install();
    try {
      const result: { outcome?: () => Value } = {};
      task().then(
        (value) => {
          result.outcome = () => value;
        },
        (error: unknown) => {
          result.outcome = () => {
            throw error;
          };
        },
      );
      for (;;) {
        await new Promise((resolve) => breathe(resolve));
        if (result.outcome !== undefined) return result.outcome();
        if (!this.#fireNext()) throw new Error('Nothing is left that could ever happen, and the task waits');
      }
    } finally {
      restore();
    }
  }

  #fireNext(): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (next === undefined || timer.due < next.due) next = timer;
    }
    if (next === undefined) return false;
    this.#now = Math.max(this.#now, next.due);
    if (next.period === undefined) this.#timers.delete(next.id);
    else {
      // It comes after what was set for the same moment before.
      this.#timers.delete(next.id);
      next.due = this.#now + next.period;
      this.#timers.set(next.id, next);
    }
    next.call();
    return true;
  }

  #add(call: () => void, delay: number | undefined, isRepeated: boolean): object {
    this.#lastId += 1;
    const id = this.#lastId;
    const period = Math.max(1, Math.ceil(delay ?? 0));
    this.#timers.set(id, { id, call, due: this.#now + period, period: isRepeated ? period : undefined });
    return { id, ref: () => undefined, unref: () => undefined };
  }

  #clear(handle: unknown): boolean {
    return (
      typeof handle === 'object' && handle !== null && this.#timers.delete(Number(Reflect.get(handle, 'id')))
    );
  }

  #install(): () => void {
    const before = TIMERS.map((name) => [name, Reflect.get(globalThis, name)] as const);
    const { random } = Math;
    const clearReal = globalThis.clearTimeout;
    const clear = (handle: unknown): void => {
      // Timers from outside end as ever.
      if (!this.#clear(handle) && handle instanceof Object && !('id' in handle))
        Reflect.apply(clearReal, undefined, [handle]);
    };
    Reflect.set(globalThis, 'setTimeout', (call: () => void, delay?: number) =>
      this.#add(call, delay, false),
    );
    Reflect.set(globalThis, 'setInterval', (call: () => void, delay?: number) =>
      this.#add(call, delay, true),
    );
    Reflect.set(globalThis, 'clearTimeout', clear);
    Reflect.set(globalThis, 'clearInterval', clear);
    Reflect.defineProperty(performance, 'now', { configurable: true, value: () => this.#now });
    Math.random = this.#random;
    return () => {
      for (const [name, value] of before) Reflect.set(globalThis, name, value);
      Reflect.deleteProperty(performance, 'now');
      Math.random = random;
    };
  }
}
