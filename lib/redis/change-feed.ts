import type { Redis } from 'ioredis';
import { ChangeListener, isRefusedForGood, type Standing } from './change-listener.js';
import { KeyWatches } from './key-watches.js';
import { classifyFailure } from './redis-failure.js';
import type { Companion } from './redis-link.js';

/** A look at one key, after which its next change is told. */
export interface Look {
  /** What the key held. It rejects as a read does, and nothing is told then. */
  readonly reply: Promise<Buffer | null>;
  /** Nothing is told any more; repeating it is harmless. */
  stop(): void;
}

/**
 * Tells of changes of the keys of one server. It looks over the connection that everything else goes over, and the
 * server notes that look (https://redis.io/docs/latest/commands/client-tracking/); it tells of the next change on a
 * connection of its own, which is opened when somebody looks for the first time. Where that cannot be had, the key is
 * to be looked at again after a little while.
 */
export class ChangeFeed {
  readonly #watches = new KeyWatches();
  readonly #companion: Companion | undefined;
  readonly #patience: number;
  #listener: ChangeListener | undefined;
  /** While it listens. */
  #standing: Standing | undefined;
  /** Where the server was asked to tell of what is looked at. */
  #destination: Standing | undefined;
  /** Whether the server does not allow it on the present connection. */
  #isRefused = false;
  #isClosed = false;

  /**
   * @param companion makes the connection that listens; absent where none may be made
   * @param patience how long one attempt to connect may take, in milliseconds
   */
  constructor(companion?: Companion, patience = 0) {
    this.#companion = companion;
    this.#patience = patience;
  }

  /**
   * Listens, then looks. All of it is sent before this returns.
   *
   * @param client that is ready; always the same one
   * @param key of the whole, prefix included
   * @param onChange called at most once: after a change, or when one may have been missed. It must not throw
   */
  look(client: Redis, key: string, onChange: () => void): Look {
    // The news may overtake the reply.
    const watch = this.#watches.add(key, onChange);
    const isNoted = this.#askToNote(client);
    const reply = client.getBuffer(key);
    if (!isNoted) watch.poll();
    reply.catch(() => watch.stop());
    return { reply, stop: () => watch.stop() };
  }

  /** The connection that looks has ended: the server has forgotten what was looked at. */
  interrupt(): void {
    // The next one may reach another server.
    this.#endListener();
    this.#isRefused = false;
    this.#watches.wakeAll();
  }

  /** Others may hold these keys from now on. */
  doubt(concerns: (key: string) => boolean): void {
    this.#watches.wakeAll(concerns);
  }

  close(): void {
    this.#isClosed = true;
    this.interrupt();
  }

  /**
   * Asks the server to note the next command. When it refuses, everybody is told: they look again.
   *
   * @returns whether it was asked
   */
  #askToNote(client: Redis): boolean {
    const standing = this.#standing;
    if (standing === undefined) {
      this.#listen();
      return false;
    }
    const replies: Promise<unknown>[] = [];
    if (this.#destination !== standing) {
      this.#destination = standing;
      replies.push(client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', standing.id, 'OPTIN'));
    }
    replies.push(client.call('CLIENT', 'CACHING', 'YES'));
    Promise.all(replies).then(
      (answers) => this.#onAnswers(answers, standing),
      (error: unknown) => this.#onRefusal(error, standing),
    );
    return true;
  }

  #onAnswers(answers: readonly unknown[], standing: Standing): void {
    if (!answers.every((answer) => answer === 'OK')) this.#beginAnew(standing);
  }

  #onRefusal(error: unknown, standing: Standing): void {
    // The look itself tells of a connection that is lost.
    if (classifyFailure(error).kind !== 'operation') return;
    if (isRefusedForGood(error)) this.#giveUp();
    else this.#beginAnew(standing);
  }

  /** The server may not know the listener any more, before that knows it. */
  #beginAnew(standing: Standing): void {
    if (this.#standing === standing) this.#listener?.renew();
  }

  #listen(): void {
    if (this.#isClosed || this.#isRefused || this.#companion === undefined) return;
    this.#listener ??= new ChangeListener(this.#companion, this.#patience, {
      onListening: (standing) => {
        this.#standing = standing;
        // They looked before it stood: their next look is noted.
        this.#watches.wakePolling();
      },
      onChanged: (key) => this.#watches.wake(key),
      onFlushed: () => this.#watches.wakeAll(),
      onLost: () => {
        this.#standing = undefined;
        this.#watches.wakeAll();
      },
      onRefused: () => this.#giveUp(),
    });
  }

  #giveUp(): void {
    this.#endListener();
    this.#isRefused = true;
    this.#watches.wakeAll();
  }

  #endListener(): void {
    this.#listener?.end();
    this.#listener = undefined;
    this.#standing = undefined;
  }
}
