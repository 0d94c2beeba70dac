import type { ChaosResult } from './chaos-run.js';
import {
  errorsIn,
  type Finding,
  findingsOf,
  offencesOf,
  sum,
  summariesOf,
  type WeatherSummary,
} from './chaos-findings.js';
import type { RestRecord } from './conductor.js';
import { CALM } from './protocol.js';

/**
 * Prints what a run came to: for people, and at last in one line of JSON.
 *
 * @returns whether every promise was kept
 */
export function printReport(result: ChaosResult): boolean {
  const findings = findingsOf(result);
  const summaries = summariesOf(result);
  const offences = offencesOf(result);
  printWeather(summaries);
  printLoad(result);
  printFindings(findings);
  for (const { kind, stage, weather, details } of offences) {
    if (details !== '') console.log(`\n${kind} on ${stage} (${weather}): ${details}`);
  }
  const isGood = findings.every(({ isKept }) => isKept);
  console.log(`\n${isGood ? 'Every promise was kept.' : 'Not every promise was kept.'}\n`);
  console.log(JSON.stringify(machineReport(result, findings, summaries)));
  return isGood;
}

function printWeather(summaries: readonly WeatherSummary[]): void {
  const rows = summaries.map(({ stage, weather, faults, operations, errors, slowestRecovery }) => [
    stage,
    weather,
    weather === CALM ? '' : String(faults),
    String(operations),
    milliseconds(slowestRecovery),
    Object.entries(errors)
      .map(([code, count]) => `${code} ${count}`)
      .join(', '),
  ]);
  printTable([['stage', 'fault', 'times', 'operations', 'works again', 'errors'], ...rows]);
}

function printLoad({ options, seconds, workers, rests }: ChaosResult): void {
  const counts = workers.flatMap((worker) => worker.counts);
  const operations = sum(counts.filter(({ kind }) => kind === 'operation'));
  const slowest = Object.entries(slowestOf(workers.map((worker) => worker.slowest)));
  const delays = workers.map(({ longestLoopDelay }) => `${longestLoopDelay.toFixed(0)} ms`);
  const waits = workers.map(({ waited }) => `${(waited / 1_000).toFixed(1)} s`);
  const total = Object.entries(errorsIn(counts)).map(([code, count]) => `${code} ${count}`);
  const heaps = rests.map(({ workers: each }) =>
    each.map(({ heap }) => (heap / 1_048_576).toFixed(1)).join('/'),
  );
  const [first] = rests[0]?.workers ?? [];
  console.log(`
seed ${options.seed}, ${seconds.toFixed(0)} s, ${workers.length} processes
operations             ${operations}, of which ${workers.reduce((all, { judged }) => all + judged, 0)} answers were judged
errors                 ${total.join(', ')}
slowest in ms          ${slowest.map(([what, time]) => `${what} ${time.toFixed(0)}`).join(', ')}
longest loop delay     ${delays.join(', ')} in each process
waits for a processor  ${waits.join(', ')} all together: not counted against a deadline
memory at rests in MiB ${heaps.join('  ')}
handles at a rest      ${JSON.stringify(first?.handles ?? {})}${nearLine(rests.at(-1))}
`);
}

/** What the near tiers have counted all together, when there are any. */
function nearLine(rest: RestRecord | undefined): string {
  const all = (rest?.workers ?? []).flatMap(({ near }) => Object.values(near));
  if (all.length === 0) return '';
  const total = (kind: 'hits' | 'misses' | 'invalidations' | 'losses' | 'entries'): string =>
    `${kind} ${all.reduce((count, near) => count + near[kind], 0)}`;
  const figures = [total('hits'), total('misses'), total('invalidations'), total('losses'), total('entries')];
  return `\nnear                   ${figures.join(', ')}`;
}

function printFindings(findings: readonly Finding[]): void {
  for (const { promise, figure, isKept } of findings) {
    console.log(`${isKept ? '✓' : '✗'} ${promise}: ${figure}`);
  }
}

function slowestOf(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const slowest: Record<string, number> = {};
  for (const one of all) {
    for (const [what, time] of Object.entries(one)) slowest[what] = Math.max(slowest[what] ?? 0, time);
  }
  return slowest;
}

function milliseconds(time: number | null | undefined): string {
  if (time === undefined) return '';
  return time === null ? 'never' : `${time.toFixed(0)} ms`;
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  console.log('');
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

function machineReport(
  { options, seconds, workers, faults, rests, clientsLeft }: ChaosResult,
  findings: readonly Finding[],
  summaries: readonly WeatherSummary[],
): object {
  const counts = workers.flatMap((worker) => worker.counts);
  return {
    ...options,
    seconds: Math.round(seconds),
    operations: sum(counts.filter(({ kind }) => kind === 'operation')),
    judged: workers.reduce((all, { judged }) => all + judged, 0),
    errors: errorsIn(counts),
    faults: faults.length,
    promises: Object.fromEntries(findings.map(({ promise, figure }) => [promise, figure])),
    kept: findings.every(({ isKept }) => isKept),
    heap: rests.map((rest) => rest.workers.map(({ heap }) => heap)),
    loopDelay: workers.map(({ longestLoopDelay }) => Math.round(longestLoopDelay)),
    clientsLeft,
    summaries,
  };
}
