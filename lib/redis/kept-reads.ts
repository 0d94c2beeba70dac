import type { Redis } from 'ioredis';
import type { Keeping, Warrant } from '../core/followable-store.js';
import { GONE, untilOf } from './key-life.js';
import { OutOfStepError } from './redis-failure.js';

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
 * Reads keys one by one and how long they live, and lets the server note that they were read. Reads of one turn leave
 * together.
 *
 * What happens to a key between its value and its life is told as a change: the server has noted the first already.
 */
export class KeptReads {
  readonly #guarantor: Guarantor;
  #questions: Question[] = [];
  #marks = 0;

  constructor(guarantor: Guarantor) {
    this.#guarantor = guarantor;
  }

  /** @param client that is ready; always the same one */
  read(client: Redis, key: string | Buffer): Promise<KeptReply> {
    return new Promise((resolve, reject) => {
      const count = this.#questions.push({ key, resolve, reject });
      if (count === 1) atEndOfTurn(() => this.#sendAll(client));
    });
  }

  #sendAll(client: Redis): void {
    const questions = this.#questions;
    this.#questions = [];
    for (let start = 0; start < questions.length; start += MOST_KEYS) {
      this.#send(client, questions.slice(start, start + MOST_KEYS));
    }
  }

  #send(client: Redis, questions: readonly Question[]): void {
    const warrant = this.#guarantor.warrantOn(client);
    this.#marks += 1;
    const mark = `kept ${this.#marks}`;
    // In one write.
    client.stream.cork();
    const sentAt = performance.now();
    const replies = questions.map(({ key }) => ask(client, key, warrant !== undefined));
    const confirmation = client.ping(mark).then((reply) => isOwn(reply, mark), unlessRefused);
    client.stream.uncork();
    // It is not the first that is waited for.
    confirmation.catch(() => undefined);
    const batch = { warrant, sentAt, confirmation };
    for (const [index, question] of questions.entries()) {
      const reply = replies[index];
      if (reply !== undefined) this.#judge(question, reply, batch).then(question.resolve, question.reject);
    }
  }

  async #judge(
    { key }: Question,
    replies: Replies,
    { confirmation, warrant, sentAt }: Batch,
  ): Promise<KeptReply> {
    const bytes = await replies.bytes;
    const isConfirmed = await confirmation;
    const [answer, left] = [await replies.noted, await replies.life];
    if (warrant === undefined || !isConfirmed) return { bytes, isConfirmed };
    if (answer !== 'OK') this.#guarantor.onOtherReply('CLIENT CACHING', answer);
    if (typeof left !== 'number') this.#guarantor.onOtherReply('PTTL', left);
    if (answer !== 'OK' || typeof left !== 'number' || left === GONE) return { bytes, isConfirmed };
    this.#guarantor.onKept(key);
    return { bytes, isConfirmed, keeping: { until: untilOf(left, sentAt), warrant } };
  }
}

function ask(client: Redis, key: string | Buffer, isNoted: boolean): Replies {
  if (!isNoted) return { noted: NOTHING, bytes: client.getBuffer(key), life: NOTHING };
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
