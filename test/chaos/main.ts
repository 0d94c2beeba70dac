// `npm run chaos -- --minutes N --seed S`: several processes share caches while their servers go through everything.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readChaosOptions } from './chaos-options.js';
import { runChaos } from './chaos-run.js';
import { printReport } from './chaos-report.js';

const options = readChaosOptions(process.argv.slice(2));
const folder = await mkdtemp(join(tmpdir(), 'spakky-chaos-'));
try {
  process.exitCode = printReport(await runChaos(options, folder)) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
