import { setTimeout as delay } from 'node:timers/promises';
import { TRUST_BOUND } from '../../lib/redis/epoch.js';
import { now } from '../support/clock.js';
import { Random } from '../chaos/random.js';
import { Conductor } from './conductor.js';
import { ForeignWriter } from './foreign-writer.js';
import { judge, type Verdict } from './judge.js';
import type { LoadReport } from './protocol.js';
import { allKeys, type CoherenceStage } from './stage.js';
import { printRun } from './windows.js';

/** A PONG may overtake what the server is about to tell: one turn of its loop, on a busy machine, in milliseconds. */
const SERVER_TURN = 50;
/** So old may be at most what somebody sees, in milliseconds, whatever has happened to the connections. */
export const BOUND = TRUST_BOUND + SERVER_TURN;
/** Between two writes of one process, in milliseconds, on average. */
const PACE = 10;

/** What came of a run. */
export interface Run {
  readonly reports: readonly LoadReport[];
  readonly verdict: Verdict;
  /** What each process sees of each key in the end, and what the server holds. */
  readonly seen: readonly (readonly number[])[];
  readonly stored: readonly number[];
}

/** Everybody reads and writes, and nothing happens besides. */
export async function runQuietly(stage: CoherenceStage, milliseconds: number): Promise<Run> {
  await stage.open();
  return run(stage, 'quiet', milliseconds, async () => []);
}

/** Everybody reads and writes while every fault happens once. */
export async function runThroughFaults(stage: CoherenceStage, seed: string): Promise<Run> {
  await stage.open(stage.proxies);
  const conductor = new Conductor(stage, new Random(seed));
  return run(stage, 'faults', 6_000, async () => {
    await delay(300);
    await conductor.run(300);
    return conductor.wipes;
  });
}

async function run(
  stage: CoherenceStage,
  name: string,
  milliseconds: number,
  meanwhile: () => Promise<Conductor['wipes']>,
): Promise<Run> {
  const keys = allKeys();
  const foreign = new ForeignWriter(stage.raw, stage.prefix);
  const others = keys.filter(({ kind }) => kind === 'foreign');
  await foreign.prepare(stage.newCache(), others, Math.ceil(milliseconds / PACE / others.length));
  await stage.look(keys);
  const [reports, wipes] = await Promise.all([
    stage.load(keys, milliseconds, PACE),
    meanwhile(),
    foreign.run(PACE, now() + milliseconds),
  ]);
  const verdict = judge({ keys, reports, foreign: foreign.changes, wipes });
  printRun(name, reports, verdict);
  const [seen, stored] = await settled(stage);
  return { reports, verdict, seen, stored };
}

/** What is there when everything has been told, and nothing is left that ends by itself. */
async function settled(stage: CoherenceStage): Promise<[Run['seen'], Run['stored']]> {
  const keys = allKeys();
  await delay(150);
  return [await stage.look(keys), await stage.stored(keys)];
}
