import type { Redis } from 'ioredis';
import { CacheConfigurationError } from '../contract/errors.js';
import { Epoch } from './epoch.js';
import { Heartbeat, type Listening, NEAR_CHANNEL } from './heartbeat.js';
import type { RedisTarget } from './redis-error.js';
import { classifyFailure } from './redis-failure.js';

/** Who follows the changes of every server that is read from. */
export interface FeedFollower {
  /** One more server is followed. */
  onFeed(feed: NearFeed): void;
  /** A server is not needed any more. */
  onEnd(feed: NearFeed): void;
  onChanged(key: Buffer): void;
  /** What was read to be kept may have changed unheard. */
  onLoss(): void;
}

/** The ACL rules without which nothing can be kept, besides those of the cache. */
export const NEAR_RULE = `+client|id +client|tracking +client|caching +subscribe +pubsub|numsub +ping +get +pttl &__redis__:invalidate &${NEAR_CHANNEL}*`;

/** After a refusal, in milliseconds: what is allowed may change while a connection stands. */
const REFUSAL_PAUSE = 1_000;

/** Where both connections to a server stand. */
export interface Ground {
  readonly client: Redis;
  readonly listener: Listening;
  /** Begins anew with another listener. */
  readonly renew: () => void;
}

/** Who follows one server, and on what ground it may trust what it keeps. */
export class NearFeed {
  readonly #follower: FeedFollower;
  readonly #target: RedisTarget;
  readonly #patience: number;
  readonly #askAgain: () => void;
  readonly #waiting = new Set<() => void>();
  #heartbeat: Heartbeat | undefined;
  #epoch: Epoch | undefined;
  #refusal: CacheConfigurationError | undefined;
  #lastKey: string | Buffer | undefined;
  #isAsked = false;
  #pause: NodeJS.Timeout | undefined;

  /**
   * @param follower of all servers
   * @param target the server, as errors name it
   * @param patience how long the listener may be silent, in milliseconds
   * @param askAgain begins anew some time after a refusal
   */
  constructor(follower: FeedFollower, target: RedisTarget, patience: number, askAgain: () => void) {
    this.#follower = follower;
    this.#target = target;
    this.#patience = patience;
    this.#askAgain = askAgain;
    follower.onFeed(this);
  }

  /** Why nothing can be kept until it is allowed after all, or another connection is made. */
  get refusal(): CacheConfigurationError | undefined {
    return this.#refusal;
  }

  /** Whether anything was to be read here to be kept. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  ask(): void {
    this.#isAsked = true;
  }

  /** What this key holds may be kept. */
  onKept(key: string | Buffer): void {
    this.#lastKey = key;
  }

  /** Whether it is about to be trusted, or is. */
  get isBegun(): boolean {
    return this.#heartbeat !== undefined;
  }

  /** On whose word that may be kept which is read from now on; absent: on nobody's. */
  get warrant(): Epoch | undefined {
    return this.#heartbeat?.isAnswered === true ? this.#epoch : undefined;
  }

  /** The server tells of whatever is read over a connection from now on. */
  begin({ client, listener, renew }: Ground): void {
    this.suspend();
    this.#heartbeat = new Heartbeat({ client, listener, key: () => this.#lastKey }, this.#patience, {
      onFirst: () => {
        this.#refusal = undefined;
        this.#settle();
      },
      onMoved: () => {
        this.#lastKey = undefined;
        this.doubt();
      },
      onStranger: () => {
        this.suspend();
        renew();
      },
      onRefused: (what, error) => this.refuse(what, error),
    });
    this.#epoch = new Epoch(this.#heartbeat);
  }

  onSubscribed(): void {
    this.#heartbeat?.onSubscribed();
  }

  onPong(mark: string): void {
    this.#heartbeat?.onPong(mark);
  }

  /** @returns whether it was asked for here */
  onDenied(error: unknown): boolean {
    this.#heartbeat?.onDenied(error);
    return this.#heartbeat !== undefined;
  }

  onChanged(key: Buffer): void {
    this.#follower.onChanged(key);
  }

  /** What was read so far may have changed unheard; both connections stand. */
  doubt(): void {
    if (this.#heartbeat === undefined) return;
    const { isAnswered } = this.#heartbeat;
    this.#epoch?.end();
    this.#epoch = new Epoch(this.#heartbeat);
    if (isAnswered) this.#follower.onLoss();
  }

  /** One of the connections has ended. */
  suspend(): void {
    const wasTold = this.warrant !== undefined;
    this.#heartbeat?.stop();
    this.#epoch?.end();
    this.#heartbeat = undefined;
    this.#epoch = undefined;
    if (wasTold) this.#follower.onLoss();
  }

  /**
   * The server does not allow it.
   *
   * @param what the command
   */
  refuse(what: string, error: unknown): void {
    const failure = classifyFailure(error);
    const word = failure.kind === 'operation' ? failure.cause.message : 'no';
    this.#refuse(
      `near expects a server that tells of changes, but ${this.#target.address} refuses ${what} (${word}). ` +
        `Allow the ACL user ${NEAR_RULE}, or leave near out`,
    );
  }

  /** Over the connection that there is nothing can be told. */
  refuseClient(): void {
    this.#refuse(
      `near expects a second connection to ${this.#target.address}, which cannot be made beside a client that was ` +
        'handed in. Let the cache connect by itself, or leave near out',
    );
    clearTimeout(this.#pause);
  }

  #refuse(problem: string): void {
    this.#refusal = new CacheConfigurationError([problem]);
    this.suspend();
    clearTimeout(this.#pause);
    // Nothing waits for it: it must not keep the process alive.
    this.#pause = setTimeout(() => this.#askAgain(), REFUSAL_PAUSE).unref();
    this.#settle();
  }

  /** The next connection may reach another server, or one that allows it. */
  forget(): void {
    this.suspend();
    clearTimeout(this.#pause);
    this.#refusal = undefined;
    this.#lastKey = undefined;
  }

  end(): void {
    this.forget();
    this.#follower.onEnd(this);
    this.#settle();
  }

  /**
   * Waits until what is read may be kept, or that is refused.
   *
   * @param start of the wait, on the clock of `performance.now()`
   * @returns whether it came to that in time
   */
  opened(start: number): Promise<boolean> {
    if (this.warrant !== undefined || this.#refusal !== undefined) return Promise.resolve(true);
    const patience = start + this.#patience - performance.now();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve(this.warrant !== undefined || this.#refusal !== undefined);
      };
      const timer = setTimeout(done, patience);
      this.#waiting.add(done);
    });
  }

  #settle(): void {
    for (const done of this.#waiting) done();
  }
}
