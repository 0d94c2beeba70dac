// This package beside its peers, in one run and in turn: `npm run bench`, `npm run bench -- --help`.
import process from 'node:process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { judge, roundsOf } from './peers/bars.mjs';
import { cellName, chooseCells, DETAILED } from './peers/cases.mjs';
import { Contestant } from './peers/contestant.mjs';
import { CONTESTANTS } from './peers/contestants.mjs';
import { measureImports } from './peers/import-time.mjs';
import { ensurePeers } from './peers/installation.mjs';
import { describeMachine } from './peers/machine.mjs';
import { measureValue } from './peers/measure.mjs';
import { readOptions } from './peers/options.mjs';
import { separate } from './peers/processors.mjs';
import { printBars, printCell, printImports, printLosses } from './peers/print.mjs';
import { startServer } from './peers/server.mjs';

/** Whoever is not named and cannot take part yet is left out, and said to be. */
async function gather(all, { contestants: named }, { host, port }) {
  const answers = await Promise.all(
    all.map((one) => one.ask('open', { contestant: one.name, value: 'object', host, port })),
  );
  await Promise.all(all.map((one) => one.ask('close')));
  return all.filter(({ name }, index) => {
    const { missing } = answers[index];
    if (missing === undefined) return true;
    if (named !== undefined) throw new Error(`${name} cannot take part: ${missing}`);
    console.log(`Left out: ${name} (${missing})`);
    return false;
  });
}

async function measure(options, server, contestants) {
  const cells = chooseCells(options);
  const found = { results: {}, losses: {} };
  const { milliseconds } = options;
  const rounds = (cell) => roundsOf(cell, options.rounds);
  for (const value of new Set(cells.map((cell) => cell.value))) {
    const ofValue = cells.filter((cell) => cell.value === value);
    await server.empty();
    const weighs = (cell) => !options.isWhole || DETAILED.includes(cellName(cell));
    const setting = { server, rounds, milliseconds, weighs, tell: printCell };
    const { results, losses } = await measureValue(value, ofValue, contestants, setting);
    Object.assign(found.results, results);
    found.losses[value] = losses;
    printLosses(value, losses);
  }
  return found;
}

const options = readOptions();
ensurePeers();
const start = performance.now();
const server = await startServer();
const packageUrl = pathToFileURL(resolve(options.package, 'index.js')).href;
const names = options.contestants ?? Object.keys(CONTESTANTS);
const processes = names.map(
  (name) => new Contestant(name, CONTESTANTS[name], { packageUrl, profile: options.profile }),
);
const isSeparate = separate(
  await server.processId(),
  processes.map(({ processId }) => processId),
);
console.log(isSeparate ? 'Redis has a processor of its own' : 'Redis shares the processors with its clients');
try {
  const contestants = await gather(processes, options, server);
  const { results, losses } = await measure(options, server, contestants);
  const imports = options.isWhole ? measureImports(options) : undefined;
  if (imports !== undefined) printImports(imports);
  const bars = judge(results);
  printBars(bars, options);
  const isMissed = ({ verdict }) => verdict === 'not met' || (options.isWhole && verdict === 'not measured');
  if (bars.some(isMissed)) process.exitCode = 1;
  if (options.write) {
    const { rounds, milliseconds } = options;
    const machine = describeMachine(await server.version(), isSeparate);
    const { writeReport } = await import('./peers/report.mjs');
    writeReport({ results, losses, bars, imports, machine, rounds, milliseconds });
  }
} finally {
  await Promise.all(processes.map((one) => one.end()));
  await server.stop();
}
console.log(`It took ${((performance.now() - start) / 1_000).toFixed(0)} s`);
