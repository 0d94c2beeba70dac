import type { Redis } from 'ioredis';
import type { Keeping, Warrant } from '../core/followable-store.js';
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
  /**
   * The server did not do what it takes to keep a reply.
   *
   * @param what the command
   * @param reply that came instead, errors included
   */
  onOtherReply(what: string, reply: unknown): void;
}

interface Question {
  readonly key: string | Buffer;
  readonly resolve: (reply: KeptReply) => void;
  readonly reject: (error: unknown) => void;
}

/** That so many leave at once keeps the server from others for a tenth of a millisecond or two. */
const MOST_KEYS = 256;
/** What PTTL answers of a key without an expiry. */
const FOR_EVER = -1;

/**
 * Reads keys and how long they live, and lets the server note that they were read. Reads of one turn leave together.
 *
 * GET tells a wrong type by itself and of each key where it is, so each key is asked for by itself. What comes between
 * its GET and its PTTL is told as a change.
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
      if (count === 1) atEndOfTurn(() => this.#send(client));
    });
  }

  #send(client: Redis): void {
    const questions = this.#questions;
    this.#questions = [];
    for (let start = 0; start < questions.length; start += MOST_KEYS) {
      this.#sendBatch(client, questions.slice(start, start + MOST_KEYS));
    }
  }

  #sendBatch(client: Redis, questions: readonly Question[]): void {
    const warrant = this.#guarantor.warrantOn(client);
    this.#marks += 1;
    const mark = `kept ${this.#marks}`;
    const { stream } = client;
    // In one piece. The stream of a client that lost its connection a moment ago may be gone.
    stream?.cork();
    const sentAt = performance.now();
    const replies = questions.map(({ key }) => ask(client, key, warrant !== undefined));
    const confirmation = client.ping(mark).then((reply) => isOwn(reply, mark), unlessRefused);
    stream?.uncork();
    // They are waited for one after the other.
    confirmation.catch(() => undefined);
    questions.forEach((question, index) => {
      const reply = replies[index];
      if (reply === undefined) return;
      this.#judge(reply, confirmation, { sentAt, warrant }).then(question.resolve, question.reject);
    });
  }

  async #judge(
    { noted, bytes, life }: Asked,
    confirmation: Promise<boolean>,
    { sentAt, warrant }: { sentAt: number; warrant: Warrant | undefined },
  ): Promise<KeptReply> {
    const answer = { bytes: await bytes, isConfirmed: await confirmation };
    const [note, left] = await Promise.all([noted, life]);
    if (warrant === undefined || !answer.isConfirmed) return answer;
    if (note !== 'OK') this.#guarantor.onOtherReply('CLIENT CACHING', note);
    if (typeof left !== 'number') this.#guarantor.onOtherReply('PTTL', left);
    if (note !== 'OK' || typeof left !== 'number' || left < FOR_EVER) return answer;
    const until = left === FOR_EVER ? Number.POSITIVE_INFINITY : sentAt + left;
    return { ...answer, keeping: { until, warrant } };
  }
}

interface Asked {
  readonly noted: Promise<unknown>;
  readonly bytes: Promise<unknown>;
  readonly life: Promise<unknown>;
}

function ask(client: Redis, key: string | Buffer, isToKeep: boolean): Asked {
  const nothing = Promise.resolve(undefined);
  const noted = isToKeep ? client.call('CLIENT', 'CACHING', 'YES').catch(asReply) : nothing;
  const bytes = client.getBuffer(key);
  const life = isToKeep ? client.pttl(key).catch(asReply) : nothing;
  return { noted, bytes, life };
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
