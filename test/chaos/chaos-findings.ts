import type { ChaosResult } from './chaos-run.js';
import type { RestRecord } from './conductor.js';
import { CALM, type Count, type Offence, RECOVERY_LIMIT, type Vitals } from './protocol.js';

/** How much more memory a process may hold at the end, in bytes: code that was compiled meanwhile is part of it. */
const HEAP_LIMIT = 2 * 1_024 * 1_024;

/** What Node calls a connection. */
const SOCKET = 'TCPSocketWrap';

/** Of the time: when processes wait longer than that for a processor, servers do as well. */
const BUSY = 0.05;

/** One promise, and whether it was kept. */
export interface Finding {
  readonly promise: string;
  readonly figure: string;
  readonly isKept: boolean;
}

/** What happened on one stage during one kind of fault. */
export interface WeatherSummary {
  readonly stage: string;
  readonly weather: string;
  readonly faults: number;
  readonly operations: number;
  readonly errors: Readonly<Record<string, number>>;
  /** In milliseconds; null: it never recovered; absent: there was nothing to recover from. */
  readonly slowestRecovery: number | null | undefined;
}

export function findingsOf(result: ChaosResult): readonly Finding[] {
  const offences = offencesOf(result);
  const none = (kind: Offence['kind'], promise: string): Finding => {
    const { length } = offences.filter((offence) => offence.kind === kind);
    return { promise, figure: String(length), isKept: length === 0 };
  };
  const hanging = result.rests.flatMap(({ workers }) => workers.flatMap((worker) => worker.hanging));
  return [
    none('wrong value', 'wrong values'),
    none('overdue', 'operations past their deadline'),
    {
      promise: 'operations that never settled',
      figure: String(hanging.length),
      isKept: hanging.length === 0,
    },
    none('unhandled', 'unhandled rejections and uncaught exceptions'),
    none('untyped error', 'errors that are not of the documented tree'),
    calmness(result, offences),
    none('warning', 'warnings of the process'),
    none('close', 'closings that were late, or let something through'),
    recoveries(result),
    ...growth(result.rests),
    ...distrust(result),
    clientsMeanwhile(result),
    clientsLeft(result.clientsLeft),
    {
      promise: 'interruptions of the run',
      figure: result.interruption ?? '0',
      isKept: result.interruption === undefined,
    },
    {
      promise: 'processes that did not end by themselves',
      figure: String(result.stuck),
      isKept: result.stuck === 0,
    },
  ];
}

export function offencesOf({ workers }: ChaosResult): readonly Offence[] {
  return workers.flatMap((worker) => worker.offences);
}

/** In the order of the stages; calm weather first. */
export function summariesOf({ workers, faults }: ChaosResult): readonly WeatherSummary[] {
  const counts = workers.flatMap((worker) => worker.counts);
  const names = new Set(counts.map(({ stage, weather }) => JSON.stringify([stage, weather])));
  return [...names]
    .map((name): WeatherSummary => {
      const [stage, weather]: [string, string] = JSON.parse(name);
      const own = counts.filter((count) => count.stage === stage && count.weather === weather);
      const records = faults.filter((fault) => fault.stage === stage && fault.name === weather);
      const times = records.flatMap((record) => record.recoveries.map(({ milliseconds }) => milliseconds));
      return {
        stage,
        weather,
        faults: records.length,
        operations: sum(own.filter(({ kind }) => kind === 'operation')),
        errors: errorsIn(own),
        slowestRecovery: slowestOf(times),
      };
    })
    .toSorted((one, other) => orderOf(one).localeCompare(orderOf(other)));
}

export function errorsIn(counts: readonly Count[]): Readonly<Record<string, number>> {
  const errors: Record<string, number> = {};
  for (const { kind, what, count } of counts) {
    if (kind === 'error') errors[what] = (errors[what] ?? 0) + count;
  }
  return errors;
}

export function sum(counts: readonly Count[]): number {
  return counts.reduce((total, { count }) => total + count, 0);
}

function orderOf({ stage, weather }: WeatherSummary): string {
  return `${stage} ${weather === CALM ? '' : weather}`;
}

function slowestOf(times: readonly (number | null)[]): number | null | undefined {
  if (times.length === 0) return undefined;
  const known = times.filter((time) => time !== null);
  return known.length < times.length ? null : Math.max(...known);
}

/** A server that has no processor for the length of a deadline is as silent as a frozen one. */
function calmness({ workers, seconds }: ChaosResult, offences: readonly Offence[]): Finding {
  const count = offences.filter(({ kind }) => kind === 'error in calm').length;
  const waited = workers.reduce((all, each) => all + each.waited, 0) / 1_000 / seconds / workers.length;
  const share = `${(waited * 100).toFixed(1)} % of the time there was no processor`;
  const isBusy = waited > BUSY;
  return {
    promise: 'errors of standing caches while nothing was wrong',
    figure: isBusy && count > 0 ? `${count}, not held against them: ${share}` : `${count}, ${share}`,
    isKept: count === 0 || isBusy,
  };
}

function recoveries({ faults }: ChaosResult): Finding {
  const times = faults.flatMap((fault) => fault.recoveries.map(({ milliseconds }) => milliseconds));
  const late = times.filter((time) => time === null || time > RECOVERY_LIMIT).length;
  const slowest = slowestOf(times);
  const figure = `${late} of ${times.length}, the slowest ${slowest === null ? 'never' : `${(slowest ?? 0).toFixed(0)} ms`}`;
  return { promise: `recoveries of more than ${RECOVERY_LIMIT} ms`, figure, isKept: late === 0 };
}

/** After so many acts every fault has come once, and all code for it has been in use. */
const FIRST_ROUND = 4;

/** From a rest when everything has been in use once to the last one; a short run begins after its first faults. */
function growth(rests: readonly RestRecord[]): readonly Finding[] {
  const start = rests[rests.length > 2 * FIRST_ROUND ? FIRST_ROUND : 1];
  const pairs = (start?.workers ?? []).map(
    (first, index) => [first, rests.at(-1)?.workers[index] ?? first] as const,
  );
  const heaps = pairs.map(([first, last]) => last.heap - first.heap);
  const handles = [
    ...pairs.flatMap(([first, last]) => moreHandles(first, last)),
    ...moreSockets(start, rests.at(-1)),
  ];
  return [
    {
      promise: `growth of memory past ${HEAP_LIMIT / 1_024} KiB`,
      figure: heaps.map((bytes) => `${(bytes / 1_024).toFixed(0)} KiB`).join(', '),
      isKept: heaps.every((bytes) => bytes <= HEAP_LIMIT),
    },
    {
      promise: 'more handles than after the first faults',
      figure: handles.length === 0 ? '0' : handles.join(', '),
      isKept: handles.length === 0,
    },
  ];
}

/** Connections that listen are opened when they are first needed; they are counted where they end. */
function moreSockets(first: RestRecord | undefined, last: RestRecord | undefined): readonly string[] {
  const [before, after] = [first, last].map((rest) => {
    const sockets = (rest?.workers ?? []).reduce((all, { handles }) => all + (handles[SOCKET] ?? 0), 0);
    const listening = Object.values(rest?.clients ?? {}).flat();
    return sockets - listening.reduce((all, each) => all + each.listening, 0);
  });
  return (after ?? 0) > (before ?? 0) ? [`${SOCKET} ${before} → ${after}, without those that listen`] : [];
}

function moreHandles({ handles: first }: Vitals, { handles: last }: Vitals): readonly string[] {
  return Object.entries(last)
    .filter(([kind, count]) => kind !== SOCKET && count > (first[kind] ?? 0))
    .map(([kind, count]) => `${kind} ${first[kind] ?? 0} → ${count}`);
}

/** Every fault is over at a rest: what is told there is trusted again. */
function distrust({ options, rests }: ChaosResult): readonly Finding[] {
  if (!options.near) return [];
  const tiers = rests.flatMap(({ workers }, rest) =>
    workers.flatMap(({ near }, worker) =>
      Object.entries(near).map(([stage, { isTrusted }]) => ({ rest, worker, stage, isTrusted })),
    ),
  );
  const idle = tiers
    .filter(({ isTrusted }) => !isTrusted)
    .map(({ rest, worker, stage }) => `${stage} in process ${worker} at rest ${rest}`);
  return [
    {
      promise: 'near tiers that stood aside at a rest',
      figure: idle.length === 0 ? `0 of ${tiers.length}` : idle.join(', '),
      isKept: idle.length === 0 && tiers.length > 0,
    },
  ];
}

/** Each worker has one connection to each master, and one that listens; and none to anybody else. */
function clientsMeanwhile({ rests, workers, masters }: ChaosResult): Finding {
  const excess = rests.flatMap(({ clients }, rest) =>
    Object.entries(clients).flatMap(([stage, counts]) => {
      const listening = counts.reduce((all, each) => all + each.listening, 0);
      const speaking = counts.reduce((all, { count }) => all + count, 0) - listening;
      const expected = workers.length * (masters[stage] ?? 1);
      return Math.max(listening, speaking) > expected
        ? [`${stage} ${speaking} and ${listening} instead of ${expected} each at rest ${rest}`]
        : [];
    }),
  );
  return {
    promise: 'more connections at a rest than one that asks and one that listens for each worker and master',
    figure: excess.length === 0 ? '0' : excess.join(', '),
    isKept: excess.length === 0,
  };
}

function clientsLeft(clients: RestRecord['clients']): Finding {
  const left = Object.values(clients)
    .flat()
    .reduce((all, { count }) => all + count, 0);
  return {
    promise: 'connections left after every cache was closed',
    figure: String(left),
    isKept: left === 0,
  };
}
