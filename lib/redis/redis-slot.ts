import type { Redis } from 'ioredis';
import { BODY_OFFSET } from '../codec/frame-layout.js';
import { notesLength, writeNotes } from '../codec/frame-notes.js';
import {
  type EntryFrame,
  type Frame,
  type Lease,
  NOBODY,
  parseFrame,
  sealEntry,
  sealLeasable,
  writeIdOf,
} from '../codec/frame.js';
import type { EntryExtras, HeldLease, Put, Slot } from '../core/cache-store.js';
import type { RedisTopology } from './redis-topology.js';
import type { ServerSide } from './server-side.js';
import { secondStep } from './reply-line.js';
import type { KeyRequest } from './script-runner.js';
import { physicalKey } from './script-runner.js';

/** The slot of a key that holds nothing. */
export const ABSENT: Slot = { state: 'absent' };

/** Bytes of a frame before its body. */
export function roomFor(extras: EntryExtras | undefined): number {
  if (extras === undefined) return BODY_OFFSET.entry;
  return notesStart(extras) + notesLength(notesOf(extras));
}

function notesStart(extras: EntryExtras): number {
  return extras.refresh === undefined ? BODY_OFFSET.entry : BODY_OFFSET.leasable;
}

function notesOf({ stamps, refresh }: EntryExtras): { loadTime: number; stamps?: EntryExtras['stamps'] } {
  return { loadTime: refresh?.loadTime ?? 0, stamps };
}

/**
 * Fills the room in front of a body.
 *
 * @param now by the server's clock, in milliseconds since the epoch; only needed for what may be refreshed
 */
function seal({ bytes, ttl = 0, extras }: Put, wholeKey: string, now: number): void {
  if (extras !== undefined) writeNotes(bytes, notesStart(extras), notesOf(extras));
  if (extras?.refresh === undefined) {
    sealEntry(bytes, wholeKey);
    return;
  }
  const freshUntil = Math.ceil(now) + ttl;
  sealLeasable(bytes, wholeKey, { freshUntil, dieAt: freshUntil + extras.refresh.staleFor });
}

/** Milliseconds that Redis keeps an entry; empty: until it is removed. */
export function lifeOf({ ttl, extras }: Put): number | '' {
  return ttl === undefined ? '' : ttl + (extras?.refresh?.staleFor ?? 0);
}

/** Makes the frame of what is to be written; at once, unless its times need the server's clock. */
export function sealPut(topology: RedisTopology, put: Put, request: KeyRequest): Promise<void> | undefined {
  const wholeKey = physicalKey(request);
  if (put.extras?.refresh !== undefined) {
    return askServerTime(topology, request).then((now) => seal(put, wholeKey, now));
  }
  seal(put, wholeKey, 0);
  return undefined;
}

function askServerTime(topology: RedisTopology, request: KeyRequest): Promise<number> {
  const question = { ...request, verb: 'read' } as const;
  return topology.run(question, physicalKey(request), (client, server) => serverTime(client, server));
}

/** What the bytes of a key say, by the server's clock; at once, unless that is to be asked for. */
export function slotOf(
  bytes: Buffer,
  request: KeyRequest,
  client: Redis,
  server: ServerSide,
): Slot | Promise<Slot> {
  return readSlot(bytes, request.key, physicalKey(request), client, server);
}

/** What a plain entry says, as most values are; absent when it is something else, or damaged. */
export function readPlainSlot(bytes: Buffer, key: string, wholeKey: string): Slot | undefined {
  try {
    const frame = parseFrame(bytes, key, wholeKey);
    return frame.kind === 'entry' && frame.times === undefined ? new PlainEntry(frame) : undefined;
  } catch {
    return undefined;
  }
}

/** The same where the whole key is known already. */
export function readSlot(
  bytes: Buffer,
  key: string,
  wholeKey: string,
  client: Redis,
  server: ServerSide,
): Slot | Promise<Slot> {
  const frame = parseFrame(bytes, key, wholeKey);
  if (frame.kind === 'entry' && frame.times === undefined) return new PlainEntry(frame);
  const now = server.clock.now();
  if (now !== undefined) return timedSlotOf(frame, now);
  return askTime(client, server).then((time) => timedSlotOf(frame, time));
}

function timedSlotOf(frame: Frame, now: number): Slot {
  const lease = heldLease(frame.lease, now);
  if (frame.kind === 'lease') {
    return lease === undefined ? ABSENT : { state: 'lease', writeId: frame.writeId, lease };
  }
  return refreshable(frame, frame.times, lease, now);
}

/** Redis' own expiry is the end of it. */
class PlainEntry {
  readonly state = 'entry';
  readonly fresh = true;
  readonly bytes: Buffer;
  readonly start: number;
  readonly stamps: EntryExtras['stamps'];

  constructor(frame: EntryFrame) {
    this.bytes = frame.bytes;
    this.start = frame.bodyStart;
    this.stamps = frame.notes?.stamps;
  }

  get writeId(): string {
    return writeIdOf(this.bytes);
  }
}

function refreshable(
  frame: EntryFrame,
  times: EntryFrame['times'],
  lease: HeldLease | undefined,
  now: number,
): Slot {
  const { freshUntil, dieAt } = times ?? { freshUntil: 0, dieAt: 0 };
  const { writeId, bytes, bodyStart: start, notes } = frame;
  // A lease keeps the key a little longer than the entry in it.
  if (now >= dieAt)
    return lease === undefined || lease.token === '' ? ABSENT : { state: 'lease', writeId, lease };
  const refresh = { freshFor: freshUntil - now, goneIn: dieAt - now, loadTime: notes?.loadTime ?? 0, lease };
  return { state: 'entry', writeId, fresh: now < freshUntil, bytes, start, stamps: notes?.stamps, refresh };
}

function heldLease(lease: Lease | undefined, now: number): HeldLease | undefined {
  if (lease === undefined || lease.leaseDeadline <= now) return undefined;
  return { token: lease.token === NOBODY ? '' : lease.token, endsIn: lease.leaseDeadline - now };
}

async function serverTime(client: Redis, server: ServerSide): Promise<number> {
  return server.clock.now() ?? (await askTime(client, server));
}

async function askTime(client: Redis, { clock }: ServerSide): Promise<number> {
  const askedAt = performance.now();
  const [seconds, microseconds] = await secondStep(client.time());
  clock.compare(Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000), askedAt);
  return clock.now() ?? 0;
}
