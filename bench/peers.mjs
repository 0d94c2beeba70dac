// This package beside its peers, in one run and in turn: `npm run bench`, `npm run bench -- --help`.
import process from 'node:process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { judge, hasBar } from './peers/bars.mjs';
import { chooseCells } from './peers/cases.mjs';
import { Contestant } from './peers/contestant.mjs';
import { CONTESTANTS } from './peers/contestants.mjs';
import { ensurePeers } from './peers/installation.mjs';
import { measureValue } from './peers/measure.mjs';
import { readOptions } from './peers/options.mjs';
import { printBars, printCell } from './peers/print.mjs';
import { startServer } from './peers/server.mjs';

/** Whoever is not named and cannot take part yet is left out, and said to be. */
async function gather(options, server) {
  const packageUrl = pathToFileURL(resolve(options.package, 'index.js')).href;
  const names = options.contestants ?? Object.keys(CONTESTANTS);
  const all = names.map((name) => new Contestant(name, CONTESTANTS[name], { packageUrl }));
  const { host, port } = server;
  const answers = await Promise.all(
    all.map((contestant) =>
      contestant.ask('open', { contestant: contestant.name, value: 'object', host, port }),
    ),
  );
  await Promise.all(all.map((contestant) => contestant.ask('close')));
  return all.filter((contestant, index) => {
    const { missing } = answers[index];
    if (missing === undefined) return true;
    contestant.end();
    if (options.contestants !== undefined) throw new Error(`${contestant.name} cannot take part: ${missing}`);
    console.log(`Left out: ${contestant.name} (${missing})`);
    return false;
  });
}

async function measure(options, server, contestants) {
  const cells = chooseCells(options);
  const found = { results: {}, losses: {} };
  const rounds = (cell) => (hasBar(cell) ? 2 * options.rounds + 1 : options.rounds);
  for (const [value, ofValue] of Map.groupBy?.(cells, (cell) => cell.value) ?? groupByValue(cells)) {
    await server.empty();
    const { results, losses } = await measureValue(value, ofValue, contestants, {
      host: server.host,
      port: server.port,
      server,
      rounds,
      milliseconds: options.milliseconds,
      tell: printCell,
    });
    Object.assign(found.results, results);
    found.losses[value] = losses;
  }
  return found;
}

function groupByValue(cells) {
  const groups = new Map();
  for (const cell of cells) groups.set(cell.value, [...(groups.get(cell.value) ?? []), cell]);
  return groups;
}

const options = readOptions();
ensurePeers();
const start = performance.now();
const server = await startServer();
let contestants = [];
try {
  contestants = await gather(options, server);
  const { results } = await measure(options, server, contestants);
  const bars = judge(results);
  printBars(bars, options);
  if (bars.some(({ verdict }) => verdict === 'not met' || (options.isWhole && verdict === 'not measured'))) {
    process.exitCode = 1;
  }
} finally {
  for (const contestant of contestants) contestant.end();
  await server.stop();
}
console.log(`It took ${((performance.now() - start) / 1_000).toFixed(0)} s`);
