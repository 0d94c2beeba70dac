// The measured part of docs/performance.md.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { CASES, CONCURRENCIES, DETAILED } from './cases.mjs';
import { CONTESTANTS } from './contestants.mjs';
import { describePackage } from './machine.mjs';
import { drawPlots } from './plots.mjs';
import { compareRounds, quantile, summarize } from './statistics.mjs';
import { VALUES } from './values.mjs';
import { callers, hundredths, significant } from './words.mjs';

const root = new URL('../../', import.meta.url);
const DOCUMENT = fileURLToPath(new URL('docs/performance.md', root));
const IMAGES = new URL('docs/images/', root);
const BEGIN = '<!-- Measured by npm run bench. -->';
const END = '<!-- The end of what npm run bench measures. -->';
const NOTHING = '–';
const IMAGE_LINES = [
  '![Calls of get per second](images/get.svg)',
  '![Calls of set per second](images/set.svg)',
  '![Calls of get per second that a near tier answers](images/near.svg)',
  '![How long a get takes](images/latency.svg)',
];
/** The callers whose calls are compared in a table of several. */
const BESIDE = 100;
/** Puts a whole run between the marks of the document, and its plots beside it. */
export function writeReport(run) {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} has lost the marks of its measured part`);
  const measured = sectionsOf(run).join('\n\n');
  writeFileSync(DOCUMENT, `${text.slice(0, begin + BEGIN.length)}\n\n${measured}\n\n${text.slice(end)}`);
  execFileSync(
    process.execPath,
    ['node_modules/prettier/bin/prettier.cjs', '--log-level', 'warn', '--write', DOCUMENT],
    {
      cwd: fileURLToPath(root),
    },
  );
  mkdirSync(IMAGES, { recursive: true });
  for (const [file, svg] of Object.entries(drawPlots(run.results))) writeFileSync(new URL(file, IMAGES), svg);
}

function sectionsOf({ results, losses, bars, imports, machine, rounds, milliseconds }) {
  return [
    ...IMAGE_LINES,
    '### What it has to show',
    `Ratios of calls per second: the median of ${2 * rounds + 1} rounds, of ${8 * rounds + 3} with one caller, and the quartiles. Each round compares what was measured in that round.`,
    barTable(bars),
    '### Calls per second',
    `The median of at least ${rounds} rounds of ${milliseconds} ms, and the quartiles.`,
    ...throughputTables(results, losses),
    '### What a call takes and costs',
    'Until the answer: the median and the 99th percentile of single calls. Processor time is that of the process with all its threads, and that of the main thread of Redis. Allocated is what the call takes from the heap for a while; kept is what is still there after all calls, Buffers included, if that is more than 1 MB in all.',
    ...DETAILED.flatMap((name) => [headingOf(name), costTable(results[name])]),
    '### Import',
    `Milliseconds: the median of ${rounds} fresh processes, and the quartiles.`,
    importTable(imports),
    '### Who took part, and how',
    contestantTable(),
    '### Where',
    table(['what', 'which'], machine),
  ];
}

function barTable(bars) {
  const rows = bars.map(({ who, where, beside, rival, ratio, least, verdict }) => [
    `${CONTESTANTS[who].title}: ${describe(where)}`,
    rival === undefined || beside === CONTESTANTS[rival].title
      ? beside
      : `${beside}: ${CONTESTANTS[rival].title}`,
    `${least} ×`,
    ratio === undefined ? NOTHING : `${hundredths(ratio)} ×`,
    verdict,
  ]);
  return table(['what', 'beside', 'at least', 'measured', 'verdict'], rows);
}

function throughputTables(results, losses) {
  const groups = new Map();
  for (const name of Object.keys(results)) {
    const [kind, value] = name.split('/');
    groups.set(`${kind}/${value}`, [kind, value]);
  }
  return [...groups].flatMap(([group, [kind, value]]) => {
    const counts = CONCURRENCIES.filter((count) => results[`${group}/${count}`] !== undefined);
    return [
      `**${CASES[kind].title}: ${VALUES[value].title}**`,
      throughputTable(group, counts, results, losses[value]),
    ];
  });
}

function throughputTable(group, counts, results, losses) {
  const cells = counts.map((count) => results[`${group}/${count}`]);
  const names = Object.keys(CONTESTANTS).filter((name) => cells.some((cell) => cell[name] !== undefined));
  const beside = counts.includes(BESIDE) ? BESIDE : counts.at(-1);
  const compared = results[`${group}/${beside}`];
  const rows = names.map((name) => {
    const speeds = cells.map((cell) => spread(summarize(cell[name].perSecond)));
    const ratio = compareRounds(compared[name].perSecond, compared['ioredis'].perSecond).median;
    return [CONTESTANTS[name].title, speeds, `${ratio.toFixed(2)} ×`].flat();
  });
  const lost = Object.keys(losses).map((name) => CONTESTANTS[name].title);
  const note =
    lost.length === 0
      ? ''
      : `\n\nWithout ${lost.join(', ')}: the value that comes back is not the one that was stored.`;
  return table(['', ...counts.map(callers), `to ioredis, ${callers(beside)}`], rows) + note;
}

function costTable(cell) {
  const rows = Object.entries(cell).map(([name, { latencies, processor, server, allocated, kept }]) => [
    CONTESTANTS[name].title,
    time(quantile(latencies, 0.5)),
    time(quantile(latencies, 0.99)),
    time(quantile(processor, 0.5) / 1_000),
    time(quantile(server, 0.5) / 1_000),
    bytes(allocated),
    bytes(kept),
  ]);
  return table(['', 'median', '99 %', 'processor', 'Redis', 'allocated', 'kept'], rows);
}

function importTable(imports) {
  return table(
    ['import of', 'ms'],
    imports.map(({ title, ...summary }) => [title, spread(summary)]),
  );
}

function contestantTable() {
  const rows = Object.values(CONTESTANTS).map(({ title, packages, how }) => [
    title,
    packages.map(describePackage).join(', '),
    how,
  ]);
  return table(['', 'versions', 'how'], rows);
}

function headingOf(name) {
  const [kind, value, concurrency] = name.split('/');
  return `**${describe({ kind, value, concurrency: Number(concurrency) })}**`;
}

function describe({ kind, value, concurrency }) {
  return `${CASES[kind].title}, ${VALUES[value].title}, ${callers(concurrency)}`;
}

function table(heads, rows) {
  const lines = [heads, heads.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function spread({ median, low, high }) {
  return `${significant(median)} (${significant(low)}–${significant(high)})`;
}

/** Of milliseconds. */
function time(milliseconds) {
  return milliseconds < 1 ? `${significant(milliseconds * 1_000)} µs` : `${significant(milliseconds)} ms`;
}

function bytes(count) {
  return Math.abs(count) < 1_000 ? `${significant(count)} B` : `${significant(count / 1_000)} kB`;
}
