import { round, span, type Tolerance } from './check-reads.js';
import type { Change, History, Hold, Run, Visit } from './history.js';
import type { Program } from './program.js';

const ENDS_A_LEASE = new Set<Change['op']>(['set', 'delete', 'clear', 'flush', 'through', 'behind']);

/** Properties 3 and 4: who loads, and how long the others wait. */
export function checkLoads(history: History, program: Program, tolerance: Tolerance): string[] {
  // Where answers are lost, a lease may end before its owner, and a caller waits for answers as well.
  if (program.loss > 0) return [];
  const pairs = history.runs.flatMap((run, index) => checkAlone(run, history.runs.slice(0, index), history));
  const waits = history.visits.flatMap((visit) => checkWait(visit, history, program, tolerance));
  return [...pairs, ...waits];
}

/** While the factory of one runs, no other one is called, unless the lease was ended by somebody. */
function checkAlone(second: Run, earlier: readonly Run[], history: History): string[] {
  const first = earlier.find(
    (run) =>
      run.key === second.key &&
      second.begun < run.ended &&
      run.ended < Infinity &&
      !run.isAborted &&
      !history.changes.some((change) => mayEndLease(change, run, second)),
  );
  if (first === undefined) return [];
  const what = `of process ${first.process} (${span(first)})`;
  return [
    `3: process ${second.process} called a factory of ${second.key} at ${round(second.begun)} during that ${what}`,
  ];
}

function mayEndLease(change: Change, first: Run, second: Run): boolean {
  if (!ENDS_A_LEASE.has(change.op) || !change.keys.includes(first.key)) return false;
  // A load of several keys may hold the lease of one for a while before its factory is called.
  const since = Math.min(first.visit.begun, second.visit.begun);
  return change.begun <= second.begun && (change.hasFailed || change.ended >= since);
}

/** Who does not load waits no longer than `waitFor`, and not while nobody holds the key. */
function checkWait(visit: Visit, history: History, { delay, near }: Program, { turn }: Tolerance): string[] {
  if (
    visit.hasLoaded ||
    history.crashes.some((crash) => crash.process === visit.process && crash.at >= visit.begun)
  )
    return [];
  const slack = 14 * (delay + (near?.slowness ?? 0)) + turn;
  const waited = visit.ended - visit.begun;
  const who = `a caller of ${visit.key} in process ${visit.process} (${span(visit)})`;
  if (waited > visit.loading.waitFor + slack)
    return [`4: ${who} waited ${round(waited)} ms, though waitFor is ${visit.loading.waitFor} ms`];
  const idle = longestIdle(visit, history);
  return idle > slack ? [`4: ${who} went on waiting for ${round(idle)} ms when nobody held the key`] : [];
}

/** The longest time of a visit in which nobody had anything to do with its key, in milliseconds. */
function longestIdle(visit: Visit, history: History): number {
  const busy = [...holdsOf(visit, history)].sort((one, other) => one.from - other.from);
  let longest = 0;
  let covered = visit.begun;
  for (const { from, until } of busy) {
    longest = Math.max(longest, Math.min(from, visit.ended) - covered);
    covered = Math.max(covered, until);
  }
  return Math.max(longest, visit.ended - covered);
}

function holdsOf(visit: Visit, { holds, changes, runs }: History): Pick<Hold, 'from' | 'until'>[] {
  const calls = changes
    .filter((change) => change.keys.includes(visit.key) && change.op !== 'behind')
    .map(({ begun, answered }) => ({ from: begun, until: answered === Infinity ? begun + 400 : answered }));
  const factories = runs.filter(({ key }) => key === visit.key);
  return [
    ...holds.filter(({ key }) => key === visit.key),
    ...calls,
    ...factories.map(({ begun, ended }) => ({ from: begun, until: ended === Infinity ? begun : ended })),
  ];
}
