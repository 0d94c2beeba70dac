import type { Redis } from 'ioredis';
import { writeIdOf } from '../codec/frame.js';
import type { SpakkyCacheError } from '../contract/errors.js';
import type { WriteId } from '../core/cache-store.js';
import { operationError, RedirectedError, type RedisRequest, type RedisTarget } from './redis-error.js';
import { classifyFailure, unlessForbidden } from './redis-failure.js';
import { secondStep } from './reply-line.js';
import { describeReply, isMark, type KeyRequest, unexpectedReply } from './script-runner.js';
import { WRITE } from './scripts.js';
import type { Explanation, Work } from './work.js';

/** Measured: fewer entries are written as fast by themselves. */
const FEWEST_TOGETHER = 8;
/** In bytes; what is larger is copied once less by itself. Measured: 130 bytes are twice as fast in a script, 17,000 take three times as long. */
const LARGEST_TOGETHER = 2_048;

/** One entry that somebody writes. */
class Writing {
  readonly written: Promise<WriteId>;
  resolve!: (id: WriteId) => void;
  reject!: (error: SpakkyCacheError) => void;

  constructor(
    readonly request: KeyRequest,
    readonly wholeKey: string,
    readonly bytes: Buffer,
    /** In milliseconds; empty: until it is removed. */
    readonly life: number | '',
  ) {
    this.written = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** What the batches of one connection learn from one another. */
export interface WriteHabits {
  /** Whether the user of the connection may not run scripts. */
  writesOneByOne: boolean;
}

/** Entries, each of another key, that are written in one turn of the event loop: the small ones by one script. */
export class WriteBatch implements Work {
  readonly request: RedisRequest;
  readonly #target: RedisTarget;
  readonly #habits: WriteHabits;
  readonly #mark: string;
  readonly #writings = new Map<string, Writing>();

  /** @param mark which no other request has */
  constructor(prefix: string, target: RedisTarget, habits: WriteHabits, mark: string) {
    this.request = { verb: 'write', prefix };
    this.#target = target;
    this.#habits = habits;
    this.#mark = mark;
  }

  get size(): number {
    return this.#writings.size;
  }

  has(wholeKey: string): boolean {
    return this.#writings.has(wholeKey);
  }

  /**
   * @param bytes of the whole frame
   * @param life in milliseconds; empty: until it is removed
   */
  add(request: KeyRequest, wholeKey: string, bytes: Buffer, life: number | ''): Promise<WriteId> {
    const writing = new Writing(request, wholeKey, bytes, life);
    this.#writings.set(wholeKey, writing);
    return writing.written;
  }

  fail(explain: Explanation): void {
    for (const { request, reject } of this.#writings.values()) reject(explain(request));
  }

  async send(client: Redis): Promise<void> {
    const all = Array.from(this.#writings.values());
    const [only] = all;
    if (all.length === 1 && only !== undefined) {
      this.#settle(all, [await set(only, client)]);
      return;
    }
    const small = this.#habits.writesOneByOne ? [] : all.filter(isSmall);
    if (small.length < FEWEST_TOGETHER) {
      await this.#writeEach(all, client);
      return;
    }
    const { stream } = client;
    stream.cork();
    const together = this.#writeTogether(small, client);
    const large = all.filter((writing) => !isSmall(writing));
    // Once a part of it is sent, the batch must not pass for something that never was: it would be sent again.
    const others = secondStep(this.#writeEach(large, client));
    stream.uncork();
    const outcomes = await Promise.allSettled([together, others]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #writeTogether(writings: readonly Writing[], client: Redis): Promise<void> {
    const keys = writings.map(({ wholeKey }) => wholeKey);
    const frames = writings.map(({ bytes }) => bytes);
    const lives = writings.map(({ life }) => (life === '' ? 0 : life)).join(' ');
    const lengths = frames.map(({ length }) => length).join(' ');
    const rest = [this.#mark, lives, lengths, Buffer.concat(frames)];
    const reply: unknown = await client
      .callBuffer('EVAL', WRITE, keys.length, ...keys, ...rest)
      .catch(unlessForbidden);
    if (reply === undefined) {
      // Nothing was written: one of the keys may be forbidden, or scripts are.
      this.#habits.writesOneByOne = await secondStep(this.#writeEach(writings, client));
      return;
    }
    if (!Array.isArray(reply) || !isMark(reply[0], this.#mark)) {
      throw unexpectedReply(this.request, 'EVAL', describeReply(reply), this.#target);
    }
    const failures = new Map<unknown, unknown>();
    for (let at = 1; at < reply.length; at += 2) failures.set(reply[at], reply[at + 1]);
    const replies = writings.map((_writing, index) => failures.get(index + 1) ?? 'OK');
    this.#settle(writings, replies);
  }

  /** @returns whether all were written */
  async #writeEach(writings: readonly Writing[], client: Redis): Promise<boolean> {
    const { stream } = client;
    stream.cork();
    const replies = writings.map((writing, index) => {
      const reply = set(writing, client);
      return (index === 0 ? reply : secondStep(reply)).catch((error: unknown) => error);
    });
    stream.uncork();
    return this.#settle(writings, await Promise.all(replies));
  }

  /**
   * Tells each caller what came of its own write.
   *
   * @returns whether all were written
   * @throws what concerns the connection
   */
  #settle(writings: readonly Writing[], replies: readonly unknown[]): boolean {
    let isWhole = true;
    let concern: unknown;
    for (const [index, writing] of writings.entries()) {
      const reply = replies[index];
      if (reply === 'OK') {
        writing.resolve(writeIdOf(writing.bytes));
        continue;
      }
      isWhole = false;
      const refusal = this.#refusalOf(writing, reply);
      if (refusal === undefined) concern ??= this.#concernOf(writing, reply);
      else writing.reject(refusal);
    }
    if (concern !== undefined) throw concern;
    return isWhole;
  }

  /** Absent where the reply is none, or says something about the connection. */
  #refusalOf({ request }: Writing, reply: unknown): SpakkyCacheError | undefined {
    const failure = classifyFailure(reply);
    if (failure.kind === 'redirection') return new RedirectedError(request, this.#target, failure);
    if (failure.kind !== 'operation' || failure.code === 'REDIS_READONLY') return undefined;
    return operationError(failure, request, this.#target);
  }

  #concernOf({ request }: Writing, reply: unknown): unknown {
    if (reply instanceof Error) return reply;
    return unexpectedReply(request, 'SET', describeReply(reply), this.#target);
  }
}

function isSmall({ bytes }: Writing): boolean {
  return bytes.length <= LARGEST_TOGETHER;
}

function set({ wholeKey, bytes, life }: Writing, client: Redis): Promise<unknown> {
  return life === '' ? client.set(wholeKey, bytes) : client.set(wholeKey, bytes, 'PX', life);
}
