import type { Redis } from 'ioredis';
import type { SpakkyCacheError } from '../contract/errors.js';
import type { Piece } from './piece-size.js';
import { operationError, RedirectedError, type RedisRequest, type RedisTarget } from './redis-error.js';
import { classifyFailure } from './redis-failure.js';
import { describeReply, type KeyRequest, unexpectedReply } from './script-runner.js';
import type { ServerSide } from './server-side.js';
import type { Explanation, Work } from './work.js';

/** One entry that somebody writes. */
class Writing {
  readonly written: Promise<void>;
  resolve!: () => void;
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

/** Entries, each of another key, that are written in one turn of the event loop and leave in one piece. */
export class WriteBatch implements Work {
  readonly request: RedisRequest;
  /** What it counts as while it is under way. */
  piece: Piece | undefined;
  readonly #target: RedisTarget;
  readonly #writings = new Map<string, Writing>();

  constructor(prefix: string, target: RedisTarget) {
    this.request = { verb: 'write', prefix };
    this.#target = target;
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
  add(request: KeyRequest, wholeKey: string, bytes: Buffer, life: number | ''): Promise<void> {
    const writing = new Writing(request, wholeKey, bytes, life);
    this.#writings.set(wholeKey, writing);
    return writing.written;
  }

  fail(explain: Explanation): void {
    this.piece?.arrive();
    for (const { request, reject } of this.#writings.values()) reject(explain(request));
  }

  send(_client: Redis, { wire }: ServerSide): Promise<void> {
    const writings = Array.from(this.#writings.values());
    return new Promise((resolve, reject) => {
      let left = writings.length;
      let concern: unknown;
      wire.set(writings, (index, reply) => {
        this.piece?.arrive();
        const writing = writings[index];
        if (writing !== undefined && isDone(reply)) writing.resolve();
        else if (writing !== undefined) concern ??= this.#refuse(writing, reply);
        left -= 1;
        if (left > 0) return;
        if (concern === undefined) resolve();
        else reject(concern);
      });
    });
  }

  /** @returns what concerns the connection */
  #refuse(writing: Writing, reply: unknown): unknown {
    const refusal = this.#refusalOf(writing, reply);
    if (refusal === undefined) return this.#concernOf(writing, reply);
    writing.reject(refusal);
    return undefined;
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

/** The driver answers a text, the wire its bytes. */
function isDone(reply: unknown): boolean {
  return (
    reply === 'OK' || (Buffer.isBuffer(reply) && reply.length === 2 && reply[0] === 0x4f && reply[1] === 0x4b)
  );
}
