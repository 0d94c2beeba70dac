import { channel } from 'node:diagnostics_channel';
import type { Redis } from 'ioredis';
import { secondStep } from './reply-line.js';
import type { RedisLink } from './redis-link.js';
import { type SetEntry, setText } from './set-text.js';

/** Told once of each command, by its place, the reply or the error. */
export type TakeReply = (index: number, reply: unknown) => void;

/** Where ioredis 6 tells those who trace of each command. */
const traced = channel('tracing:ioredis:command:start');

/**
 * Sends the three commands that almost everything is. The driver can make and answer any command, which takes it longer
 * than all else that is done for a small one, so that these are written to its socket and entered in its queue
 * directly. Whoever looks at what passes the driver is not passed over: then everything goes its way, as it does on a
 * client that belongs to the application.
 */
export class Wire {
  readonly #client: Redis;
  readonly #isOwn: boolean;

  constructor({ client, redialledBy }: RedisLink) {
    this.#client = client;
    this.#isOwn = redialledBy === 'cache';
  }

  /** @returns the bytes that the key holds, or null */
  get(wholeKey: string): Promise<unknown> {
    if (!this.#isFree) return this.#client.getBuffer(wholeKey);
    return new Promise((resolve, reject) => {
      this.#client.stream.write(`*2\r\n$3\r\nGET\r\n$${Buffer.byteLength(wholeKey)}\r\n${wholeKey}\r\n`);
      this.#expect(1, 'get', resolve, reject);
    });
  }

  /** @returns a list of what `get` answers of each */
  getAll(wholeKeys: string[]): Promise<unknown> {
    if (!this.#isFree) return this.#client.mgetBuffer(wholeKeys);
    return new Promise((resolve, reject) => {
      let text = `*${wholeKeys.length + 1}\r\n$4\r\nMGET\r\n`;
      for (const wholeKey of wholeKeys) text += `$${Buffer.byteLength(wholeKey)}\r\n${wholeKey}\r\n`;
      this.#client.stream.write(text);
      this.#expect(1, 'mget', resolve, reject);
    });
  }

  /** @param entries each of another key; all leave in one write */
  set(entries: readonly SetEntry[], take: TakeReply): void {
    const { stream } = this.#client;
    stream.cork();
    if (this.#isFree) this.#setDirectly(entries, take);
    else entries.forEach((entry, index) => this.#setByDriver(entry, index, take));
    stream.uncork();
  }

  /** Whether nobody but this cache has to do with what is sent now. */
  get #isFree(): boolean {
    const { status, stream } = this.#client;
    return (
      this.#isOwn &&
      status === 'ready' &&
      stream.writable &&
      !traced.hasSubscribers &&
      !isWrapped(this.#client)
    );
  }

  #setDirectly(entries: readonly SetEntry[], take: TakeReply): void {
    for (const piece of setText(entries)) this.#client.stream.write(piece);
    let index = 0;
    const takeNext = (reply: unknown): void => take(index++, reply);
    this.#expect(entries.length, 'set', takeNext, takeNext);
  }

  #setByDriver({ wholeKey, bytes, life }: SetEntry, index: number, take: TakeReply): void {
    const client = this.#client;
    const reply = life === '' ? client.set(wholeKey, bytes) : client.set(wholeKey, bytes, 'PX', life);
    // Once a part is sent, the whole must not pass for something that never was: it would be sent again.
    const settled = index === 0 ? reply : secondStep(reply);
    settled.then(
      (answer) => take(index, answer),
      (error: unknown) => take(index, error),
    );
  }

  #expect(
    replies: number,
    name: string,
    resolve: (reply: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    const { commandQueue, stream, condition } = this.#client;
    const item = { command: { name, args: [], resolve, reject }, stream, select: condition?.select ?? 0 };
    for (let left = replies; left > 0; left -= 1) commandQueue.push(item);
  }
}

/** Whether somebody has put a function of theirs before the driver's; shimmer, which all use, marks it so. */
function isWrapped(client: Redis): boolean {
  const send: unknown = Reflect.get(client, 'sendCommand');
  return typeof send === 'function' && '__wrapped' in send;
}
