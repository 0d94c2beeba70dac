import { Buffer } from 'node:buffer';
import {
  type EntryFrame,
  type EntryTimes,
  type Lease,
  NOBODY,
  sealEntry,
  sealLeasable,
} from '../../lib/codec/frame.js';
import {
  BODY_OFFSET,
  KIND,
  LEASE_LENGTH,
  MAGIC,
  OFFSET,
  WIRE_VERSION,
} from '../../lib/codec/frame-layout.js';

/** The slot of an entry that nobody holds a lease of. */
export const NO_LEASE: Lease = { token: NOBODY, leaseDeadline: 0 };

/** A plain entry, as it is stored. */
export function encodeEntry(body: Uint8Array, wholeKey: string, writeId?: Uint8Array): Buffer {
  const frame = Buffer.alloc(BODY_OFFSET.entry + body.length);
  frame.set(body, BODY_OFFSET.entry);
  sealEntry(frame, wholeKey, writeId);
  return frame;
}

/** An entry that may be refreshed while it is there, as it is stored. */
export function encodeLeasableEntry(
  body: Uint8Array,
  wholeKey: string,
  writeId: Uint8Array | undefined,
  times: EntryTimes,
  lease: Lease = NO_LEASE,
): Buffer {
  const frame = Buffer.alloc(BODY_OFFSET.leasable + body.length);
  frame.set(body, BODY_OFFSET.leasable);
  sealLeasable(frame, wholeKey, times, writeId);
  writeLease(frame, lease);
  return frame;
}

/** A bare lease, as the server's scripts make it. */
export function encodeLease(writeId: Uint8Array, lease: Lease): Buffer {
  const frame = Buffer.alloc(LEASE_LENGTH);
  frame.set([...MAGIC, WIRE_VERSION, KIND.lease, ...writeId]);
  writeLease(frame, lease);
  return frame;
}

function writeLease(frame: Buffer, { token, leaseDeadline }: Lease): void {
  frame.write(token, OFFSET.token, 'latin1');
  frame.writeBigUInt64BE(BigInt(leaseDeadline), OFFSET.leaseDeadline);
}

/** The codec's part of a frame. */
export function bodyOf({ bytes, bodyStart }: EntryFrame): Buffer {
  return bytes.subarray(bodyStart);
}
