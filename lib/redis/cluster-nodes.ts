import { setTimeout as delay } from 'node:timers/promises';
import type { ResolvedAddress } from '../config/resolved-redis-cache-options.js';
import { hostAndPort } from './address.js';
import { firstAnswer } from './first-answer.js';
import { keySlot } from './key-slot.js';
import type { FeedFollower } from './near-feed.js';
import type { RedisConnection } from './redis-connection.js';
import { SLOTS, SlotMap } from './slot-map.js';

/** One node that is connected to. */
export interface ClusterNode {
  readonly address: ResolvedAddress;
  readonly connection: RedisConnection;
}

/** Of the deadline: a node that is silent for so long is not waited for alone. */
const SHARE_OF_SILENCE = 0.1;
/** Between two searches while a master is away, in milliseconds; half of it at least. */
const PAUSE = 500;

/** No prefix: it asks about the cluster, not about keys. */
const ASK_FOR_SLOTS = { verb: 'reach', prefix: '' } as const;

/** No node told who serves which slot. */
export class SlotsUnknownError extends Error {
  /** @param errors why, for each of the nodes that were asked */
  constructor(
    readonly asked: readonly ResolvedAddress[],
    readonly errors: readonly unknown[],
  ) {
    super('No node tells who serves which slot');
  }
}

/** The nodes of a cluster that are connected to, and which of them serves which slot. */
export class ClusterNodes {
  readonly #seeds: readonly ResolvedAddress[];
  readonly #timeout: number;
  readonly #connect: (address: ResolvedAddress) => RedisConnection;
  readonly #onMove: (slot: number) => void;
  readonly #nodes = new Map<string, ClusterNode>();
  #slots: SlotMap | undefined;
  #search: Promise<SlotMap> | undefined;
  #follower: FeedFollower | undefined;
  #isWatching = false;
  #isClosed = false;

  /**
   * @param seeds asked first
   * @param timeout of a search, in milliseconds
   * @param connect makes the connection to one node
   * @param onMove told of each slot that another master serves from now on
   */
  constructor(
    seeds: readonly ResolvedAddress[],
    timeout: number,
    connect: (address: ResolvedAddress) => RedisConnection,
    onMove: (slot: number) => void,
  ) {
    this.#seeds = seeds;
    this.#timeout = timeout;
    this.#connect = connect;
    this.#onMove = onMove;
  }

  /** What is known of the slots; `undefined` before a first search has succeeded. */
  get slots(): SlotMap | undefined {
    return this.#slots;
  }

  node(address: ResolvedAddress): ClusterNode {
    const name = hostAndPort(address);
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const node = { address, connection: this.#connect(address) };
    this.#nodes.set(name, node);
    if (this.#follower !== undefined) node.connection.follow(this.#follower);
    // Whoever was still searching when the cache was closed may ask for a node that nobody would close any more.
    if (this.#isClosed) void node.connection.close();
    return node;
  }

  /** Lets each node, also those that are not known yet, tell of changes. */
  follow(follower: FeedFollower): void {
    this.#follower = follower;
    for (const { connection } of this.#nodes.values()) connection.follow(follower);
  }

  /** Notes what a node said about one slot. */
  assign(slot: number, owner: ResolvedAddress): void {
    if (this.#slots === undefined) return;
    this.#slots.assign(slot, owner);
    this.#onMove(slot);
    this.#doubt((key) => keySlot(key) === slot);
  }

  /**
   * Asks the nodes who serves what; a search that is under way is joined.
   *
   * @throws SlotsUnknownError when none of them says
   */
  search(): Promise<SlotMap> {
    this.#search ??= this.#ask(this.#candidates()).finally(() => {
      this.#search = undefined;
    });
    return this.#search;
  }

  /** Searches now, and again and again while a master is away: its replica is about to take its place. */
  watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    void this.#searchUntilSound();
  }

  close(): Promise<unknown> {
    this.#isClosed = true;
    return Promise.all([...this.#nodes.values()].map(({ connection }) => connection.close()));
  }

  async #searchUntilSound(): Promise<void> {
    do {
      await this.search().catch(() => undefined);
      await delay(PAUSE / 2 + (Math.random() * PAUSE) / 2, undefined, { ref: false });
    } while (!this.#isClosed && !this.#isSound());
    this.#isWatching = false;
  }

  #isSound(): boolean {
    const masters = this.#slots?.masters() ?? [];
    return masters.every((address) => !this.#nodes.has(hostAndPort(address)) || this.#isStanding(address));
  }

  #isStanding(address: ResolvedAddress): boolean {
    return this.#nodes.get(hostAndPort(address))?.connection.isReady === true;
  }

  /** Masters whose connection stands before others, in no fixed order, and the seeds at last. */
  #candidates(): readonly ResolvedAddress[] {
    const masters = shuffled(this.#slots?.masters() ?? []);
    const standing = masters.filter((address) => this.#isStanding(address));
    const all = [...standing, ...masters, ...this.#seeds];
    return [...new Map(all.map((address) => [hostAndPort(address), address])).values()];
  }

  async #ask(candidates: readonly ResolvedAddress[]): Promise<SlotMap> {
    const deadline = performance.now() + this.#timeout;
    const ask = (address: ResolvedAddress) => this.#askOne(address, deadline);
    try {
      const slots = await firstAnswer(candidates, this.#timeout * SHARE_OF_SILENCE, ask);
      this.#adopt(slots);
      return slots;
    } catch (error) {
      throw new SlotsUnknownError(candidates, error instanceof AggregateError ? error.errors : [error]);
    }
  }

  async #askOne(address: ResolvedAddress, deadline: number): Promise<SlotMap> {
    if (this.#isClosed) throw new Error('the cache was closed');
    const { connection } = this.node(address);
    const reply = await connection.run(ASK_FOR_SLOTS, (client) => client.call('CLUSTER', 'SLOTS'), deadline);
    const slots = SlotMap.parse(reply, address.host);
    if (slots === undefined) throw new Error('it knows no master');
    return slots;
  }

  #adopt(slots: SlotMap): void {
    const before = this.#slots;
    const moved = Array.from({ length: SLOTS }, (_, slot) => slot).filter(
      (slot) => before?.isServedAlike(slot, slots) !== true,
    );
    for (const slot of moved) this.#onMove(slot);
    this.#slots = slots;
    if (moved.length > 0) this.#doubt((key) => before?.isServedAlike(keySlot(key), slots) !== true);
    const masters = new Set(slots.masters().map(hostAndPort));
    for (const [name, { connection }] of this.#nodes) {
      if (masters.has(name)) continue;
      this.#nodes.delete(name);
      void connection.leave();
    }
  }

  /** The former master of these keys may say nothing of them any more. */
  #doubt(concerns: (key: string) => boolean): void {
    for (const { connection } of this.#nodes.values()) connection.doubt(concerns);
  }
}

/** So that the instances of a service do not all ask the same node. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((left, right) => left.order - right.order)
    .map(({ item }) => item);
}
