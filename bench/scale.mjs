// What happens when there is much of everything: `npm run bench:scale`, `npm run bench:scale -- --help`.
import process from 'node:process';
import * as clear from './scale/clear.mjs';
import * as cluster from './scale/cluster.mjs';
import * as connections from './scale/connections.mjs';
import * as keyspace from './scale/keyspace.mjs';
import * as large from './scale/large.mjs';
import { readOptions } from './scale/options.mjs';
import { paperSections } from './scale/paper.mjs';
import { QUICK, WHOLE } from './scale/sizes.mjs';
import * as tags from './scale/tags.mjs';
import { barSections, writeReport } from './scale/report.mjs';

const PARTS = { clear, tags, cluster, connections, large, keyspace };

const options = readOptions(PARTS);
const sizes = options.quick ? QUICK : WHOLE;
const begun = performance.now();
const texts = [];
const bars = [];
const results = {};
for (const name of options.names) {
  const start = performance.now();
  console.log(`\n${name}`);
  const result = await PARTS[name].measure(sizes[name], (text) => console.log(`  ${text}`));
  console.log(`  ${((performance.now() - start) / 1_000).toFixed(0)} s in all`);
  results[name] = result;
  texts.push(...PARTS[name].sections(result));
  bars.push(...(PARTS[name].bars?.(result) ?? []));
}
if (results.connections !== undefined && results.keyspace !== undefined)
  texts.push(...paperSections(results));
const sections = [...barSections(bars), ...texts];
console.log(`\n${sections.join('\n\n')}`);
if (options.write) writeReport(sections);
if (bars.some(({ isMet }) => !isMet)) process.exitCode = 1;
console.log(`\nIt took ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
