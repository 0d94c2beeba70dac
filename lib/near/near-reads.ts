import type { Keeping, Kept } from '../core/followable-store.js';
import type { Place } from './copies.js';

/** What is known of reads of one key since they were sent. */
interface ReadMark {
  /** Whether the key may have changed meanwhile, or another answer about it has come: the reply may be outdated. */
  isMarked: boolean;
}

/** What a store is asked. */
export interface Question<Answer> {
  readonly prefix: string;
  /** Keys, or what stands for tags. */
  readonly names: readonly string[];
  readonly send: () => Promise<readonly Kept<Answer>[]>;
  /** Told what was answered, and how long that may be kept: absent, when it may not. */
  readonly take: (place: Place, answer: Answer, keeping: Keeping | undefined) => Answer;
}

/**
 * The reads that are under way. Reads of one key share a mark until something happens to the key; whoever asks after
 * that gets another one, so that a key that somebody is always reading is kept nevertheless.
 */
export class NearReads {
  readonly #ttl: number;
  readonly #marks = new Map<string, ReadMark>();

  /** @param ttl how long an answer may be kept at most, in milliseconds */
  constructor(ttl = Infinity) {
    this.#ttl = ttl;
  }

  /** Asks a store; of several reads of a key that are under way together the first answer at most may be kept. */
  async ask<Answer>({ prefix, names, send, take }: Question<Answer>): Promise<readonly Answer[]> {
    const sentAt = performance.now();
    const marks = names.map((name) => this.#begin(prefix + name));
    const replies = await send().catch((error: unknown) => {
      for (const name of names) this.mark(prefix + name);
      throw error;
    });
    const now = performance.now();
    return replies.map(({ answer, keeping }, index) => {
      const name = names[index] ?? '';
      const isCurrent = marks[index]?.isMarked === false;
      // Which of the others sees the key later than this one is not known.
      this.mark(prefix + name);
      return take({ prefix, name }, answer, isCurrent ? this.#bounded(keeping, sentAt, now) : undefined);
    });
  }

  /** Something may have happened to a key. Answers whether a read of it was under way. */
  mark(wholeKey: string): boolean {
    const current = this.#marks.get(wholeKey);
    if (current === undefined) return false;
    current.isMarked = true;
    return this.#marks.delete(wholeKey);
  }

  /** Something may have happened to every key under a prefix. */
  markUnder(prefix: string): void {
    for (const key of this.#marks.keys()) if (key.startsWith(prefix)) this.mark(key);
  }

  #begin(wholeKey: string): ReadMark {
    const current = this.#marks.get(wholeKey);
    if (current !== undefined) return current;
    const mark = { isMarked: false };
    this.#marks.set(wholeKey, mark);
    return mark;
  }

  /** What the store allows, and the application; undefined when it is over already, or nobody vouches for it. */
  #bounded(keeping: Keeping | undefined, sentAt: number, now: number): Keeping | undefined {
    if (keeping === undefined || !keeping.warrant.holds(now)) return undefined;
    const until = Math.min(keeping.until, sentAt + this.#ttl);
    return now < until ? { until, warrant: keeping.warrant } : undefined;
  }
}
