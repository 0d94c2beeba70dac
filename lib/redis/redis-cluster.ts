import type { ResolvedAddress } from '../config/resolved-redis-cache-options.js';
import type { SpakkyCacheError } from '../contract/errors.js';
import { RedisCacheError, RedisCacheOperationError } from '../contract/redis-errors.js';
import { parseAddress } from './address.js';
import { ChangeFeed } from './change-feed.js';
import { type ClusterNode, ClusterNodes, SlotsUnknownError } from './cluster-nodes.js';
import { failureOfAll } from './failure-of-all.js';
import { keySlot } from './key-slot.js';
import type { FeedFollower } from './near-feed.js';
import type { RedisConnection } from './redis-connection.js';
import {
  closedError,
  operationError,
  RedirectedError,
  type RedisRequest,
  type RedisTarget,
  unsentError,
} from './redis-error.js';
import { operationFailure } from './redis-failure.js';
import type { RedisShards, RedisTopology } from './redis-topology.js';
import type { Send } from './server-side.js';
import { SlotGate } from './slot-gate.js';
import { SLOTS, type SlotMap } from './slot-map.js';

/** Far more than a failover or a migration sends one command round. */
const MOST_REDIRECTIONS = 16;

/** Of a line of `CLUSTER NODES` (https://redis.io/docs/latest/commands/cluster-nodes/). */
const FIELDS_BEFORE_SLOTS = 8;

/** The masters of a cluster, each of which holds the keys of some slots. */
export class RedisCluster implements RedisTopology {
  readonly target: RedisTarget;
  readonly #timeout: number;
  readonly #gate = new SlotGate();
  readonly #nodes: ClusterNodes;
  readonly #passing = new ChangeFeed();
  #closing: Promise<unknown> | undefined;

  /**
   * @param target all the nodes that were configured, for errors that concern no single one
   * @param seeds the nodes that were configured
   * @param timeout the deadline of every operation, redirections included, in milliseconds
   * @param connect makes the connection to one node
   */
  constructor(
    target: RedisTarget,
    seeds: readonly ResolvedAddress[],
    timeout: number,
    connect: (node: ResolvedAddress) => RedisConnection,
  ) {
    this.target = target;
    this.#timeout = timeout;
    this.#nodes = new ClusterNodes(seeds, timeout, connect, (slot) => this.#gate.hold(slot));
  }

  run<Reply>(request: RedisRequest, key: string | Buffer, send: Send<Reply>): Promise<Reply> {
    const deadline = performance.now() + this.#timeout;
    const slot = keySlot(key);
    return new Promise((resolve, reject) => {
      this.#gate.enter(slot, () => {
        void this.#follow(slot, request, send, deadline)
          .then(resolve, reject)
          .finally(() => this.#gate.leave(slot));
      });
    });
  }

  async shards(request: RedisRequest): Promise<RedisShards> {
    const slots = (await this.#searchFor(request)).copy();
    const nodes = slots.masters().map((address) => this.#nodes.node(address));
    return {
      servers: nodes.map(({ connection }) => connection),
      keptTheirKeys: (later) => this.#keptTheirKeys(slots, nodes, later),
    };
  }

  /** Keys of different slots cannot be named together, and keys of one slot cannot while it moves. */
  group<Key extends string | Buffer>(keys: Key[]): readonly Key[][] {
    return keys.map((key) => [key]);
  }

  follow(follower: FeedFollower): void {
    this.#nodes.follow(follower);
  }

  async close(): Promise<void> {
    this.#passing.close();
    this.#closing ??= this.#nodes.close();
    await this.#closing;
  }

  /** Sends an operation to the master of its slot, and on to where that one says. */
  async #follow<Reply>(
    slot: number,
    request: RedisRequest,
    send: Send<Reply>,
    deadline: number,
  ): Promise<Reply> {
    if (this.#closing !== undefined) throw closedError(request);
    const slots = this.#nodes.slots ?? (await this.#searchFor(request));
    let node = this.#masterOf(slot, slots);
    let step = send;
    for (let redirections = 0; ; redirections++) {
      try {
        return await node.connection.run(request, step, deadline);
      } catch (error) {
        if (!(error instanceof RedirectedError) || redirections === MOST_REDIRECTIONS) {
          if (isTrouble(error)) this.#nodes.watch();
          throw error;
        }
        if (this.#closing !== undefined) throw closedError(request);
        step = error.redirection?.scope === 'command' ? asking(send, this.#passing) : send;
        node = this.#redirect(slot, slots, node, error);
      }
    }
  }

  /** Where a node sends an operation; one that has been left sends it to whoever serves the slot now. */
  #redirect(slot: number, slots: SlotMap, node: ClusterNode, error: RedirectedError): ClusterNode {
    const { redirection } = error;
    if (redirection === undefined) return this.#masterOf(slot, this.#nodes.slots ?? slots);
    const address = parseAddress(redirection.address, node.address.host);
    if (address === undefined) throw error;
    if (redirection.scope === 'slot') {
      this.#nodes.assign(slot, address);
      this.#nodes.watch();
    }
    return this.#nodes.node(address);
  }

  /** A slot that the map does not know is asked of any master, which knows better or says that nobody serves it. */
  #masterOf(slot: number, slots: SlotMap): ClusterNode {
    return this.#nodes.node(slots.ownerOf(slot) ?? slots.anyMaster());
  }

  async #searchFor(request: RedisRequest): Promise<SlotMap> {
    try {
      return await this.#nodes.search();
    } catch (error) {
      if (this.#closing !== undefined) throw closedError(request);
      throw error instanceof SlotsUnknownError ? this.#errorOfAll(error, request) : error;
    }
  }

  #errorOfAll({ asked, errors }: SlotsUnknownError, request: RedisRequest): SpakkyCacheError {
    const failure = failureOfAll('no node tells who serves which slot', asked, errors);
    const refusal = errors.find((error) => error instanceof RedisCacheOperationError);
    if (refusal === undefined) return unsentError(failure, request, this.target);
    return operationError(operationFailure(refusal.code, failure.cause.message), request, this.target);
  }

  async #keptTheirKeys(
    before: SlotMap,
    nodes: readonly ClusterNode[],
    request: RedisRequest,
  ): Promise<boolean> {
    const after = await this.#searchFor(request);
    for (let slot = 0; slot < SLOTS; slot++) {
      if (!before.isServedAlike(slot, after)) return false;
    }
    // The node that was asked may not have heard yet of a move that has just ended; those concerned have.
    const kept = await Promise.all(
      nodes.map((node) => stillServes(node, before.rangesOf(node.address), request)),
    );
    return !kept.includes(false);
  }
}

/** Whether something is wrong with a node, so that another one may take its place. */
function isTrouble(error: unknown): boolean {
  if (!(error instanceof RedisCacheError)) return false;
  return !(error instanceof RedisCacheOperationError) || error.code === 'REDIS_CLUSTER_DOWN';
}

/**
 * A node takes a command for a slot that is only moving to it when it was asked for that just before. So it is with
 * one that is to be noted: it cannot be both.
 *
 * @param changes that notes nothing
 */
function asking<Reply>(send: Send<Reply>, changes: ChangeFeed): Send<Reply> {
  return async (client, server) => {
    const [asked, answered] = await Promise.allSettled([
      client.asking(),
      send(client, { ...server, changes }),
    ]);
    if (answered.status === 'fulfilled') return answered.value;
    // Where that is forbidden, it says more than what the command behind it is told.
    throw asked.status === 'rejected' ? asked.reason : answered.reason;
  };
}

/** Whether a node says of itself that it serves these slots, and that none is on its way; one that does not tell may not. */
async function stillServes(
  { connection }: ClusterNode,
  ranges: string,
  request: RedisRequest,
): Promise<boolean> {
  try {
    const reply = await connection.run(request, (client) => client.call('CLUSTER', 'NODES'));
    const own = String(reply)
      .split('\n')
      .find((line) => line.includes('myself'));
    // Slots that are on their way follow in brackets.
    return own?.split(' ').slice(FIELDS_BEFORE_SLOTS).join(' ') === ranges;
  } catch (error) {
    if (error instanceof RedisCacheOperationError) return false;
    throw error;
  }
}
