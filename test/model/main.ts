// `npm run model -- --minutes N --seed S`: random schedules against the properties of coherence, for as long as told.
import { startRedisServer } from '../support/redis-server.js';
import { readModelOptions } from './model-options.js';
import { RedisStage } from './redis-stage.js';
import {
  checkMemoryStore,
  checkNearSchedules,
  checkNearSimulations,
  checkRedisStore,
  checkSchedules,
  checkSimulations,
  type Findings,
} from './suites.js';

const { minutes, seed } = readModelOptions(process.argv.slice(2));
const server = await startRedisServer();
const stage = new RedisStage(server);
const { store, raw } = stage.ways;
const suites: Readonly<Record<string, (seed: number) => Promise<Findings>>> = {
  'memory against the reference': (each) => checkMemoryStore(each, 5_000),
  'Redis against the reference': (each) => checkRedisStore(store, raw, each, 300),
  'processes over memory': (each) => checkSimulations(each, 4_000),
  'processes that keep what they read': (each) => checkNearSimulations(each, 3_000),
  'processes over Redis': (each) => checkSchedules(stage, each, 200),
  'processes over Redis that keep what they read': (each) => checkNearSchedules(stage, each, 200),
};
const totals = new Map(Object.keys(suites).map((name) => [name, { runs: 0, unjudged: 0 }]));
let flaws = 0;

console.log(`seed ${seed}, ${minutes} min`);
try {
  const end = performance.now() + minutes * 60_000;
  for (let round = 0; performance.now() < end && flaws === 0; round += 1) {
    for (const [name, check] of Object.entries(suites)) await report(name, await check(seed + round));
    const figures = [...totals].map(
      ([name, { runs, unjudged }]) => `${name} ${runs} (${unjudged} not judged)`,
    );
    console.log(`round ${round}, seed ${seed + round}: ${figures.join(', ')}`);
  }
} finally {
  await stage.close();
  await server.stop();
}
console.log(flaws === 0 ? 'Every property held.' : `${flaws} schedules broke a property.`);
process.exitCode = flaws === 0 ? 0 : 1;

async function report(name: string, findings: Findings): Promise<void> {
  const total = totals.get(name);
  if (total !== undefined) {
    total.runs += findings.runs;
    total.unjudged += findings.unjudged;
  }
  flaws += findings.flaws.length;
  for (const flaw of findings.flaws.slice(0, 3)) console.log(`${name}: ${flaw}\n`);
}
