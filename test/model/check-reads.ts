import type { Change, History, Put, Read } from './history.js';

/** What times measured by different clocks may differ, in milliseconds. */
export interface Tolerance {
  /** Between a moment of the server and one of the schedule. */
  readonly clock: number;
  /** How long an answer may take beside its round trips. */
  readonly turn: number;
  /** How long a process may not know of what another one has changed: 0 where nothing is kept near. */
  readonly news: number;
}

const REPLACING = new Set<Change['op']>(['set', 'delete', 'clear', 'flush', 'through', 'behind']);

const IN_ORDER = new Set<Change['op']>(['set', 'delete', 'behind']);

/** Properties 1, 6, 10 and 14: what a read may answer. An outcome that nobody knows has no end, and so forbids nothing. */
export function checkReads(history: History, tolerance: Tolerance): string[] {
  return [...history.reads.flatMap((read) => checkAge(read, history, tolerance)), ...checkOrder(history)];
}

function checkAge(read: Read, history: History, tolerance: Tolerance): string[] {
  const put = history.puts.get(read.put ?? 0);
  if (put === undefined) return [];
  const newer = history.changes.find((change) => forbids(change, put, read, tolerance));
  if (newer !== undefined) {
    const what = `${newer.op} (${span(newer)}, process ${newer.process})`;
    return [`1: ${describe(read)} answered ${describePut(put)}, though ${what} had ended before`];
  }
  const end = endOf(put, read, tolerance);
  if (read.begun <= end) return [];
  return [`6: ${describe(read)} answered ${describePut(put)} ${read.begun - end} ms after its end`];
}

/** Whether a change that had ended before the read began, long enough for its process to know, was made after the entry. */
function forbids(change: Change, put: Put, read: Read, { news }: Tolerance): boolean {
  const allowance = change.process === read.process ? 0 : news;
  const hasEnded = change.answered + allowance < read.begun || isCalledBefore(change, read);
  return (
    hasEnded &&
    !change.hasFailed &&
    concerns(change, put) &&
    (isBefore(put, change.begun) || isOrdered(put, change))
  );
}

/** What a process reads comes after what it has begun to write, also when nobody waits for that. */
function isCalledBefore({ op, process, begun, answered }: Change, read: Read): boolean {
  const isAwaitedByReads = op === 'set' || op === 'delete';
  return isAwaitedByReads && process === read.process && begun < read.begun && answered < Infinity;
}

function concerns(change: Change, put: Put): boolean {
  if (change.op === 'evict') return change.tags.some((tag) => put.tags.includes(tag));
  return REPLACING.has(change.op) && change.keys.includes(put.key);
}

/** Calls of one process that write one key take effect in the order in which they were made, also when nobody awaits them. */
function isOrdered(put: Put, change: Change): boolean {
  if (put.process !== change.process || put.order > change.order || put.ended === Infinity) return false;
  return (put.via === 'set' || put.via === 'behind') && IN_ORDER.has(change.op);
}

/** Whether a put was made before a moment, for sure: a load is as old as its factory's beginning. */
function isBefore(put: Put, moment: number): boolean {
  return (put.via === 'load' ? put.begun : put.ended) < moment;
}

/** Until when a read may have begun that answers the put. */
function endOf(put: Put, { loading }: Read, { clock }: Tolerance): number {
  if (put.ttl === undefined || put.stored === undefined) return Infinity;
  const isStaleAllowed = loading !== undefined && loading.staleFor > 0;
  return put.stored.latest + put.ttl + (isStaleAllowed ? put.staleFor : 0) + clock;
}

/** Property 10. */
function checkOrder({ reads, puts }: History): string[] {
  const flaws: string[] = [];
  for (const later of reads) {
    const last = puts.get(later.put ?? 0);
    if (last === undefined) continue;
    for (const earlier of reads) {
      const isPair =
        earlier.process === later.process && earlier.key === later.key && earlier.ended < later.begun;
      const first = isPair ? puts.get(earlier.put ?? 0) : undefined;
      if (first === undefined || first === last || first.stored === undefined) continue;
      if (!isBefore(last, first.begun)) continue;
      flaws.push(
        `10: ${describe(later)} answered ${describePut(last)} after ${describePut(first)} had been read`,
      );
    }
  }
  return flaws;
}

export function describe({ kind, key, process, begun, ended }: Read): string {
  return `${kind} of ${key} (${span({ begun, ended })}, process ${process})`;
}

export function describePut({ id, via, begun, ended, stored, ttl, tags }: Put): string {
  const when = stored === undefined ? 'not stored' : `stored at ${round(stored.latest)}`;
  return `#${id} (${via}, ${span({ begun, ended })}, ${when}, ttl ${ttl}, tags [${tags.join()}])`;
}

export function span({ begun, ended }: { readonly begun: number; readonly ended: number }): string {
  return `${round(begun)}–${round(ended)}`;
}

export function round(time: number): number {
  return Math.round(time * 10) / 10;
}
