import { describe, describePut, type Tolerance } from './check-reads.js';
import type { Change, History, Put, Read } from './history.js';
import type { Program } from './program.js';

const INVALIDATING = new Set<Change['op']>(['delete', 'clear', 'flush', 'through', 'behind']);

/**
 * Properties 5 and 9: what was stored and confirmed is a hit, by whoever reads it, a refresh of it notwithstanding,
 * unless something came between that may have removed it.
 */
export function checkHits(history: History, { loss }: Program, tolerance: Tolerance): string[] {
  const flaws: string[] = [];
  for (const read of history.reads) {
    if (read.kind !== 'get' || read.put !== undefined) continue;
    for (const put of history.puts.values()) {
      if (!mustBeThere(put, read, history, loss > 0, tolerance)) continue;
      flaws.push(`9: ${describe(read)} was a miss, though ${describePut(put)} was there`);
    }
  }
  return flaws;
}

function mustBeThere(
  put: Put,
  read: Read,
  history: History,
  isLossy: boolean,
  tolerance: Tolerance,
): boolean {
  const { stored } = put;
  if (put.key !== read.key || stored === undefined || stored.latest >= read.begun) return false;
  // What has no answer may still be replaced by what it was ordered after.
  if (put.via !== 'load' && put.ended >= read.begun) return false;
  if (put.ttl !== undefined && read.ended > stored.earliest + put.ttl - tolerance.clock) return false;
  // Where answers are lost, a step of what has ended may come at any later time.
  const earliest = isLossy ? -Infinity : put.called;
  if (history.changes.some((change) => mayRemove(change, put, earliest, read))) return false;
  for (const other of history.puts.values()) {
    if (other !== put && mayLeaveNothing(other, put, read, tolerance)) return false;
  }
  return true;
}

function mayRemove(change: Change, put: Put, since: number, read: Read): boolean {
  if (change.begun > read.ended || (!change.hasFailed && change.ended < since)) return false;
  if (change.op === 'evict' || change.op === 'lose') return put.tags.length > 0;
  return INVALIDATING.has(change.op) && change.keys.includes(put.key);
}

/** Another entry may have taken the place, and have ended since; a tagged one may carry the stamps of before an eviction. */
function mayLeaveNothing(other: Put, put: Put, read: Read, { clock }: Tolerance): boolean {
  if (other.key !== put.key || other.begun > read.ended) return false;
  const lastMoment = other.via === 'load' ? (other.stored?.latest ?? Infinity) : other.ended;
  if (lastMoment < put.called) return false;
  if (other.tags.length > 0) return true;
  return other.ttl !== undefined && other.begun + other.ttl <= read.ended + clock;
}
