import type { Verdict } from './judge.js';
import type { LoadReport } from './protocol.js';

/** The value below which so many of a hundred are. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((sorted.length * share) / 100) - 1)] ?? Number.NaN;
}

/** Prints how what was measured is distributed. */
export function printDistribution(what: string, values: readonly number[]): void {
  const [half, most, nearly, all] = [50, 95, 99, 100].map((share) => percentile(values, share).toFixed(2));
  process.stdout.write(
    `${what}: p50 ${half} ms, p95 ${most}, p99 ${nearly}, max ${all}, of ${values.length}\n`,
  );
}

/** Prints what a run was like. */
export function printRun(name: string, reports: readonly LoadReport[], verdict: Verdict): void {
  const { windows, drops, unjudged } = verdict;
  const sum = (each: (report: LoadReport) => number): number =>
    reports.reduce((total, report) => total + each(report), 0);
  const hits = sum(({ near }) => near.hits);
  const errors = sum((report) => Object.values(report.errors).reduce((total, count) => total + count, 0));
  const pauses = reports.flatMap((report) => report.pauses).map(({ from, to }) => to - from);
  process.stdout.write(
    `${name}: ${sum(({ changes }) => changes.length)} changes by four processes, ${sum(({ reads }) => reads)} reads, ` +
      `${hits} of them near, ${errors} errors, ${unjudged} sightings not judged; without a processor for ` +
      `${Math.round(pauses.reduce((total, pause) => total + pause, 0))} ms in all\n`,
  );
  printDistribution(
    `${name}, last read of the old value`,
    windows.map(({ length }) => length),
  );
  printDistribution(
    `${name}, the same while the reader had a processor`,
    windows.map(({ awake }) => awake),
  );
  for (const after of new Set(windows.map((window) => window.after))) {
    const some = windows.filter((window) => window.after === after).map(({ awake }) => awake);
    printDistribution(`${name}, the same after a change of the kind ${after}`, some);
  }
  printDistribution(`${name}, copy dropped`, drops);
}
