import { newWriteId } from '../codec/write-id.js';
import type {
  HeldLease,
  Inspection,
  LeaseToken,
  Put,
  Slot,
  Stamps,
  TagVersion,
  WriteId,
} from '../core/cache-store.js';

/** What a store in memory keeps under a key; times by its clock, in milliseconds since the epoch. */
export type MemoryRecord = KeyRecord | VersionRecord;

/** What the key of a value holds. */
export type KeyRecord = EntryRecord | LeaseRecord;

/** A value. */
export type EntryRecord = PlainEntry | LeasableEntry;

/** A value that is a hit to its end. */
export interface PlainEntry {
  readonly kind: 'plain';
  /** Another one after an origin was written. */
  writeId: WriteId;
  readonly bytes: Buffer;
  readonly stamps: Stamps | undefined;
  readonly writtenAt: number;
  /** `Infinity` for an entry that stays. */
  readonly endsAt: number;
}

/** A value that may be refreshed in its place, and may outlive its time to live as a safety net. */
export interface LeasableEntry {
  readonly kind: 'leasable';
  /** Another one after an origin was written. */
  writeId: WriteId;
  readonly bytes: Buffer;
  readonly stamps: Stamps | undefined;
  readonly loadTime: number;
  readonly writtenAt: number;
  readonly freshUntil: number;
  readonly dieAt: number;
  /** Later than `dieAt` only for the sake of a lease. */
  endsAt: number;
  /** Who refreshes it, or a pause; its time may have passed. */
  lease: SlotLease | undefined;
}

/** A lease, or a pause, in the slot of an entry. */
export interface SlotLease {
  /** {@link PAUSE} for a pause. */
  readonly token: LeaseToken;
  readonly deadline: number;
}

/** A lease where no value is. */
export interface LeaseRecord {
  readonly kind: 'lease';
  readonly writeId: WriteId;
  readonly token: LeaseToken;
  endsAt: number;
}

/** One life of a tag. */
export interface VersionRecord {
  readonly kind: 'version';
  readonly version: TagVersion;
  endsAt: number;
}

/** In the place of a token: nobody may refresh. */
export const PAUSE: LeaseToken = '';

/** What an absent key holds. */
export const ABSENT: Slot = { state: 'absent' };

/** The entry that a put makes. */
export function entryOf({ bytes, ttl, extras }: Put, now: number): EntryRecord {
  const writeId = newWriteId();
  const stamps = extras?.stamps;
  const refresh = extras?.refresh;
  if (refresh === undefined || ttl === undefined) {
    const endsAt = ttl === undefined ? Infinity : now + ttl;
    return { kind: 'plain', writeId, bytes, stamps, writtenAt: now, endsAt };
  }
  const freshUntil = now + ttl;
  const dieAt = freshUntil + refresh.staleFor;
  const { loadTime } = refresh;
  return {
    kind: 'leasable',
    writeId,
    bytes,
    stamps,
    loadTime,
    writtenAt: now,
    freshUntil,
    dieAt,
    endsAt: dieAt,
    lease: undefined,
  };
}

/** Whether an entry is a hit. */
export function isFresh(record: KeyRecord, now: number): boolean {
  return record.kind === 'plain' || (record.kind === 'leasable' && now < record.freshUntil);
}

/** The lease or pause of a key that has not ended yet. */
export function heldLease(record: KeyRecord, now: number): HeldLease | undefined {
  if (record.kind === 'plain') return undefined;
  if (record.kind === 'lease') return { token: record.token, endsIn: record.endsAt - now };
  const { lease } = record;
  if (lease === undefined || now >= lease.deadline) return undefined;
  return { token: lease.token, endsIn: lease.deadline - now };
}

/** Whether the key's lease is of this holder: also when its time has passed, as long as nobody else has taken it. */
export function isHeldBy(record: KeyRecord, token: LeaseToken): record is LeasableEntry | LeaseRecord {
  if (record.kind === 'plain') return false;
  return (record.kind === 'lease' ? record : record.lease)?.token === token;
}

/** Gives a holder the key until a deadline; an entry lives at least as long. */
export function lend(record: LeasableEntry | LeaseRecord, token: LeaseToken, deadline: number): void {
  if (record.kind === 'lease') {
    record.endsAt = deadline;
    return;
  }
  record.lease = { token, deadline };
  record.endsAt = Math.max(record.dieAt, deadline);
}

/** Takes the lease from an entry, which ends when it would have ended, and lets nobody refresh it until a deadline. */
export function pauseRefreshes(record: LeasableEntry, deadline: number): void {
  record.lease = { token: PAUSE, deadline };
  record.endsAt = record.dieAt;
}

/** How a reader sees what a key holds. */
export function slotOf(record: KeyRecord, now: number): Slot {
  const { writeId } = record;
  if (record.kind === 'plain') {
    const { bytes, stamps } = record;
    return { state: 'entry', writeId, fresh: true, bytes, start: 0, stamps };
  }
  const lease = heldLease(record, now);
  if (record.kind === 'leasable' && now < record.dieAt) {
    const { bytes, stamps, loadTime } = record;
    const refresh = { freshFor: record.freshUntil - now, goneIn: record.dieAt - now, loadTime, lease };
    return { state: 'entry', writeId, fresh: refresh.freshFor > 0, bytes, start: 0, stamps, refresh };
  }
  return lease === undefined ? ABSENT : { state: 'lease', writeId, lease };
}

/** How a close look sees what a key holds. */
export function inspect(record: KeyRecord | undefined, now: number): Inspection {
  if (record === undefined) return { slot: ABSENT };
  const slot = slotOf(record, now);
  const goneIn = record.endsAt === Infinity ? undefined : record.endsAt - now;
  return record.kind === 'lease' ? { slot, goneIn } : { slot, goneIn, age: now - record.writtenAt };
}
