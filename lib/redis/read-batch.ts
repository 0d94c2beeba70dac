import type { Redis } from 'ioredis';
import { SpakkyCacheError } from '../contract/errors.js';
import type { Slot } from '../core/cache-store.js';
import type { Piece } from './piece-size.js';
import { operationError, RedirectedError, type RedisRequest, type RedisTarget } from './redis-error.js';
import { classifyFailure, unlessForbidden } from './redis-failure.js';
import { ABSENT, readPlainSlot, readSlot } from './redis-slot.js';
import type { ServerSide } from './server-side.js';
import type { SlotReceiver } from './slot-receivers.js';
import { secondStep } from './reply-line.js';
import { describeReply, type KeyRequest, unexpectedReply } from './script-runner.js';
import type { Explanation, Work } from './work.js';

/** One key that somebody reads. */
class Reading {
  #others: [SlotReceiver, number][] | undefined;

  constructor(
    readonly prefix: string,
    readonly key: string,
    readonly wholeKey: string,
    /** Whether it must be certain that the key holds nothing when it seems so. */
    public isCertain: boolean,
    readonly receiver: SlotReceiver,
    readonly place: number,
  ) {}

  get request(): KeyRequest {
    return { verb: 'read', prefix: this.prefix, key: this.key };
  }

  /** Somebody else asks for the same key. */
  share(receiver: SlotReceiver, place: number): void {
    (this.#others ??= []).push([receiver, place]);
  }

  resolve(slot: Slot): void {
    this.receiver.take(slot, this.place);
    if (this.#others === undefined) return;
    for (const [receiver, place] of this.#others) receiver.take(slot, place);
  }

  reject(error: SpakkyCacheError): void {
    this.receiver.refuse(error, this.place);
    if (this.#others === undefined) return;
    for (const [receiver, place] of this.#others) receiver.refuse(error, place);
  }
}

/** What the batches of one connection learn from one another. */
export interface ReadHabits {
  /** Whether most keys of the last batch held nothing: then the proof of that is asked for together with the next one. */
  expectsMisses: boolean;
  /** Whether the user of the connection may not read several keys with one command. */
  readsOneByOne: boolean;
}

/** Why the reply to one key is none. */
class Refusal {
  constructor(readonly reason: unknown) {}
}

/**
 * Keys that are read in one turn of the event loop, with one command for all of them.
 *
 * MGET answers nothing for a key of another type, which must not pass for a miss: whether one of the keys without an
 * answer exists is asked for after it, and if so, reading each by itself tells which. A read that was sent is never
 * joined by a later caller, who must see what was written before.
 */
export class ReadBatch implements Work {
  readonly request: RedisRequest;
  /** What it counts as while it is under way. */
  piece: Piece | undefined;
  readonly #target: RedisTarget;
  readonly #habits: ReadHabits;
  readonly #readings: Reading[] = [];
  /** Only of several. */
  #byKey: Map<string, Reading> | undefined;
  #hasFailures = false;

  /** @param habits shared by the batches of one connection */
  constructor(prefix: string, target: RedisTarget, habits: ReadHabits) {
    this.request = { verb: 'read', prefix };
    this.#target = target;
    this.#habits = habits;
  }

  get size(): number {
    return this.#readings.length;
  }

  has(wholeKey: string): boolean {
    return this.#find(wholeKey) !== undefined;
  }

  /**
   * @param isCertain whether it must be certain that the key holds nothing when it seems so
   * @param receiver told once of what the key holds, at this place of its own
   */
  add(prefix: string, key: string, isCertain: boolean, receiver: SlotReceiver, place: number): void {
    const wholeKey = prefix + key;
    const known = this.#find(wholeKey);
    if (known !== undefined) {
      known.isCertain ||= isCertain;
      known.share(receiver, place);
      return;
    }
    const reading = new Reading(prefix, key, wholeKey, isCertain, receiver, place);
    this.#readings.push(reading);
    this.#byKey?.set(wholeKey, reading);
  }

  fail(explain: Explanation): void {
    this.piece?.arrive();
    for (const reading of this.#readings) reading.reject(explain(reading.request));
  }

  send(client: Redis, server: ServerSide): Promise<void> {
    const [only] = this.#readings;
    if (this.#readings.length > 1 || only === undefined || this.#habits.expectsMisses) {
      return this.#readSeveral(client, server);
    }
    return this.#readOne(only, client, server);
  }

  #find(wholeKey: string): Reading | undefined {
    const first = this.#readings[0];
    if (first === undefined || first.wholeKey === wholeKey) return first;
    this.#byKey ??= new Map([[first.wholeKey, first]]);
    return this.#byKey.get(wholeKey);
  }

  /** As most are: one command, and nothing that it does not take. */
  async #readOne(reading: Reading, client: Redis, server: ServerSide): Promise<void> {
    const value = await server.wire.get(reading.wholeKey);
    this.piece?.arrive();
    if (this.#isSettled(reading, value)) return;
    const missing = await this.#settle([reading], [value], client, server);
    this.#habits.expectsMisses = missing.length > 0;
    // Nothing names its key: a reply too many looks just like it.
    if (missing.length > 0) await server.line.confirm();
    resolveAbsent(missing);
  }

  /** Whether it was a plain entry that is whole, as most replies are. */
  #isSettled(reading: Reading, value: unknown): boolean {
    const { key, wholeKey } = reading;
    const slot = Buffer.isBuffer(value) ? readPlainSlot(value, key, wholeKey) : undefined;
    if (slot !== undefined) reading.resolve(slot);
    return slot !== undefined;
  }

  async #readSeveral(client: Redis, server: ServerSide): Promise<void> {
    const habits = this.#habits;
    const isShared = !habits.expectsMisses && !habits.readsOneByOne;
    const values = isShared ? await this.#readAll(server) : undefined;
    const missing =
      values === undefined
        ? await this.#readEach(client, server)
        : await this.#settleAll(values, client, server);
    habits.expectsMisses = missing * 2 > this.#readings.length;
    // Each key could be read by itself: it is the command that is forbidden.
    if (isShared && values === undefined) habits.readsOneByOne = !this.#hasFailures;
  }

  /** Absent: the keys are to be read one by one. */
  async #readAll({ wire }: ServerSide): Promise<readonly unknown[] | undefined> {
    const reply = await wire.getAll(wholeKeysOf(this.#readings)).catch(unlessForbidden);
    if (reply === undefined) return undefined;
    this.piece?.arrive();
    if (Array.isArray(reply) && reply.length === this.#readings.length) return reply;
    throw unexpectedReply(this.request, 'MGET', describeReply(reply), this.#target);
  }

  /** @returns how many keys hold nothing */
  async #settleAll(values: readonly unknown[], client: Redis, server: ServerSide): Promise<number> {
    const missing = await this.#settle(this.#readings, values, client, server);
    if (missing.length === 0) return 0;
    const looking = secondStep(client.exists(wholeKeysOf(missing))).catch(unlessForbidden);
    const [found] = await Promise.all([looking, server.line.confirm()]);
    if (found !== 0) await this.#refuseOtherTypes(missing, client, server);
    return resolveAbsent(missing);
  }

  /** What is a value by now was written later than it was read. */
  async #refuseOtherTypes(missing: readonly Reading[], client: Redis, server: ServerSide): Promise<void> {
    const values = await this.#valuesOfEach(missing, server);
    const refusals = values.map((value) => (value instanceof Refusal ? value : null));
    await this.#settle(missing, refusals, client, server);
  }

  /** @returns how many keys hold nothing */
  async #readEach(client: Redis, server: ServerSide): Promise<number> {
    const { stream } = client;
    stream.cork();
    const reading = this.#valuesOfEach(this.#readings, server);
    const proof = this.#habits.expectsMisses ? server.line.confirm() : undefined;
    stream.uncork();
    proof?.catch(() => undefined);
    const values = await reading;
    this.piece?.arrive();
    const missing = await this.#settle(this.#readings, values, client, server);
    if (missing.length === 0) return 0;
    // Nothing names its key: a reply too many looks just like it.
    await (proof ?? server.line.confirm());
    return resolveAbsent(missing);
  }

  /** The values, or why there are none. */
  #valuesOfEach(readings: readonly Reading[], { wire }: ServerSide): Promise<readonly unknown[]> {
    const replies = readings.map(({ wholeKey }) => wire.get(wholeKey));
    return Promise.all(replies.map((reply) => reply.catch((error: unknown) => new Refusal(error))));
  }

  /** Tells what each key holds that holds something; answers those that seem to hold nothing. */
  async #settle(
    readings: readonly Reading[],
    values: readonly unknown[],
    client: Redis,
    server: ServerSide,
  ): Promise<readonly Reading[]> {
    const missing: Reading[] = [];
    const failed: (readonly [Reading, SpakkyCacheError])[] = [];
    const asking: Promise<void>[] = [];
    for (let index = 0; index < readings.length; index += 1) {
      const reading = readings[index];
      const value = values[index];
      if (reading === undefined) break;
      try {
        if (value === null && reading.isCertain) missing.push(reading);
        else {
          const slot = this.#slotOf(reading, value, client, server);
          if (slot instanceof Promise) asking.push(slot.then((found) => reading.resolve(found)));
          else reading.resolve(slot);
        }
      } catch (error) {
        if (!(error instanceof SpakkyCacheError)) throw error;
        failed.push([reading, error]);
      }
    }
    await Promise.all(asking);
    // A reply that cannot be this key's may be another's.
    if (failed.length > 0) await server.line.confirm();
    this.#hasFailures ||= failed.length > 0;
    for (const [reading, error] of failed) reading.reject(error);
    return missing;
  }

  #slotOf(reading: Reading, value: unknown, client: Redis, server: ServerSide): Slot | Promise<Slot> {
    if (Buffer.isBuffer(value)) return readSlot(value, reading.key, reading.wholeKey, client, server);
    if (value === null) return ABSENT;
    const { request } = reading;
    if (!(value instanceof Refusal))
      throw unexpectedReply(request, 'GET', describeReply(value), this.#target);
    const failure = classifyFailure(value.reason);
    if (failure.kind === 'operation') throw operationError(failure, request, this.#target);
    if (failure.kind === 'redirection') throw new RedirectedError(request, this.#target, failure);
    throw value.reason;
  }
}

function resolveAbsent(readings: readonly Reading[]): number {
  for (const reading of readings) reading.resolve(ABSENT);
  return readings.length;
}

function wholeKeysOf(readings: readonly Reading[]): string[] {
  return readings.map(({ wholeKey }) => wholeKey);
}
