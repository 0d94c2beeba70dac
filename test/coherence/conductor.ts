import { setTimeout as delay } from 'node:timers/promises';
import { now } from '../support/clock.js';
import type { Random } from '../chaos/random.js';
import { eventually } from '../support/waiting.js';
import { clientsOf } from '../support/server-clients.js';
import type { Wipe } from './judge.js';
import type { CoherenceStage } from './stage.js';

/** How long a fault lasts that does not end by itself, in milliseconds. */
const DURATION = 400;

/** Cuts the connections of the processes and ends the server, while they work. */
export class Conductor {
  readonly wipes: Wipe[] = [];
  readonly #stage: CoherenceStage;
  readonly #random: Random;

  constructor(stage: CoherenceStage, random: Random) {
    this.#stage = stage;
    this.#random = random;
  }

  /**
   * Every fault once, in any order.
   *
   * @param pause after each, in milliseconds
   */
  async run(pause: number): Promise<void> {
    const faults = [
      () => this.#strike({ kind: 'reset' }),
      () => this.#strike({ kind: 'half-open' }),
      () => this.#strike({ kind: 'black-hole', connections: 'all' }),
      () => this.#hangUp('reading'),
      () => this.#hangUp('listening'),
      () => this.#flush(),
      () => this.#restart(),
    ];
    for (const fault of this.#random.shuffle(faults)) {
      await fault();
      await delay(pause);
    }
  }

  /** The way of one process. */
  async #strike(fault: Parameters<CoherenceStage['proxies'][number]['inject']>[0]): Promise<void> {
    const proxy = this.#random.pick(this.#stage.proxies);
    await proxy.inject(fault);
    await delay(DURATION);
    await proxy.heal();
  }

  /** All connections of one kind, by CLIENT KILL. */
  async #hangUp(kind: 'reading' | 'listening'): Promise<void> {
    const { raw } = this.#stage;
    const own = await raw.client('ID');
    for (const { id, isListening } of await clientsOf(raw)) {
      if (id !== own && isListening === (kind === 'listening')) await raw.client('KILL', 'ID', id);
    }
  }

  async #flush(): Promise<void> {
    await this.#wipe(async () => {
      await this.#stage.raw.flushall();
    });
  }

  async #restart(): Promise<void> {
    const { raw, server } = this.#stage;
    await this.#wipe(() => server.kill());
    await server.restart();
    await eventually(5_000, () => raw.ping());
  }

  async #wipe(run: () => Promise<void>): Promise<void> {
    const beganAt = now();
    await run();
    this.wipes.push({ beganAt, endedAt: now() });
  }
}
