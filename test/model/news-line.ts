import type { CacheStore } from '../../lib/core/cache-store.js';
import type { Follower, Following, Warrant } from '../../lib/core/followable-store.js';
import type { Random } from '../chaos/random.js';
import { NewsConnection } from './news-connection.js';
import type { Disturbance, NearSetup } from './program.js';
import { pause } from './wire.js';

/** A store in memory puts this in front of a tag: so a watch of that key tells of its version. */
const TAG_MARK = '\uDC00';

/** Until a connection is there, in milliseconds. */
const LONGEST_OPENING = 6;

/** The word of a server, until its connection is known to be lost. */
class LineWarrant implements Warrant {
  readonly connection: NewsConnection;
  isOver = false;

  constructor(connection: NewsConnection) {
    this.connection = connection;
  }

  holds(now: number): boolean {
    return !this.isOver && this.connection.isAlive(now);
  }
}

/** Tells one process what has changed in a store, over one connection after the other. */
export class NewsLine implements Following {
  readonly refusal = undefined;
  readonly #store: CacheStore;
  readonly #random: Random;
  readonly #setup: NearSetup;
  #follower: Follower | undefined;
  #warrant: LineWarrant | undefined;
  #opening: Promise<void> = Promise.resolve();
  #isCut = false;

  constructor(store: CacheStore, random: Random, setup: NearSetup) {
    this.#store = store;
    this.#random = random;
    this.#setup = setup;
  }

  follow(follower: Follower): Following {
    if (this.#follower !== undefined) throw new Error('There is a follower already');
    this.#follower = follower;
    this.#opening = this.#open();
    return this;
  }

  isTrusted(now: number): boolean {
    return this.#warrant?.holds(now) === true;
  }

  ready(): Promise<void> {
    return this.#opening;
  }

  /** What a read that is sent now may be kept on; absent: on nothing. */
  get warrant(): LineWarrant | undefined {
    return this.#warrant;
  }

  /** The server notes that a key was read. */
  noteKey({ connection }: LineWarrant, prefix: string, key: string): void {
    this.#note(connection, prefix, key, (follower) => follower.onChange(prefix + key));
  }

  /** The server notes that the version of a tag was read. */
  noteVersion({ connection }: LineWarrant, prefix: string, tag: string): void {
    this.#note(connection, prefix, TAG_MARK + tag, (follower) => follower.onVersionChange(prefix, tag));
  }

  disturb({ kind, lasts }: Disturbance): void {
    const connection = this.#warrant?.connection;
    if (connection === undefined) return;
    if (kind === 'stalled') {
      connection.stall(lasts);
      return;
    }
    connection.break();
    const noticed = kind === 'closed' ? this.#random.between(0, this.#setup.delay) : lasts;
    void pause(noticed).then(() => this.#lose(connection));
  }

  /** The server forgets what was read, before it forgets everything. */
  forget(): void {
    this.#warrant?.connection.forget();
  }

  /** The server tells that it has forgotten everything. */
  tellLoss(): void {
    const connection = this.#warrant?.connection;
    connection?.send(() => {
      if (this.#warrant?.connection !== connection) return;
      this.#end(new LineWarrant(connection));
    });
  }

  /** The process has died. */
  cut(): void {
    this.#isCut = true;
    this.#warrant?.connection.break();
  }

  #note(connection: NewsConnection, prefix: string, key: string, tell: (follower: Follower) => void): void {
    connection.note(
      prefix + key,
      (onChange) => void this.#store.watch(prefix, key, onChange),
      () => {
        if (this.#follower !== undefined && !this.#isCut) tell(this.#follower);
      },
    );
  }

  #lose(connection: NewsConnection): void {
    if (this.#isCut || this.#warrant?.connection !== connection) return;
    this.#end(undefined);
    this.#opening = this.#open();
  }

  #end(next: LineWarrant | undefined): void {
    if (this.#warrant !== undefined) this.#warrant.isOver = true;
    this.#warrant = next;
    this.#follower?.onLoss();
  }

  async #open(): Promise<void> {
    const askedAt = performance.now();
    await pause(this.#random.between(1, LONGEST_OPENING));
    if (!this.#isCut) this.#warrant = new LineWarrant(new NewsConnection(this.#setup, this.#random, askedAt));
  }
}
