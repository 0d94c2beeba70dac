import { Buffer } from 'node:buffer';
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
  TIME_LENGTH,
  TOKEN_LENGTH,
  WIRE_VERSION,
} from './frame-layout.js';
import { keySeed } from './key-seed.js';
import { readWord, writeWord } from './words.js';
import { putNewWriteId, WRITE_ID_LENGTH } from './write-id.js';

/** Times of an entry that may be served stale, in milliseconds since the epoch by the server's clock. */
export interface EntryTimes {
  /** Until then it is a hit. */
  readonly freshUntil: number;
  /** Until then it may be served stale. */
  readonly dieAt: number;
}

/** The lease that a key carries. */
export interface Lease {
  /** 16 bytes; all zero: nobody's. */
  readonly token: Uint8Array;
  /** When it ends, in milliseconds since the epoch by the server's clock; 0: there is none. */
  readonly leaseDeadline: number;
}

/** A stored entry. */
export class EntryFrame {
  readonly kind = 'entry';

  /**
   * @param bytes the whole frame
   * @param bodyStart where the codec's part of it begins
   * @param times only of an entry that may be served stale
   * @param lease only of an entry that may be served stale
   */
  constructor(
    readonly bytes: Buffer,
    readonly bodyStart: number,
    readonly times?: EntryTimes,
    readonly lease?: Lease,
  ) {}

  /** A view on the codec's part. */
  get body(): Buffer {
    return this.bytes.subarray(this.bodyStart);
  }

  /** 8 bytes that tell this write from every other; copied only when somebody asks, as most reads do not. */
  get writeId(): Buffer {
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

  /** 8 bytes that tell this write from every other. */
  get writeId(): Buffer {
    return writeIdOf(this.bytes);
  }
}

function writeIdOf(frame: Buffer): Buffer {
  return Buffer.from(frame.subarray(OFFSET.writeId, OFFSET.writeId + WRITE_ID_LENGTH));
}

/** What a key holds. */
export type Frame = EntryFrame | LeaseFrame;

/** The slot of an entry that nobody holds a lease of. */
export const NO_LEASE: Lease = { token: new Uint8Array(TOKEN_LENGTH), leaseDeadline: 0 };

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
 * Frames a plain entry.
 *
 * @param body from the codec; it is copied
 * @param wholeKey as it is in the store, prefix included
 * @param writeId 8 bytes that tell this write from every other
 */
export function encodeEntry(body: Uint8Array, wholeKey: string, writeId: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(BODY_OFFSET.entry + body.length);
  frame.set(body, BODY_OFFSET.entry);
  sealEntry(frame, wholeKey, writeId);
  return frame;
}

/**
 * Frames an entry that may be served stale and may carry a lease.
 *
 * @param body from the codec; it is copied
 * @param wholeKey as it is in the store, prefix included
 * @param writeId 8 bytes that tell this write from every other
 * @param times in milliseconds since the epoch
 * @param lease that it carries from the start; none when absent
 * @throws RangeError when a time is no whole number of milliseconds since the epoch
 */
export function encodeLeasableEntry(
  body: Uint8Array,
  wholeKey: string,
  writeId: Uint8Array,
  times: EntryTimes,
  lease: Lease = NO_LEASE,
): Buffer {
  const frame = Buffer.allocUnsafe(BODY_OFFSET.leasable + body.length);
  start(frame, KIND.leasable, writeId);
  writeLease(frame, lease);
  writeTime(frame, times.freshUntil, OFFSET.freshUntil);
  writeTime(frame, times.dieAt, OFFSET.dieAt);
  frame.set(body, BODY_OFFSET.leasable);
  putChecksum(frame, CHECKSUM_OFFSET.leasable, BLANK.leasable, wholeKey);
  return frame;
}

/**
 * Frames a bare lease.
 *
 * @param writeId 8 bytes that tell this write from every other
 * @param lease its token of 16 bytes and its end
 * @throws RangeError when the end is no whole number of milliseconds since the epoch
 */
export function encodeLease(writeId: Uint8Array, lease: Lease): Buffer {
  const frame = Buffer.allocUnsafe(LEASE_LENGTH);
  start(frame, KIND.lease, writeId);
  writeLease(frame, lease);
  return frame;
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
  return new EntryFrame(bytes, BODY_OFFSET.entry);
}

function parseLeasable(bytes: Buffer, key: string, wholeKey: string): EntryFrame {
  if (bytes.length < BODY_OFFSET.leasable) throw cutShort(key);
  checkChecksum(bytes, CHECKSUM_OFFSET.leasable, BLANK.leasable, key, wholeKey);
  const times = {
    freshUntil: readTime(bytes, OFFSET.freshUntil, key),
    dieAt: readTime(bytes, OFFSET.dieAt, key),
  };
  return new EntryFrame(bytes, BODY_OFFSET.leasable, times, readLease(bytes, key));
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

function writeLease(frame: Buffer, lease: Lease): void {
  if (lease.token.length !== TOKEN_LENGTH) throw new RangeError(`A lease token has ${TOKEN_LENGTH} bytes`);
  frame.set(lease.token, OFFSET.token);
  writeTime(frame, lease.leaseDeadline, OFFSET.leaseDeadline);
}

function readLease(bytes: Buffer, key: string): Lease {
  const token = Buffer.from(bytes.subarray(OFFSET.token, OFFSET.token + TOKEN_LENGTH));
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
  const time = readWord(bytes, offset) * WORD + readWord(bytes, offset + HALF);
  if (!Number.isSafeInteger(time)) throw damagedPayload(key, 'a time is out of range');
  return time;
}

function cutShort(key: string): Error {
  return damagedPayload(key, 'they are cut short');
}
