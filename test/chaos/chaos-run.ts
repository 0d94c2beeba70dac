import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChaosOptions } from './chaos-options.js';
import { now } from '../support/clock.js';
import { startClusterStage } from './cluster-stage.js';
import { Conductor, type FaultRecord, type RestRecord } from './conductor.js';
import { startDirectStage } from './direct-stage.js';
import { Ledger } from './ledger.js';
import { type Act, drawPlan } from './plan.js';
import { KEYS } from './key-name.js';
import type { WorkerReport } from './protocol.js';
import { startProxiedStage } from './proxied-stage.js';
import { startSentinelStage } from './sentinel-stage.js';
import type { Stage } from './stage.js';
import { WorkerProcess } from './worker-process.js';

const WORKERS = 3;
const WARM_UP = 3_000;

/** Everything that a run has found out. */
export interface ChaosResult {
  readonly options: ChaosOptions;
  readonly seconds: number;
  readonly workers: readonly WorkerReport[];
  readonly faults: readonly FaultRecord[];
  readonly rests: readonly RestRecord[];
  /** Connections that were left at the servers when every cache was closed, its process still alive. */
  readonly clientsLeft: RestRecord['clients'];
  /** How many masters share the keys, by stage. */
  readonly masters: Readonly<Record<string, number>>;
  /** What broke the run off: the servers did not do what they were told. */
  readonly interruption: string | undefined;
  /** How many workers did not end by themselves. */
  readonly stuck: number;
}

/** @param folder for what the processes share */
export async function runChaos(options: ChaosOptions, folder: string): Promise<ChaosResult> {
  const starts = await Promise.allSettled([
    startDirectStage(),
    startProxiedStage(),
    startSentinelStage(),
    startClusterStage(),
  ]);
  const stages = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  try {
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed) throw failed.reason;
    return await runOn(stages, options, folder);
  } finally {
    await Promise.all(stages.map((stage) => stage.stop()));
  }
}

async function runOn(stages: readonly Stage[], options: ChaosOptions, folder: string): Promise<ChaosResult> {
  const shape = { stages: stages.length, owners: WORKERS, keys: KEYS };
  const path = join(folder, 'ledger');
  const ledger = Ledger.create(path, shape);
  const workers = Array.from({ length: WORKERS }, (_, number) => new WorkerProcess(number));
  try {
    const setups = stages.map(({ setup }) => setup);
    await Promise.all(
      workers.map((worker) => {
        const { seed, near } = options;
        const setup = { worker: worker.number, seed, ledger: path, shape, stages: setups, near };
        return worker.order({ kind: 'begin', setup });
      }),
    );
    const begun = now();
    const conductor = new Conductor(stages, workers, ledger, (line) => console.log(line));
    await conductor.warmUp(WARM_UP);
    const interruption = await play(conductor, drawPlan(options.seed, options.minutes));
    const reports = await Promise.all(workers.map((worker) => worker.order({ kind: 'close' })));
    // The servers hear of it a little later.
    await delay(100);
    const clientsLeft = await conductor.countClients();
    const endings = await Promise.all(workers.map((worker) => worker.end()));
    return {
      options,
      seconds: (now() - begun) / 1_000,
      workers: reports,
      faults: conductor.faults,
      rests: conductor.rests,
      clientsLeft,
      masters: Object.fromEntries(setups.map(({ name, masters }) => [name, masters])),
      interruption,
      stuck: endings.filter((endedByItself) => !endedByItself).length,
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
    ledger.close();
  }
}

/** @returns what broke it off, if anything did */
async function play(conductor: Conductor, plan: readonly Act[]): Promise<string | undefined> {
  try {
    for (const act of plan) await conductor.play(act);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
