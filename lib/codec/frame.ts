import type { Buffer } from 'node:buffer';
import { checksum } from './checksum.js';
import { damagedPayload, foreignPayload, unsupportedPayload } from './failures.js';
import {
  BLANK,
  BODY_OFFSET,
  CHECKSUM_OFFSET,
  KIND,
  LEASE_LENGTH,
  MAGIC,
  OFFSET,
  SLOT,
  TIME_LENGTH,
  TOKEN_LENGTH,
  WIRE_VERSION,
} from './frame-layout.js';
import { type FrameNotes, hasNotes, readNotes } from './frame-notes.js';
import { keySeed } from './key-seed.js';
import { readDoubleWord, readWord, writeWord } from './words.js';
import { putNewWriteId, WRITE_ID_LENGTH } from './write-id.js';

/** Times of an entry that may be refreshed while it is there, in milliseconds since the epoch by the server's clock. */
export interface EntryTimes {
  /** Until then it is a hit. */
  readonly freshUntil: number;
  /** Until then it may be served stale. */
  readonly dieAt: number;
}

/** The lease that a key carries. */
export interface Lease {
  /** Sixteen characters of one byte each; {@link NOBODY}'s: a pause, or nothing. */
  readonly token: string;
  /** When it ends, in milliseconds since the epoch by the server's clock; 0: there is none. */
  readonly leaseDeadline: number;
}

/** The token of a slot that nobody holds. */
export const NOBODY = '\0'.repeat(TOKEN_LENGTH);

/** A stored entry. */
export class EntryFrame {
  readonly kind = 'entry';

  /**
   * @param bytes the whole frame
   * @param bodyStart where the codec's part of it begins
   * @param notes of an entry that has some
   * @param times only of an entry that may be refreshed while it is there
   * @param lease only of an entry that may be refreshed while it is there
   */
  constructor(
    readonly bytes: Buffer,
    readonly bodyStart: number,
    readonly notes?: FrameNotes,
    readonly times?: EntryTimes,
    readonly lease?: Lease,
  ) {}

  /** Tells this write from every other: eight characters of one byte each; made only when asked for, as most reads do not. */
  get writeId(): string {
    return writeIdOf(this.bytes);
  }
}

/** A stored bare lease. */
export class LeaseFrame {
  readonly kind = 'lease';

  /**
   * @param bytes the whole frame
   * @param lease its token and its end
   */
  constructor(
    readonly bytes: Buffer,
    readonly lease: Lease,
  ) {}

  /** Tells this write from every other: eight characters of one byte each. */
  get writeId(): string {
    return writeIdOf(this.bytes);
  }
}

/** The write id of a frame: eight characters of one byte each. */
export function writeIdOf(frame: Buffer): string {
  return frame.toString('latin1', OFFSET.writeId, OFFSET.writeId + WRITE_ID_LENGTH);
}

/** What a key holds. */
export type Frame = EntryFrame | LeaseFrame;

/**
 * Makes a plain entry of what the codec made with `BODY_OFFSET.entry` free bytes in front: nothing is copied.
 *
 * @param frame is written to
 * @param wholeKey as it is in the store, prefix included
 * @param writeId 8 bytes that tell this write from every other; drawn when absent
 */
export function sealEntry(frame: Buffer, wholeKey: string, writeId?: Uint8Array): void {
  start(frame, KIND.entry, writeId);
  putChecksum(frame, CHECKSUM_OFFSET.entry, BLANK.entry, wholeKey);
}

/**
 * Makes an entry that may be refreshed while it is there, of what the codec made with `BODY_OFFSET.leasable` free bytes
 * in front. Nobody holds a lease of it.
 *
 * @param frame is written to
 * @param wholeKey as it is in the store, prefix included
 * @param times in milliseconds since the epoch
 * @param writeId 8 bytes that tell this write from every other; drawn when absent
 * @throws RangeError when a time is no whole number of milliseconds since the epoch
 */
export function sealLeasable(frame: Buffer, wholeKey: string, times: EntryTimes, writeId?: Uint8Array): void {
  start(frame, KIND.leasable, writeId);
  frame.fill(0, SLOT.start, SLOT.end);
  writeTime(frame, times.freshUntil, OFFSET.freshUntil);
  writeTime(frame, times.dieAt, OFFSET.dieAt);
  putChecksum(frame, CHECKSUM_OFFSET.leasable, BLANK.leasable, wholeKey);
}

/**
 * Reads what a key holds.
 *
 * @param bytes the whole value of the key
 * @param key for messages
 * @param wholeKey as it is in the store, prefix included
 * @throws CacheSerializationError when the bytes are foreign, damaged, of a newer version, or of another key
 */
export function parseFrame(bytes: Buffer, key: string, wholeKey: string): Frame {
  // Almost every frame is one of these; what is rare stands apart, so that the engine can inline the rest.
  return isPlainEntry(bytes) ? parseEntry(bytes, key, wholeKey) : parseRare(bytes, key, wholeKey);
}

function isPlainEntry(bytes: Buffer): boolean {
  return (
    bytes[0] === MAGIC[0] &&
    bytes[1] === MAGIC[1] &&
    bytes[OFFSET.version] === WIRE_VERSION &&
    bytes[OFFSET.kind] === KIND.entry
  );
}

function parseRare(bytes: Buffer, key: string, wholeKey: string): Frame {
  switch (checkStart(bytes, key)) {
    case KIND.leasable:
      return parseLeasable(bytes, key, wholeKey);
    case KIND.lease:
      return parseLease(bytes, key);
    default:
      throw damagedPayload(key, 'there is no such kind of entry');
  }
}

/** Checks magic and version, and answers the kind. */
function checkStart(bytes: Buffer, key: string): number | undefined {
  if (bytes[0] !== MAGIC[0]) throw foreignPayload(key);
  if (bytes.length === 1) throw cutShort(key);
  if (bytes[1] !== MAGIC[1]) throw foreignPayload(key);
  const version = bytes[OFFSET.version];
  if (version !== undefined && version > WIRE_VERSION) {
    const remedy = 'upgrade this reader, or delete the key';
    throw unsupportedPayload(
      key,
      `it was written by a newer version of this cache (wire version ${version}); ${remedy}`,
    );
  }
  if (bytes.length < OFFSET.token) throw cutShort(key);
  if (version !== WIRE_VERSION) throw damagedPayload(key, 'there is no such version');
  return bytes[OFFSET.kind];
}

function parseEntry(bytes: Buffer, key: string, wholeKey: string): EntryFrame {
  if (bytes.length < BODY_OFFSET.entry) throw cutShort(key);
  checkChecksum(bytes, CHECKSUM_OFFSET.entry, BLANK.entry, key, wholeKey);
  if (!hasNotes(bytes, BODY_OFFSET.entry)) return new EntryFrame(bytes, BODY_OFFSET.entry);
  const [notes, bodyStart] = readNotes(bytes, BODY_OFFSET.entry, key);
  return new EntryFrame(bytes, bodyStart, notes);
}

function parseLeasable(bytes: Buffer, key: string, wholeKey: string): EntryFrame {
  if (bytes.length < BODY_OFFSET.leasable) throw cutShort(key);
  checkChecksum(bytes, CHECKSUM_OFFSET.leasable, BLANK.leasable, key, wholeKey);
  const times = {
    freshUntil: readTime(bytes, OFFSET.freshUntil, key),
    dieAt: readTime(bytes, OFFSET.dieAt, key),
  };
  const lease = readLease(bytes, key);
  if (!hasNotes(bytes, BODY_OFFSET.leasable))
    return new EntryFrame(bytes, BODY_OFFSET.leasable, undefined, times, lease);
  const [notes, bodyStart] = readNotes(bytes, BODY_OFFSET.leasable, key);
  return new EntryFrame(bytes, bodyStart, notes, times, lease);
}

function parseLease(bytes: Buffer, key: string): LeaseFrame {
  if (bytes.length !== LEASE_LENGTH) throw damagedPayload(key, 'the length of the lease is wrong');
  return new LeaseFrame(bytes, readLease(bytes, key));
}

function start(frame: Buffer, kind: number, writeId?: Uint8Array): void {
  frame[OFFSET.magic] = MAGIC[0];
  frame[OFFSET.magic + 1] = MAGIC[1];
  frame[OFFSET.version] = WIRE_VERSION;
  frame[OFFSET.kind] = kind;
  if (writeId === undefined) return putNewWriteId(frame, OFFSET.writeId);
  if (writeId.length !== WRITE_ID_LENGTH) throw new RangeError(`A write id has ${WRITE_ID_LENGTH} bytes`);
  frame.set(writeId, OFFSET.writeId);
}

function putChecksum(frame: Buffer, offset: number, blank: readonly number[], wholeKey: string): void {
  writeWord(frame, offset, checksum(frame, blank, keySeed(wholeKey)));
}

function checkChecksum(
  bytes: Buffer,
  offset: number,
  blank: readonly number[],
  key: string,
  wholeKey: string,
): void {
  if (readWord(bytes, offset) !== checksum(bytes, blank, keySeed(wholeKey))) {
    throw damagedPayload(key, 'the checksum does not match: they are not what was written under this key');
  }
}

function readLease(bytes: Buffer, key: string): Lease {
  const token = bytes.toString('latin1', OFFSET.token, OFFSET.token + TOKEN_LENGTH);
  return { token, leaseDeadline: readTime(bytes, OFFSET.leaseDeadline, key) };
}

const HALF = TIME_LENGTH / 2;
const WORD = 2 ** 32;

function writeTime(frame: Buffer, time: number, offset: number): void {
  if (!Number.isSafeInteger(time) || time < 0) {
    throw new RangeError('A time is a whole number of milliseconds since the epoch');
  }
  writeWord(frame, offset, Math.floor(time / WORD));
  writeWord(frame, offset + HALF, time % WORD);
}

function readTime(bytes: Buffer, offset: number, key: string): number {
  const time = readDoubleWord(bytes, offset);
  if (!Number.isSafeInteger(time)) throw damagedPayload(key, 'a time is out of range');
  return time;
}

function cutShort(key: string): Error {
  return damagedPayload(key, 'they are cut short');
}
