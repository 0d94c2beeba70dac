import type { Redis } from 'ioredis';
import type { Keeping, Warrant } from '../core/followable-store.js';
import { GONE, untilOf } from './key-life.js';
import { classifyFailure, OutOfStepError } from './redis-failure.js';

/** What came of a read. */
export interface KeptReply {
  /** As GET answers it. */
  readonly bytes: unknown;
  /** Absent when it may not be kept. */
  readonly keeping?: Keeping;
  /** Whether no other reply can have passed for it. */
  readonly isConfirmed: boolean;
}

/** Who gives the word on which replies are kept. */
export interface Guarantor {
  /** Absent: nothing may be kept now. */
  warrantOn(client: Redis): Warrant | undefined;
  /** A reply may be kept. */
  onKept(key: string | Buffer): void;
  /**
   * The server did not do what it takes to keep a reply.
   *
   * @param what the command
   * @param reply that came instead, errors included
   */
  onOtherReply(what: string, reply: unknown): void;
}

/** One key that somebody reads. */
interface Question {
  readonly key: string | Buffer;
  /** Whether no other key may be named with it. */
  readonly isAlone: boolean;
  readonly resolve: (reply: KeptReply) => void;
  readonly reject: (error: unknown) => void;
}

/** The replies to one question. */
interface Replies {
  /** Of what lets the server note the read. */
  readonly noted: Promise<unknown>;
  readonly bytes: Promise<unknown>;
  readonly life: Promise<unknown>;
}

/** What was sent together. */
interface Batch {
  readonly questions: readonly Question[];
  /** On whose word the replies may be kept. */
  readonly warrant: Warrant | undefined;
  /** On the clock of `performance.now()`. */
  readonly sentAt: number;
  /** Whether no reply so far was out of step. */
  readonly confirmation: Promise<boolean>;
}

/** That so many leave at once keeps the server from others for a tenth of a millisecond or two. */
const MOST_KEYS = 256;
const NOTHING = Promise.resolve(undefined);

/**
 * Reads keys and how long they live, and lets the server note that they were read. Reads of one turn leave together,
 * those of one server with one command for all of them, which takes half the time. Of a key of another type that
 * command answers nothing, so a key that seems to be there nevertheless is read again, alone.
 *
 * What happens to a key between its value and its life is told as a change: the server has noted the first already.
 */
export class KeptReads {
  readonly #guarantor: Guarantor;
  #questions: Question[] = [];
  #marks = 0;
  /** Whether the user may not name several keys in one command. */
  #readsOneByOne = false;

  constructor(guarantor: Guarantor) {
    this.#guarantor = guarantor;
  }

  /**
   * @param client that is ready; always the same one
   * @param isAlone whether no other key may be named with it
   */
  read(client: Redis, key: string | Buffer, isAlone: boolean): Promise<KeptReply> {
    return new Promise((resolve, reject) =>
      this.#ask(client, { key, isAlone: isAlone || this.#readsOneByOne, resolve, reject }),
    );
  }

  #ask(client: Redis, question: Question): void {
    if (this.#questions.push(question) === 1) atEndOfTurn(() => this.#sendAll(client));
  }

  #sendAll(client: Redis): void {
    const questions = this.#questions;
    this.#questions = [];
    for (const isAlone of [false, true]) {
      const alike = questions.filter((question) => question.isAlone === isAlone);
      for (let start = 0; start < alike.length; start += MOST_KEYS) {
        this.#send(client, alike.slice(start, start + MOST_KEYS));
      }
    }
  }

  #send(client: Redis, questions: readonly Question[]): void {
    const warrant = this.#guarantor.warrantOn(client);
    this.#marks += 1;
    const mark = `kept ${this.#marks}`;
    // In one write.
    client.stream.cork();
    const sentAt = performance.now();
    const replies = warrant === undefined ? readPlainly(client, questions) : readToKeep(client, questions);
    const confirmation = client.ping(mark).then((reply) => isOwn(reply, mark), unlessRefused);
    client.stream.uncork();
    // It is not the first that is waited for.
    confirmation.catch(() => undefined);
    const batch = { questions, warrant, sentAt, confirmation };
    for (const [index, reply] of replies.entries()) void this.#settle(client, index, reply, batch);
  }

  async #settle(client: Redis, index: number, replies: Replies, batch: Batch): Promise<void> {
    const question = batch.questions[index];
    if (question === undefined) return;
    const isShared = batch.questions.length > 1 && !question.isAlone && batch.warrant !== undefined;
    try {
      const bytes = await replies.bytes;
      const life = await replies.life;
      if (bytes === null && isShared && life !== GONE) this.#ask(client, { ...question, isAlone: true });
      else question.resolve(await this.#judge(question, bytes, replies, batch));
    } catch (error) {
      const failure = classifyFailure(error);
      const isReply = failure.kind === 'operation' || failure.kind === 'redirection';
      // Which of the keys it concerns, only these tell by themselves.
      if (isShared && isReply) this.#ask(client, { ...question, isAlone: true });
      else question.reject(error);
      this.#readsOneByOne ||= failure.kind === 'operation' && failure.code === 'REDIS_NO_PERMISSION';
    }
  }

  async #judge(
    { key }: Question,
    bytes: unknown,
    { noted, life }: Replies,
    { confirmation, warrant, sentAt }: Batch,
  ): Promise<KeptReply> {
    const isConfirmed = await confirmation;
    const [answer, left] = [await noted, await life];
    if (warrant === undefined || !isConfirmed) return { bytes, isConfirmed };
    if (answer !== 'OK') this.#guarantor.onOtherReply('CLIENT CACHING', answer);
    if (typeof left !== 'number') this.#guarantor.onOtherReply('PTTL', left);
    if (answer !== 'OK' || typeof left !== 'number' || left === GONE) return { bytes, isConfirmed };
    this.#guarantor.onKept(key);
    return { bytes, isConfirmed, keeping: { until: untilOf(left, sentAt), warrant } };
  }
}

function readPlainly(client: Redis, questions: readonly Question[]): Replies[] {
  return questions.map(({ key }) => ({ noted: NOTHING, bytes: client.getBuffer(key), life: NOTHING }));
}

function readToKeep(client: Redis, questions: readonly Question[]): Replies[] {
  const [first] = questions;
  if (questions.length === 1 || first?.isAlone === true)
    return questions.map(({ key }) => noteOne(client, key));
  const noted = note(client);
  const all = client.mgetBuffer(questions.map(({ key }) => key));
  return questions.map(({ key }, index) => ({
    noted,
    bytes: all.then((values) => values[index]),
    life: lifeOf(client, key),
  }));
}

function noteOne(client: Redis, key: string | Buffer): Replies {
  return { noted: note(client), bytes: client.getBuffer(key), life: lifeOf(client, key) };
}

/** The server notes what the next command reads. */
function note(client: Redis): Promise<unknown> {
  return client.call('CLIENT', 'CACHING', 'YES').catch(asReply);
}

function lifeOf(client: Redis, key: string | Buffer): Promise<unknown> {
  return client.pttl(key).catch(asReply);
}

/** An error that only says that nothing can be kept. */
function asReply(error: unknown): unknown {
  return error;
}

function isOwn(reply: unknown, mark: string): boolean {
  if (reply !== mark) throw new OutOfStepError();
  return true;
}

/** A server that forbids PING cannot be asked. */
function unlessRefused(error: unknown): boolean {
  if (error instanceof Error && error.name === 'ReplyError') return false;
  throw error;
}

/** After everything that is about to run, which may ask for more. */
function atEndOfTurn(action: () => void): void {
  void Promise.resolve().then(() => process.nextTick(action));
}
