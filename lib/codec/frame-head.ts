import {
  BODY_OFFSET,
  KIND,
  LEASE_LENGTH,
  MAGIC,
  OFFSET,
  TOKEN_LENGTH,
  WIRE_VERSION,
} from './frame-layout.js';
import { readDoubleWord } from './words.js';

/** So many bytes of a stored value tell what it is. */
export const HEAD_LENGTH = BODY_OFFSET.leasable;

/** What a key holds, as far as its first bytes tell: `over` is what reads as nothing any more. */
export type HeadState = 'entry' | 'stale' | 'lease' | 'over' | 'unreadable';

/**
 * Tells what a key holds without reading the whole of it. Whether the rest is damaged is not looked at.
 *
 * @param head the first {@link HEAD_LENGTH} bytes of its value, or all of a shorter one
 * @param now by the server's clock, in milliseconds since the epoch
 */
export function stateOfHead(head: Buffer, now: number): HeadState {
  if (!isOfThisVersion(head)) return 'unreadable';
  switch (head[OFFSET.kind]) {
    case KIND.entry:
      return head.length < BODY_OFFSET.entry ? 'unreadable' : 'entry';
    case KIND.leasable:
      return head.length < BODY_OFFSET.leasable ? 'unreadable' : stateOfLeasable(head, now);
    case KIND.lease:
      if (head.length !== LEASE_LENGTH) return 'unreadable';
      return isLeased(head, now) ? 'lease' : 'over';
    default:
      return 'unreadable';
  }
}

function isOfThisVersion(head: Buffer): boolean {
  const begins = MAGIC.every((byte, index) => head[OFFSET.magic + index] === byte);
  return begins && head[OFFSET.version] === WIRE_VERSION;
}

/** A lease keeps the key a little longer than the entry in it. */
function stateOfLeasable(head: Buffer, now: number): HeadState {
  if (now < readDoubleWord(head, OFFSET.freshUntil)) return 'entry';
  if (now < readDoubleWord(head, OFFSET.dieAt)) return 'stale';
  return isLeased(head, now) && isHeld(head) ? 'lease' : 'over';
}

function isLeased(head: Buffer, now: number): boolean {
  return now < readDoubleWord(head, OFFSET.leaseDeadline);
}

/** What nobody holds is a pause. */
function isHeld(head: Buffer): boolean {
  return head.subarray(OFFSET.token, OFFSET.token + TOKEN_LENGTH).some((byte) => byte !== 0);
}
