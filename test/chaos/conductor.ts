import { setTimeout as delay } from 'node:timers/promises';
import { now } from '../support/clock.js';
import type { Ledger } from './ledger.js';
import type { Act } from './plan.js';
import { CALM, type Recovery, type Vitals } from './protocol.js';
import type { ClientCount, DrawnFault, Stage } from './stage.js';
import type { WorkerProcess } from './worker-process.js';

/** A fault that has happened, and how each worker found back. */
export interface FaultRecord extends DrawnFault {
  /** Since the run began, in milliseconds. */
  readonly at: number;
  /** How long it lasted, in milliseconds. */
  readonly lasted: number;
  /** The slowest worker each time: after the end of the fault, and after the servers were put in order. */
  readonly recoveries: readonly Recovery[];
}

/** What everyone held while all was quiet. */
export interface RestRecord {
  readonly workers: readonly Vitals[];
  /** By stage. */
  readonly clients: Readonly<Record<string, readonly ClientCount[]>>;
}

/** Leads the faults through the stages, and waits for everything to work again after each of them. */
export class Conductor {
  readonly faults: FaultRecord[] = [];
  readonly rests: RestRecord[] = [];
  readonly #begun = now();

  constructor(
    private readonly stages: readonly Stage[],
    private readonly workers: readonly WorkerProcess[],
    private readonly ledger: Ledger,
    private readonly tell: (line: string) => void,
  ) {}

  /** Something of everything has happened before the first rest: what is there once, stays. */
  async warmUp(milliseconds: number): Promise<void> {
    for (const stage of this.stages) await this.#recover(stage, now());
    await delay(milliseconds);
    await this.rest();
  }

  async play(act: Act): Promise<void> {
    const plays = await Promise.allSettled(this.stages.map((stage) => this.#playOn(stage, act)));
    const failed = plays.find((play) => play.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await this.rest();
  }

  async rest(): Promise<void> {
    const workers = await Promise.all(this.workers.map((worker) => worker.order({ kind: 'rest' })));
    this.rests.push({ workers, clients: await this.countClients() });
    await Promise.all(this.workers.map((worker) => worker.order({ kind: 'resume' })));
  }

  async countClients(): Promise<RestRecord['clients']> {
    const counts = this.stages.map(async (stage) => [stage.setup.name, await stage.countClients()] as const);
    return Object.fromEntries(await Promise.all(counts));
  }

  async #playOn(stage: Stage, act: Act): Promise<void> {
    for (const fault of act) {
      if (fault.stage !== stage.setup.name) continue;
      await this.#inflict(stage, fault);
      await delay(fault.quiet);
    }
  }

  async #inflict(stage: Stage, fault: DrawnFault): Promise<void> {
    const at = now() - this.#begun;
    await this.#setWeather(fault.stage, fault.name);
    if (stage.loses(fault)) this.#nextEpoch(stage);
    const { endedAt, restore } = await stage.strike(fault);
    const recoveries = [await this.#recover(stage, endedAt)];
    if (restore !== undefined) {
      await restore();
      recoveries.push(await this.#recover(stage, now()));
    }
    if (stage.loses(fault)) this.#nextEpoch(stage);
    await this.#setWeather(fault.stage, CALM);
    const record = { ...fault, at, lasted: endedAt - at - this.#begun, recoveries };
    this.faults.push(record);
    this.tell(describe(record));
  }

  /** The slowest of all workers. */
  async #recover({ setup }: Stage, since: number): Promise<Recovery> {
    const orders = this.workers.map((worker) => worker.order({ kind: 'recover', stage: setup.name, since }));
    const recoveries = await Promise.all(orders);
    return recoveries.reduce((slowest, each) => (lengthOf(each) > lengthOf(slowest) ? each : slowest));
  }

  async #setWeather(stage: string, weather: string): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.order({ kind: 'weather', stage, weather })));
  }

  #nextEpoch({ setup }: Stage): void {
    const stage = this.stages.findIndex((each) => each.setup.name === setup.name);
    this.ledger.setEpoch(stage, this.ledger.epoch(stage) + 1);
  }
}

function lengthOf({ milliseconds }: Recovery): number {
  return milliseconds ?? Infinity;
}

function describe({ at, stage, name, lasted, recoveries }: FaultRecord): string {
  const recovered = recoveries.map(({ milliseconds }) =>
    milliseconds === null ? 'never' : `${milliseconds.toFixed(0)} ms`,
  );
  const time = `${(at / 1_000).toFixed(1)} s`.padStart(8);
  return `${time}  ${stage.padEnd(8)}  ${name}, for ${lasted.toFixed(0)} ms; works again after ${recovered.join(', then ')}`;
}
