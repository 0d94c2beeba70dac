// `npm run coherence -- --minutes N --seed S`: near tiers of four processes, in peace and through every fault, in turn.
import { parseArgs } from 'node:util';
import { BOUND, type Run, runQuietly, runThroughFaults } from './runs.js';
import { CoherenceStage } from './stage.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 120))
  throw new Error('Usage: npm run coherence -- --minutes <at most 120> --seed <any>');
const end = performance.now() + minutes * 60_000;
const stage = await CoherenceStage.start();
const flaws: string[] = [];
try {
  for (let round = 0; performance.now() < end && flaws.length === 0; round += 1) {
    console.log(`round ${round}, seed ${values.seed} ${round}`);
    flaws.push(...flawsOf(await runQuietly(stage, 10_000)));
    flaws.push(...flawsOf(await runThroughFaults(stage, `${values.seed} ${round}`)));
    await stage.clear();
  }
} finally {
  await stage.close();
}
for (const flaw of flaws.slice(0, 20)) console.log(flaw);
console.log(flaws.length === 0 ? 'Nobody saw anything outdated past the bound.' : `${flaws.length} flaws.`);
process.exitCode = flaws.length === 0 ? 0 : 1;

function flawsOf({ verdict, seen, stored }: Run): readonly string[] {
  const late = verdict.windows.filter(({ length }) => length > BOUND);
  return [
    ...verdict.violations,
    ...late.map((window) => `Past the bound: ${JSON.stringify(window)}`),
    ...seen.filter((versions) => String(versions) !== String(stored)).map(String),
  ];
}
