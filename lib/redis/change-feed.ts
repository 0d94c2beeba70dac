import type { Redis } from 'ioredis';
import type { Warrant } from '../core/followable-store.js';
import { ChangeListener, type Standing } from './change-listener.js';
import { KeptReads, type KeptReply } from './kept-reads.js';
import { KeyWatches } from './key-watches.js';
import { type FeedFollower, NearFeed } from './near-feed.js';
import { classifyFailure } from './redis-failure.js';
import type { RedisLink } from './redis-link.js';
import { isRefusedForGood } from './refusal.js';

/** A look at one key, after which its next change is told. */
export interface Look {
  /** What the key held. It rejects as a read does, and nothing is told then. */
  readonly reply: Promise<Buffer | null>;
  /** Nothing is told any more; repeating it is harmless. */
  stop(): void;
}

/** The connection that looks. */
type Place = Pick<RedisLink, 'companion' | 'target'>;

/**
 * Tells of changes of the keys of one server. It looks over the connection that everything else goes over, and the
 * server notes that look (https://redis.io/docs/latest/commands/client-tracking/); it tells of the next change on a
 * connection of its own, which is opened when somebody looks for the first time. Where that cannot be had, the key is
 * to be looked at again after a little while.
 */
export class ChangeFeed {
  readonly #watches = new KeyWatches();
  readonly #kept = new KeptReads({
    warrantOn: (client) => this.warrantOn(client),
    onKept: (key) => this.onKept(key),
    onOtherReply: (what, reply) => this.#onOtherReply(what, reply),
  });
  readonly #place: Place | undefined;
  readonly #patience: number;
  /** Who else is told, of what was read to be kept. */
  #near: NearFeed | undefined;
  #listener: ChangeListener | undefined;
  /** While it listens. */
  #standing: Standing | undefined;
  /** Where the server was asked to tell of what is looked at. */
  #destination: Standing | undefined;
  /** Whether the server does not allow it on the present connection. */
  #isRefused = false;
  #isClosed = false;
  /** The one that reads what is to be kept. */
  #client: Redis | undefined;

  /**
   * @param place makes the connection that listens; absent where nothing is noted
   * @param patience how long one attempt to connect may take, in milliseconds
   */
  constructor(place?: Place, patience = 0) {
    this.#place = place;
    this.#patience = patience;
  }

  /** Begins to tell of what is read to be kept as well. */
  follow(follower: FeedFollower): void {
    if (this.#place === undefined || this.#isClosed) return;
    this.#near ??= new NearFeed(follower, this.#place.target, this.#patience, () => this.#askAgain());
  }

  /**
   * Begins to listen for whoever follows, as the first read to keep does.
   *
   * @param client as that of {@link look}
   */
  begin(client: Redis): NearFeed | undefined {
    this.warrantOn(client);
    return this.#near;
  }

  /**
   * Reads a key, so that changes of what it held are told to whoever follows; what was read before that may be kept
   * again.
   *
   * @param client as that of {@link look}
   * @param key of the whole, prefix included
   */
  async readToKeep(client: Redis, key: string | Buffer): Promise<KeptReply> {
    if (this.#near !== undefined) return this.#kept.read(client, key);
    return { bytes: await client.getBuffer(key), isConfirmed: false };
  }

  /**
   * On whose word that may be kept which is read next, after `CLIENT CACHING YES`; absent: on nobody's, yet.
   *
   * @param client as that of {@link look}
   */
  warrantOn(client: Redis): Warrant | undefined {
    this.#client = client;
    this.#near?.ask();
    if (this.#standing === undefined) this.#listen();
    else if (this.#near?.isBegun === false && this.#near.refusal === undefined) this.#beginNear();
    return this.#near?.warrant;
  }

  /** What this key was read to hold may be kept. */
  onKept(key: string | Buffer): void {
    this.#near?.onKept(key);
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
    this.#near?.forget();
    this.#watches.wakeAll();
  }

  /** Others may hold these keys from now on. */
  doubt(concerns: (key: string) => boolean): void {
    this.#near?.doubt();
    this.#watches.wakeAll(concerns);
  }

  close(): void {
    this.#isClosed = true;
    this.#near?.end();
    this.#near = undefined;
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
    this.#direct(client, standing);
    this.#demand('CLIENT CACHING', client.call('CLIENT', 'CACHING', 'YES'), standing);
    return true;
  }

  /** Tells the server where to tell of what is looked at, if it was not told yet. */
  #direct(client: Redis, standing: Standing): void {
    if (this.#destination === standing) return;
    this.#destination = standing;
    const reply = client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', standing.id, 'OPTIN');
    this.#demand('CLIENT TRACKING', reply, standing);
  }

  /** What it takes is `OK`. */
  #demand(what: string, reply: Promise<unknown>, standing: Standing): void {
    reply.then(
      (answer) => {
        if (answer !== 'OK') this.#onOtherReply(what, answer, standing);
      },
      (error: unknown) => this.#onOtherReply(what, error, standing),
    );
  }

  #onOtherReply(what: string, reply: unknown, standing = this.#standing): void {
    const isError = typeof reply === 'object' && reply !== null;
    // The look itself tells of a connection that is lost.
    if (isError && classifyFailure(reply).kind !== 'operation') return;
    if (isRefusedForGood(reply)) this.#giveUp(what, reply);
    else if (standing !== undefined) this.#beginAnew(standing);
  }

  /** The server may not know the listener any more, before that knows it. */
  #beginAnew(standing: Standing): void {
    if (this.#standing === standing) this.#listener?.renew();
  }

  #listen(): void {
    const companion = this.#place?.companion;
    if (companion === undefined) this.#near?.refuseClient();
    if (this.#isClosed || this.#isRefused || companion === undefined) return;
    this.#listener ??= new ChangeListener(companion, this.#patience, {
      onListening: (standing) => this.#onListening(standing),
      onSubscribed: () => this.#near?.onSubscribed(),
      onPong: (mark) => this.#near?.onPong(mark),
      onDenied: (error) => {
        if (this.#near?.onDenied(error) !== true) this.#listener?.renew();
      },
      onChanged: (key) => {
        this.#near?.onChanged(key);
        this.#watches.wake(String(key));
      },
      onFlushed: () => {
        this.#near?.doubt();
        this.#watches.wakeAll();
      },
      onLost: () => {
        this.#standing = undefined;
        this.#near?.suspend();
        this.#watches.wakeAll();
      },
      onRefused: (what, error) => this.#giveUp(what, error),
    });
  }

  #onListening(standing: Standing): void {
    this.#standing = standing;
    this.#beginNear();
    // They looked before it stood: their next look is noted.
    this.#watches.wakePolling();
  }

  #beginNear(): void {
    const [client, listener, standing] = [this.#client, this.#listener, this.#standing];
    if (client === undefined || listener === undefined || standing === undefined) return;
    this.#direct(client, standing);
    // Each read to keep takes it: a refusal comes before the first heartbeat is answered.
    this.#demand('CLIENT CACHING', client.call('CLIENT', 'CACHING', 'YES'), standing);
    this.#near?.begin({ client, listener, renew: () => this.#beginAnew(standing) });
  }

  #giveUp(what: string, error: unknown): void {
    this.#endListener();
    this.#isRefused = true;
    this.#near?.refuse(what, error);
    this.#watches.wakeAll();
  }

  /** What was refused may be allowed by now; until it is known, the refusal stands. */
  #askAgain(): void {
    this.#isRefused = false;
    this.#destination = undefined;
    if (this.#standing === undefined) this.#listen();
    else this.#beginNear();
  }

  #endListener(): void {
    this.#listener?.end();
    this.#listener = undefined;
    this.#standing = undefined;
  }
}
