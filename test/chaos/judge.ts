import { findFlaw, sequenceOf } from './chaos-value.js';
import type { Fate, KeyRecord } from './ledger.js';

/** What the ledger said at one moment. */
export interface Look {
  readonly record: KeyRecord;
  /** Of the servers: odd while they may lose what they confirmed. */
  readonly epoch: number;
  readonly at: number;
}

/** An answer about a key, and what was known of the key around it. */
export interface Answer {
  /** Of the key, as its values name it. */
  readonly name: string;
  /** Before the question left, and after the answer came. */
  readonly before: Look;
  readonly after: Look;
  /** Whether these servers may bring back what is older than what they confirmed, while they lose something. */
  readonly mayGoBack: boolean;
  /** For how long what was confirmed may not be known where the question was put, in milliseconds. */
  readonly mayBeLate: number;
  fateOf(sequence: number): Fate;
  /** On the clock of all processes; undefined when it was not. */
  confirmedAt(sequence: number): number | undefined;
}

/** The servers' clock and ours are the same; what it takes them to look at it is not nothing. */
const CLOCK_GRACE = 20;

/** What is wrong with a value that was read; nothing when it may be so. */
export function judgeHit(value: unknown, answer: Answer): string | undefined {
  const { name, before, after } = answer;
  // The key was left meanwhile: what is in the ledger now concerns another one.
  if (before.record.generation !== after.record.generation) return undefined;
  const flaw = findFlaw(value, name);
  if (flaw !== undefined) return flaw;
  const sequence = sequenceOf(value);
  if (sequence > after.record.begun) return `write ${sequence} was never begun`;
  const fate = answer.fateOf(sequence);
  if (fate === 'refused') return `write ${sequence} was said to have changed nothing`;
  if (sequence < before.record.floor) return judgeOld(sequence, fate, answer);
  if (sequence === before.record.floor) return judgeAge(before);
  return undefined;
}

function judgeOld(sequence: number, fate: Fate, answer: Answer): string | undefined {
  const { before, after, mayGoBack } = answer;
  if (fate !== 'done') return undefined;
  if (mayGoBack && !isSteady(before, after)) return undefined;
  if (isLateAtMost(sequence, answer)) return undefined;
  const { floor, floorEffect } = before.record;
  return `write ${sequence} came back after ${floor} (${floorEffect}) was confirmed`;
}

/** Whether everything newer was confirmed so shortly before the question that it need not be known yet. */
function isLateAtMost(sequence: number, answer: Answer): boolean {
  const { before, mayBeLate } = answer;
  if (mayBeLate === 0) return false;
  for (let newer = sequence + 1; newer <= before.record.floor; newer++) {
    const at = answer.confirmedAt(newer);
    if (at !== undefined && before.at - at >= mayBeLate) return false;
  }
  return true;
}

function judgeAge({ record, at }: Look): string | undefined {
  const { floor, floorEffect, floorTtl, floorDoneAt } = record;
  if (floorEffect === 'removed') return `number ${floor} is a removal, and has no value`;
  const late = at - floorDoneAt - floorTtl;
  if (floorTtl === 0 || late <= CLOCK_GRACE) return undefined;
  return `write ${floor} was read ${Math.round(late)} ms after the end of its time to live`;
}

/**
 * What is wrong with a value that was loaded, or read where values are loaded; nothing when it may be so. Such a value is
 * a version of the origin, which is written before it is confirmed to be in the cache, or to be out of it.
 */
export function judgeLoad(value: unknown, answer: Answer): string | undefined {
  const { name, before, after, mayGoBack } = answer;
  const flaw = findFlaw(value, name);
  if (flaw !== undefined) return flaw;
  const version = sequenceOf(value);
  if (version > after.record.origin) return `the origin never had version ${version}`;
  if (version > 0 && answer.fateOf(version) === 'refused') return `version ${version} was not written`;
  const isOutdated =
    version < before.record.floor &&
    !(mayGoBack && !isSteady(before, after)) &&
    !isLateAtMost(version, answer);
  return isOutdated ? `version ${version} came back after ${before.record.floor} was confirmed` : undefined;
}

/** What is wrong with a miss; nothing when the key may have been empty. */
export function judgeMiss({ before, after }: Answer): string | undefined {
  if (after.record.begun !== before.record.floor || !mustHold(before, after)) return undefined;
  return `write ${before.record.floor} was confirmed, and is gone`;
}

/**
 * What is wrong with the answer to a removal, which is itself the last write that was begun.
 *
 * @param existed what it answered
 * @param mayHoldEvicted whether an entry may be there that is none for a reader, as its tag was evicted
 */
export function judgeRemoval(existed: boolean, answer: Answer, mayHoldEvicted = false): string | undefined {
  const { before, after } = answer;
  if (after.record.begun !== before.record.begun + 1) return undefined;
  if (existed && !mayHoldEvicted && mustBeEmpty(answer))
    return 'it removed an entry that cannot have been there';
  if (existed || before.record.begun !== before.record.floor || !mustHold(before, after)) return undefined;
  return `write ${before.record.floor} was confirmed, and was not there to be removed`;
}

/** Whether the last confirmed write stored something that must still be there, if nothing was begun since. */
function mustHold(before: Look, after: Look): boolean {
  const { generation, floorEffect, floorTtl, floorBegunAt, unsettled } = before.record;
  return (
    generation === after.record.generation &&
    floorEffect === 'stored' &&
    unsettled === 0 &&
    after.record.unsettled === 0 &&
    after.record.doubtfulEnds === 0 &&
    isSteady(before, after) &&
    (floorTtl === 0 || after.at < floorBegunAt + floorTtl - CLOCK_GRACE)
  );
}

function mustBeEmpty({ before, after, mayGoBack }: Answer): boolean {
  const { begun, floor, floorEffect, unsettled } = before.record;
  return (
    floorEffect === 'removed' &&
    begun === floor &&
    unsettled === 0 &&
    after.record.doubtfulStores === 0 &&
    (!mayGoBack || isSteady(before, after))
  );
}

/** Whether the servers have kept everything from the confirmation of the last write until now. */
function isSteady(before: Look, after: Look): boolean {
  return before.epoch % 2 === 0 && before.record.floorEpoch === before.epoch && after.epoch === before.epoch;
}
