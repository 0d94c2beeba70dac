import { setTimeout as delay } from 'node:timers/promises';
import type { ResolvedAddress, ResolvedSentinelConnection } from '../config/resolved-redis-cache-options.js';
import { hostAndPort, parseAddress } from './address.js';
import { failureOfAll } from './failure-of-all.js';
import { firstAnswer } from './first-answer.js';
import { ownLink } from './own-link.js';
import { RedisConnection } from './redis-connection.js';
import { connectionFailure, type ConnectionFailure } from './redis-failure.js';

/** How another server is chosen, for the remedy of errors. */
export const CHOICE = 'SPAKKY_REDIS__SENTINELS and SPAKKY_REDIS__SENTINEL_NAME choose another.';

/** Those of the data servers are not for the sentinels. */
const CREDENTIALS = 'Check SPAKKY_REDIS__SENTINEL_PASSWORD.';

/** Of the deadline: the rest of an attempt to connect is for the master. */
const SHARE_OF_SENTINELS = 0.5;
/** Of the deadline: a sentinel that is silent for so long is not waited for alone. */
const SHARE_OF_SILENCE = 0.1;
/**
 * How often they are asked while a connection stands, in milliseconds: for about ten seconds after a failover that
 * was ordered the old master goes on as if it were the master, and what is written to it is lost.
 */
const WATCH = 1_000;

const MOVED = connectionFailure('REDIS_CONNECTION_LOST', 'the sentinels name another master');

/** The sentinels of one master: they know where it is, and notice when another server takes its place. */
export class Sentinels {
  readonly #options: ResolvedSentinelConnection;
  readonly #timeout: number;
  readonly #connections = new Map<ResolvedAddress, RedisConnection>();
  /** In the order in which they are asked. */
  #order: readonly ResolvedAddress[];
  #hasAsked = false;
  #master: ResolvedAddress | undefined;
  /** Seen while the connection to another master stood: the next attempt goes there. */
  #successor: ResolvedAddress | undefined;

  constructor(options: ResolvedSentinelConnection, timeout: number) {
    this.#options = options;
    this.#timeout = timeout;
    this.#order = options.sentinels;
  }

  /** As they named it last. */
  get master(): ResolvedAddress | undefined {
    return this.#master;
  }

  /**
   * Asks where the master is.
   *
   * @param signal ends the connections to the sentinels
   */
  async locate(signal: AbortSignal): Promise<ResolvedAddress | ConnectionFailure> {
    if (this.#connections.size === 0) this.#connect(signal);
    const found = this.#successor ?? (await this.#askInTurn());
    this.#successor = undefined;
    if ('port' in found) this.#master = found;
    return found;
  }

  /**
   * Asks again and again while a connection stands.
   *
   * @param onMove told once when another master is named
   * @returns ends the watch
   */
  watch(onMove: (failure: ConnectionFailure) => void): () => void {
    const end = new AbortController();
    void this.#watch(onMove, end.signal);
    return () => end.abort();
  }

  async #watch(onMove: (failure: ConnectionFailure) => void, signal: AbortSignal): Promise<void> {
    for (;;) {
      await delay(WATCH, undefined, { ref: false, signal }).catch(() => undefined);
      if (signal.aborted) return;
      const found = await this.#ask().catch(() => undefined);
      if (found === undefined || hostAndPort(found) === hostAndPort(this.#master ?? found)) continue;
      if (signal.aborted) return;
      this.#successor = found;
      onMove(MOVED);
      return;
    }
  }

  #connect(signal: AbortSignal): void {
    const { tls, sentinelPassword } = this.#options;
    const login = { tls, db: 0, username: undefined, password: sentinelPassword };
    const timeout = this.#timeout * SHARE_OF_SENTINELS;
    for (const place of this.#options.sentinels) {
      const link = ownLink({ ...login, place, choice: CHOICE, timeout });
      this.#connections.set(place, new RedisConnection(link, timeout));
    }
    const close = (): void => {
      for (const connection of this.#connections.values()) void connection.close();
    };
    signal.addEventListener('abort', close, { once: true });
  }

  async #askInTurn(): Promise<ResolvedAddress | ConnectionFailure> {
    // One that was away may still name the old master: as the last answer was of no use, another one is asked first.
    const [last, ...others] = this.#order;
    if (last !== undefined && this.#hasAsked) this.#order = [...others, last];
    this.#hasAsked = true;
    const asked = this.#order;
    try {
      return await this.#ask();
    } catch (error) {
      const errors = error instanceof AggregateError ? error.errors : [error];
      const failure = failureOfAll('no sentinel names a master', asked, errors);
      return failure.code === 'REDIS_CREDENTIALS' ? { ...failure, remedy: CREDENTIALS } : failure;
    }
  }

  #ask(): Promise<ResolvedAddress> {
    return firstAnswer(this.#order, this.#timeout * SHARE_OF_SILENCE, (sentinel) => this.#askOne(sentinel));
  }

  async #askOne(sentinel: ResolvedAddress): Promise<ResolvedAddress> {
    const { sentinelName } = this.#options;
    const connection = this.#connections.get(sentinel);
    const reply = await connection?.run({ verb: 'reach', prefix: '' }, (client) =>
      client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', sentinelName),
    );
    const master = Array.isArray(reply) ? parseAddress(reply.join(':'), sentinel.host) : undefined;
    if (master === undefined) throw new Error(`it knows no master named "${sentinelName}"`);
    // Others may hear of a failover later: whoever named the master is asked first whether it still is.
    this.#order = [sentinel, ...this.#order.filter((other) => other !== sentinel)];
    return master;
  }
}
