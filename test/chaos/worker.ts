import { setTimeout as delay } from 'node:timers/promises';
import { now } from '../support/clock.js';
import { Ledger } from './ledger.js';
import { DEADLINE, type Recovery, type Vitals, type WorkerReport, type WorkerSetup } from './protocol.js';
import { Random } from './random.js';
import { pause, StageLoad } from './stage-load.js';
import { Tally } from './tally.js';

/** Who works on each stage at the same time, in each process. */
const ACTORS = 3;
/** How long a stage may take to work again before it is given up, in milliseconds. */
const PATIENCE = 15_000;
const LIMIT_OF_CLOSING = DEADLINE + 1_000;

/** Keeps the caches of one process busy. */
export class Worker {
  readonly tally = new Tally();
  readonly #ledger: Ledger;
  readonly #loads: ReadonlyMap<string, StageLoad>;
  readonly #actors: Promise<unknown>;
  #atWork = 0;
  #isResting = false;
  #hasEnded = false;

  constructor({ worker, seed, ledger, shape, stages, near }: WorkerSetup) {
    this.#ledger = Ledger.open(ledger, shape);
    const loads = stages.map((setup, stage) => {
      const random = new Random(`${seed}/${worker}/${setup.name}`);
      const place = { stage, owners: shape.owners, worker };
      return new StageLoad(setup, place, near, this.#ledger, this.tally, random);
    });
    this.#loads = new Map(loads.map((load) => [load.setup.name, load]));
    const actors = loads.flatMap((load) =>
      Array.from({ length: ACTORS }, (_, actor) => this.#act(load, new Random(`${seed}/${worker}/${actor}`))),
    );
    const guests = loads.map((load) => this.#visit(load, new Random(`${seed}/${worker}/guest`)));
    this.#actors = Promise.all([...actors, ...guests]);
  }

  setWeather(stage: string, weather: string): void {
    this.#load(stage).watch.weather = weather;
  }

  /** @param since on the clock of all processes */
  async recover(stage: string, since: number): Promise<Recovery> {
    const load = this.#load(stage);
    let lastError = '';
    for (;;) {
      const code = await load.probe();
      const milliseconds = now() - since;
      if (code === undefined) return { milliseconds, lastError };
      lastError = code;
      if (milliseconds > PATIENCE) return { milliseconds: null, lastError };
      await delay(5);
    }
  }

  async rest(): Promise<Vitals> {
    this.#isResting = true;
    const end = now() + PATIENCE;
    while (this.#atWork > 0 && now() < end) await delay(5);
    await Promise.all([...this.#loads.values()].map((load) => load.settle()));
    // What follows the last answers: timers of ended connections, and what the collector may take only later.
    await delay(100);
    for (let round = 0; round < 3; round++) {
      globalThis.gc?.();
      await delay(10);
    }
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    const handles: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) {
      // Gone a turn of the event loop later.
      if (kind !== 'Immediate') handles[kind] = (handles[kind] ?? 0) + 1;
    }
    const { operations, hanging } = this.tally;
    return { heap: heapUsed + external + arrayBuffers, handles, operations, hanging, near: this.#near() };
  }

  resume(): void {
    this.#isResting = false;
  }

  async close(): Promise<WorkerReport> {
    this.#hasEnded = true;
    await this.#actors;
    const closing = await Promise.all([...this.#loads.values()].map((load) => this.#closeCacheOf(load)));
    this.#ledger.close();
    const { clock, counts, offences, judged, slowest } = this.tally;
    clock.stop();
    return {
      counts,
      offences,
      judged,
      slowest,
      longestLoopDelay: clock.longestDelay,
      waited: clock.waited,
      closing: Object.fromEntries(closing),
    };
  }

  async #act(load: StageLoad, random: Random): Promise<void> {
    while (!this.#hasEnded) {
      await pause(random);
      await this.#work(() => load.step());
    }
  }

  /** Now and then another cache comes, reads a little, and is closed in the middle of it. */
  async #visit(load: StageLoad, random: Random): Promise<void> {
    while (!this.#hasEnded) {
      await delay(random.between(200, 1_000));
      await this.#work(() => this.#visitOnce(load, random));
    }
  }

  async #visitOnce(load: StageLoad, random: Random): Promise<void> {
    const { watch } = load;
    const { weather } = watch;
    const cache = load.newCache();
    const visit = (): Promise<void> =>
      random.happens(0.7) ? load.readSomething(cache) : load.origins.load(cache);
    const reads = Array.from({ length: random.between(1, 20) }, visit);
    await delay(random.between(0, 600));
    const last = visit();
    const begun = this.tally.clock.mark();
    await Promise.all([cache.close(), cache.close()]);
    const took = this.tally.clock.since(begun);
    if (took > LIMIT_OF_CLOSING) watch.blame('close', weather, `it took ${took.toFixed(0)} ms`);
    await Promise.all([...reads, last]);
    const after = await watch.observe('get after close', () => cache.get('key'), { isGuest: true });
    if (after.code !== 'CACHE_CLOSED')
      watch.blame('close', weather, `a closed cache answers ${after.code ?? 'a value'}`);
  }

  async #work(step: () => Promise<void>): Promise<void> {
    if (this.#isResting || this.#hasEnded) return;
    this.#atWork += 1;
    try {
      await step();
    } finally {
      this.#atWork -= 1;
    }
  }

  #near(): Vitals['near'] {
    const entries = [...this.#loads].flatMap(([name, { cache }]) => {
      const { near } = cache.metrics();
      return near === undefined ? [] : [[name, near] as const];
    });
    return Object.fromEntries(entries);
  }

  async #closeCacheOf({ setup, watch, cache, behind }: StageLoad): Promise<[string, number]> {
    const begun = this.tally.clock.mark();
    await cache.close();
    await cache.close();
    const took = this.tally.clock.since(begun);
    if (took > LIMIT_OF_CLOSING) watch.blame('close', watch.weather, `it took ${took.toFixed(0)} ms`);
    behind.judgeEnd();
    return [setup.name, Math.round(took)];
  }

  #load(stage: string): StageLoad {
    const load = this.#loads.get(stage);
    if (load === undefined) throw new Error(`There is no stage ${stage}`);
    return load;
  }
}
