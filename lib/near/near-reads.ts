import type { Keeping, Kept } from '../core/followable-store.js';

/** What is known of reads of one key since they were sent. */
interface ReadMark {
  /** Whether the key may have changed meanwhile, or another answer about it has come: the reply may be outdated. */
  isMarked: boolean;
}

/** What to do about a read. */
interface Question<Answer> {
  readonly send: () => Promise<readonly Kept<Answer>[]>;
  /** Told what was answered about a key, and how long that may be kept: absent, when it may not. */
  readonly take: (wholeKey: string, answer: Answer, keeping: Keeping | undefined) => Answer;
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
  async ask<Answer>(
    wholeKeys: readonly string[],
    { send, take }: Question<Answer>,
  ): Promise<readonly Answer[]> {
    if (wholeKeys.length === 0) return [];
    const sentAt = performance.now();
    const marks = wholeKeys.map((key) => this.#begin(key));
    const replies = await send().catch((error: unknown) => {
      for (const key of wholeKeys) this.mark(key);
      throw error;
    });
    const now = performance.now();
    return replies.map(({ answer, keeping }, index) => {
      const wholeKey = wholeKeys[index] ?? '';
      const isCurrent = marks[index]?.isMarked === false;
      // Which of the others sees the key later than this one is not known.
      this.mark(wholeKey);
      return take(wholeKey, answer, isCurrent ? this.#bounded(keeping, sentAt, now) : undefined);
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
