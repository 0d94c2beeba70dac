import { setTimeout as delay } from 'node:timers/promises';
import { SpakkyCacheError } from '../../lib/contract/errors.js';
import type { ICache } from '../../lib/contract/cache.interface.js';
import { now } from './clock.js';
import { LoopClock } from './loop-clock.js';

/** What callers went through while a load was on. */
export interface LoadReport {
  readonly operations: number;
  /** Errors by `code`; anything that is no error of the cache by what it says of itself. */
  readonly errors: Readonly<Record<string, number>>;
  /** The keys that something went wrong with while the machine did not stand still. */
  readonly failedKeys: ReadonlySet<string>;
  /** Of the operations, in milliseconds in which this process had a processor. */
  readonly slowest: number;
  /** What was read and cannot have been written, one sentence each. */
  readonly wrong: readonly string[];
}

export interface LoadOptions {
  /** Each belongs to one caller, who writes, reads and sometimes deletes it, one after the other. */
  readonly keys: readonly string[];
  /** Whether servers may forget what they confirmed, as they do when a copy takes the place of a dead master. */
  readonly mayForget?: boolean;
}

/** In milliseconds: everything is connected then. */
const RUN_UP = 200;
/** In milliseconds: when this process had no processor for so long, neither had the servers of the same machine. */
const STANDSTILL = 100;

/** What a key may hold: a number that counts the writes, or nothing. */
type Content = number | undefined;

/** Calls the cache without a break while something happens to its servers, and tells what the callers went through. */
export async function underLoad(
  cache: ICache,
  options: LoadOptions,
  happening: () => Promise<unknown>,
): Promise<LoadReport> {
  const load = new Load(cache, options);
  try {
    await delay(RUN_UP);
    await happening();
  } finally {
    await load.stop();
  }
  return load.report();
}

/** Callers without a break, each of whom knows what its key may hold. */
class Load {
  readonly #cache: ICache;
  readonly #options: LoadOptions;
  readonly #errors = new Map<string, number>();
  readonly #failedKeys = new Set<string>();
  readonly #wrong: string[] = [];
  readonly #callers: Promise<unknown>;
  readonly #clock = new LoopClock();
  #operations = 0;
  #slowest = 0;
  #isStopping = false;

  constructor(cache: ICache, options: LoadOptions) {
    this.#cache = cache;
    this.#options = options;
    this.#callers = Promise.all(options.keys.map((key) => this.#call(key)));
  }

  /** Lets every caller finish what it has begun. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#callers;
    this.#clock.stop();
  }

  report(): LoadReport {
    return {
      operations: this.#operations,
      errors: Object.fromEntries(this.#errors),
      failedKeys: this.#failedKeys,
      slowest: Math.round(this.#slowest),
      wrong: this.#wrong,
    };
  }

  async #call(key: string): Promise<void> {
    // More than one after a write whose outcome is unknown.
    let possible: readonly Content[] = [undefined];
    for (let turn = 1; !this.#isStopping; turn++) {
      const content = turn % 10 === 0 ? undefined : turn;
      const isWritten = await this.#attempt(key, () => this.#write(key, content));
      possible = isWritten ? [content] : [...possible, content];
      await this.#attempt(key, async () => {
        const result = await this.#cache.get(key);
        this.#judge(key, result.hit ? result.value : undefined, possible, turn);
      });
    }
  }

  #write(key: string, content: Content): Promise<unknown> {
    return content === undefined ? this.#cache.delete(key) : this.#cache.set(key, `${key} ${content}`);
  }

  async #attempt(key: string, action: () => Promise<unknown>): Promise<boolean> {
    const start = this.#clock.mark();
    try {
      await action();
      return true;
    } catch (error) {
      const name = error instanceof SpakkyCacheError ? error.code : String(error);
      this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1);
      if (now() - start.at - this.#clock.since(start) < STANDSTILL) this.#failedKeys.add(key);
      return false;
    } finally {
      this.#operations += 1;
      this.#slowest = Math.max(this.#slowest, this.#clock.since(start));
      // Refusals come at once: without a break their callers would keep everybody else from running.
      await delay(1);
    }
  }

  #judge(key: string, value: unknown, possible: readonly Content[], turn: number): void {
    if (possible.some((content) => value === (content === undefined ? undefined : `${key} ${content}`)))
      return;
    const [, sequence] = /^(?:.*) (\d+)$/.exec(String(value)) ?? [];
    const isOwn = value === undefined || value === `${key} ${sequence}`;
    if (this.#options.mayForget === true && isOwn && Number(sequence ?? 0) <= turn) return;
    this.#wrong.push(`${key} held ${String(value)}, and not ${possible.join(' or ')}`);
  }
}
