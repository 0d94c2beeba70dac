import type { Redis } from 'ioredis';
import { SpakkyCacheError } from '../contract/errors.js';
import type { Slot } from '../core/cache-store.js';
import type { Kept, Warrant } from '../core/followable-store.js';
import { FOR_EVER, GONE, untilOf } from './key-life.js';
import { ReadBatch, type ReadHabits } from './read-batch.js';
import { operationError, RedirectedError, type RedisRequest, type RedisTarget } from './redis-error.js';
import { classifyFailure, OutOfStepError } from './redis-failure.js';
import { ABSENT, readSlot } from './redis-slot.js';
import { describeReply, type KeyRequest, unexpectedReply } from './script-runner.js';
import type { ServerSide } from './server-side.js';
import type { Explanation, Work } from './work.js';

/** Reads one key by itself. */
export type ReadAlone = (
  request: KeyRequest,
  isCertain: boolean,
  client: Redis,
  server: ServerSide,
) => Promise<Kept<Slot>>;

/** One key that somebody reads. */
class Reading {
  readonly kept: Promise<Kept<Slot>>;
  resolve!: (kept: Kept<Slot>) => void;
  reject!: (error: SpakkyCacheError) => void;

  constructor(
    readonly request: KeyRequest,
    readonly wholeKey: string,
    /** Whether it must be certain that the key holds nothing when it seems so. */
    readonly isCertain: boolean,
  ) {
    this.kept = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** The replies to all of a batch. */
interface Replies {
  readonly values: readonly unknown[];
  readonly lives: readonly unknown[];
  /** When it was sent, on the clock of `performance.now()`. */
  readonly sentAt: number;
}

/**
 * Keys of one server that are read in one turn of the event loop to be kept, with one command for all of them: one by
 * one that takes thrice the time. What is odd is read again by itself: a key that seems to hold nothing and has a life
 * nevertheless, and everything when a command was refused.
 */
export class KeepBatch implements Work {
  readonly request: RedisRequest;
  isSent = false;
  readonly #target: RedisTarget;
  readonly #habits: ReadHabits;
  readonly #mark: string;
  readonly #readAlone: ReadAlone;
  readonly #readings: Reading[] = [];

  /**
   * @param habits shared by the batches of one connection
   * @param means a mark that no other request has, and how one key is read by itself
   */
  constructor(
    prefix: string,
    target: RedisTarget,
    habits: ReadHabits,
    { mark, readAlone }: { readonly mark: string; readonly readAlone: ReadAlone },
  ) {
    this.request = { verb: 'read', prefix };
    this.#target = target;
    this.#habits = habits;
    this.#mark = mark;
    this.#readAlone = readAlone;
  }

  get size(): number {
    return this.#readings.length;
  }

  /** @param isCertain whether it must be certain that the key holds nothing when it seems so */
  add(request: KeyRequest, wholeKey: string, isCertain: boolean): Promise<Kept<Slot>> {
    const reading = new Reading(request, wholeKey, isCertain);
    this.#readings.push(reading);
    return reading.kept;
  }

  fail(explain: Explanation): void {
    for (const { request, reject } of this.#readings) reject(explain(request));
  }

  async send(client: Redis, server: ServerSide): Promise<void> {
    const warrant = server.changes.warrantOn(client);
    if (warrant === undefined) {
      await this.#readPlainly(client, server);
      return;
    }
    const replies = this.#isForbidden ? undefined : await this.#ask(client);
    const odd =
      replies === undefined ? this.#readings : await this.#settleAll(replies, warrant, client, server);
    if (odd.length > 0) await Promise.all(odd.map((reading) => this.#settleAlone(reading, client, server)));
  }

  get #isForbidden(): boolean {
    return this.#habits.readsOneByOne && this.#readings.length > 1;
  }

  /** Nobody vouches for what is kept now. */
  async #readPlainly(client: Redis, server: ServerSide): Promise<void> {
    const batch = new ReadBatch(this.request.prefix, this.#target, this.#habits);
    for (const { request, isCertain, resolve, reject } of this.#readings) {
      const take = (answer: Slot): void => resolve({ answer });
      batch.add(request.prefix, request.key, isCertain, { take, refuse: reject }, 0);
    }
    await batch.send(client, server);
  }

  /** Absent: the server refused something, or did not note what was read. */
  async #ask(client: Redis): Promise<Replies | undefined> {
    const keys = this.#readings.map(({ wholeKey }) => wholeKey);
    // In one write.
    client.stream.cork();
    const sentAt = performance.now();
    const replies = Promise.all([
      client.call('CLIENT', 'CACHING', 'YES'),
      valuesOf(client, keys),
      client.ping(this.#mark),
      ...keys.map((key) => client.pttl(key)),
    ]);
    client.stream.uncork();
    try {
      const [noted, values, mark, ...lives] = await replies;
      if (mark !== this.#mark) throw new OutOfStepError();
      if (!Array.isArray(values) || values.length !== keys.length)
        throw this.#unexpected(this.request, values);
      return noted === 'OK' ? { values, lives, sentAt } : undefined;
    } catch (error) {
      if (error instanceof SpakkyCacheError) throw error;
      const failure = classifyFailure(error);
      if (failure.kind !== 'operation' && failure.kind !== 'redirection') throw error;
      this.#habits.readsOneByOne ||= failure.kind === 'operation' && failure.code === 'REDIS_NO_PERMISSION';
      return undefined;
    }
  }

  /** @returns what is to be read by itself */
  async #settleAll(
    { values, lives, sentAt }: Replies,
    warrant: Warrant,
    client: Redis,
    server: ServerSide,
  ): Promise<readonly Reading[]> {
    const odd: Reading[] = [];
    const asking: Promise<void>[] = [];
    for (const [index, reading] of this.#readings.entries()) {
      const value = values[index];
      const life = lives[index];
      if (value === null && life === GONE) reading.resolve({ answer: ABSENT });
      else if (value !== null && !Buffer.isBuffer(value))
        reading.reject(this.#unexpected(reading.request, value));
      else if (value === null || typeof life !== 'number' || life < FOR_EVER) odd.push(reading);
      else {
        const keeping = { until: untilOf(life, sentAt), warrant };
        const done = settleValue(reading, value, keeping, client, server);
        if (done !== undefined) asking.push(done);
      }
    }
    if (asking.length > 0) await Promise.all(asking);
    return odd;
  }

  async #settleAlone(reading: Reading, client: Redis, server: ServerSide): Promise<void> {
    try {
      reading.resolve(await this.#readAlone(reading.request, reading.isCertain, client, server));
    } catch (error) {
      if (error instanceof SpakkyCacheError) await server.line.confirm();
      reading.reject(this.#explain(error, reading.request));
    }
  }

  #unexpected(request: RedisRequest, reply: unknown): SpakkyCacheError {
    return unexpectedReply(request, 'GET', describeReply(reply), this.#target);
  }

  #explain(error: unknown, request: KeyRequest): SpakkyCacheError {
    if (error instanceof SpakkyCacheError) return error;
    const failure = classifyFailure(error);
    if (failure.kind === 'operation') return operationError(failure, request, this.#target);
    if (failure.kind === 'redirection') return new RedirectedError(request, this.#target, failure);
    throw error;
  }
}

function valuesOf(client: Redis, keys: string[]): Promise<readonly unknown[]> {
  const [only] = keys;
  if (only === undefined || keys.length > 1) return client.mgetBuffer(keys);
  return client.getBuffer(only).then((value) => [value]);
}

/** What a key holds; later, where the server's time is to be asked for. */
function settleValue(
  reading: Reading,
  value: Buffer,
  keeping: NonNullable<Kept<Slot>['keeping']>,
  client: Redis,
  server: ServerSide,
): Promise<void> | undefined {
  try {
    const slot = readSlot(value, reading.request.key, reading.wholeKey, client, server);
    if (slot instanceof Promise) return slot.then((answer) => reading.resolve({ answer }));
    const isPlain = slot.state === 'entry' && slot.refresh === undefined;
    if (isPlain) server.changes.onKept(reading.wholeKey);
    reading.resolve(isPlain ? { answer: slot, keeping } : { answer: slot });
  } catch (error) {
    if (!(error instanceof SpakkyCacheError)) throw error;
    reading.reject(error);
  }
  return undefined;
}
