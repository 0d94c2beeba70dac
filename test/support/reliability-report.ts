import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { FaultCase } from './fault-cases.js';
import type { Attempt, FaultObservation } from './fault-observation.js';
import { OPERATIONS } from './operations.js';
import { PLAIN_PATIENCE, type PlainCall } from './plain-client.js';

/** One line of the table: what the users of the cache, and of a plain client, get under one fault. */
export interface ReliabilityRow {
  readonly fault: string;
  readonly first: string;
  readonly median: string;
  readonly worst: string;
  readonly later: string;
  readonly recovery: string;
  readonly plain: string;
  readonly plainRecovery: string;
}

const HEADS: ReliabilityRow = {
  fault: 'when',
  first: 'the first call',
  median: 'median',
  worst: 'worst',
  later: 'calls meanwhile',
  recovery: 'works again after',
  plain: '`new Redis()`',
  plainRecovery: '`new Redis()` works again after',
};

const NOTHING = '–';
const BEGIN = '<!-- Measured by npm run reliability. -->';
const END = '<!-- The end of what is measured. -->';

/** What a line says about the cache, from what was observed. */
export function rowOf(fault: FaultCase, observation: FaultObservation): ReliabilityRow {
  const { first, later, recovered, plain } = observation;
  const times = first.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
  const recovery = Math.max(...recovered.map(({ milliseconds }) => milliseconds));
  return {
    fault: fault.name,
    first: describeVerdicts(first),
    median: duration(times[Math.floor(times.length / 2)] ?? Number.NaN),
    worst: duration(times.at(-1) ?? Number.NaN),
    later: later.length === 0 ? NOTHING : describeVerdicts(later),
    recovery: recovered.length === 0 ? NOTHING : duration(recovery),
    plain: plain === undefined ? NOTHING : describeCalls(plain.calls, plain.increments, fault.plainNote),
    plainRecovery: plain?.recovery === undefined ? NOTHING : describeRecovery(plain.recovery),
  };
}

/** Writes the table into the document, in the place of the one before. */
export function writeReport(file: string, rows: readonly ReliabilityRow[]): void {
  const [before, after] = splitAtMarks(file);
  const rule = Object.values(HEADS).map(() => '---');
  const cells = [Object.values(HEADS), rule, ...rows.map((row) => Object.values(row))];
  const lines = cells.map((line) => `| ${line.join(' | ')} |`);
  writeFileSync(file, `${before}${BEGIN}\n\n${lines.join('\n')}\n\n${END}${after}`);
  execFileSync(process.execPath, ['node_modules/prettier/bin/prettier.cjs', '--write', file]);
}

/** The table of the document. */
export function readReport(file: string): readonly ReliabilityRow[] {
  const [, , table] = splitAtMarks(file);
  const lines = table.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, fault = '', first = '', median = '', worst = '', later = '', recovery = '', plain = ''] = cells;
    return { fault, first, median, worst, later, recovery, plain, plainRecovery: cells[8] ?? '' };
  });
}

/** A duration as the table writes it, in milliseconds; none: `undefined`. */
export function millisecondsOf(cell: string): number | undefined {
  const [, number = '', unit = ''] = /^([\d.]+) (ms|s)$/.exec(cell) ?? [];
  return number === '' ? undefined : Number(number) * (unit === 's' ? 1_000 : 1);
}

function splitAtMarks(file: string): readonly [string, string, string] {
  const text = readFileSync(file, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end === -1) throw new Error(`${file} has no place for the table`);
  return [text.slice(0, begin), text.slice(end + END.length), text.slice(begin, end)];
}

/** Such as `` `REDIS_OUTCOME_UNKNOWN_TIMEOUT` (set, delete), otherwise `REDIS_TIMEOUT` ``: what is the most common comes last. */
function describeVerdicts(attempts: readonly Attempt[]): string {
  const groups = new Map<string, string[]>();
  for (const { operation, verdict } of attempts) {
    if (!OPERATIONS.includes(operation)) continue;
    groups.set(verdict, [...(groups.get(verdict) ?? []), operation.name]);
  }
  const sorted = [...groups].toSorted(([, some], [, others]) => some.length - others.length);
  const verdicts = sorted.map(([verdict, names], index) => {
    const text = verdict === 'works' ? verdict : `\`${verdict}\``;
    if (sorted.length === 1) return text;
    return index === sorted.length - 1 ? `otherwise ${text}` : `${text} (${names.join(', ')})`;
  });
  return verdicts.join(', ');
}

function describeCalls(calls: readonly PlainCall[], increments = 0, note = ''): string {
  const isOne = new Set(calls.map(({ outcome }) => outcome)).size === 1;
  const slowest = calls.toSorted((a, b) => b.milliseconds - a.milliseconds).slice(0, 1);
  const texts = isOne
    ? slowest.map(describeCall)
    : calls.map((call) => `${call.command} ${describeCall(call)}`);
  const twice = increments > 1 ? ['INCR was carried out twice'] : [];
  return [...texts, ...twice, ...(note === '' ? [] : [note])].join(', ');
}

function describeCall({ outcome, milliseconds }: PlainCall): string {
  if (outcome === undefined) return `is still pending after ${duration(PLAIN_PATIENCE)}`;
  return `${outcome} after ${duration(milliseconds)}`;
}

function describeRecovery({ outcome, milliseconds }: PlainCall): string {
  if (outcome === undefined) return `not within ${duration(PLAIN_PATIENCE)}`;
  return outcome === 'answers' ? duration(milliseconds) : outcome;
}

function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.max(1, Math.round(milliseconds))} ms`;
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
