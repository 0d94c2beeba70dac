import { describe, expect, it } from '@jest/globals';
import { sealEntry, sealLeasable } from '../../lib/codec/frame.js';
import { HEAD_LENGTH, stateOfHead } from '../../lib/codec/frame-head.js';
import { BODY_OFFSET, KIND, LEASE_LENGTH, OFFSET, WIRE_VERSION } from '../../lib/codec/frame-layout.js';
import { FOR_EVER, GONE } from '../../lib/redis/key-life.js';
import { KeyTally } from '../../lib/redis/key-tally.js';

const NOW = 1_700_000_000_000;

function entry(): Buffer {
  const frame = Buffer.alloc(BODY_OFFSET.entry + 100, 'x');
  sealEntry(frame, 'key');
  return frame;
}

/** Times are told as distances from now. */
function leasable(freshFor: number, dieIn: number): Buffer {
  const frame = Buffer.alloc(BODY_OFFSET.leasable + 100, 'x');
  sealLeasable(frame, 'key', { freshUntil: NOW + freshFor, dieAt: NOW + dieIn });
  return frame;
}

function withLease(frame: Buffer, endsIn: number, token = 'x'): Buffer {
  frame.write(token, OFFSET.token);
  frame.writeBigUInt64BE(BigInt(NOW + endsIn), OFFSET.leaseDeadline);
  return frame;
}

function bareLease(endsIn: number): Buffer {
  const frame = Buffer.alloc(LEASE_LENGTH);
  entry().copy(frame, 0, 0, OFFSET.token);
  frame[OFFSET.kind] = KIND.lease;
  return withLease(frame, endsIn);
}

function changed(frame: Buffer, at: number, byte: number): Buffer {
  frame[at] = byte;
  return frame;
}

describe('The beginning of a stored value', () => {
  it.each([
    ['a plain entry', 'entry', entry()],
    ['an entry within its time to live', 'entry', leasable(1, 2)],
    ['an entry past it', 'stale', leasable(0, 1)],
    ['an entry past it that somebody refreshes', 'stale', withLease(leasable(0, 1), 5)],
    ['what was kept for a lease only', 'lease', withLease(leasable(-2, 0), 5)],
    ['what was kept for a lease that has ended', 'over', withLease(leasable(-2, 0), 0)],
    ['what was kept for a pause', 'over', withLease(leasable(-2, 0), 5, '\0')],
    ['a bare lease', 'lease', bareLease(1)],
    ['a bare lease that has ended', 'over', bareLease(0)],
    ['a bare lease with something behind it', 'unreadable', Buffer.concat([bareLease(1), entry()])],
    ['nothing', 'unreadable', Buffer.alloc(0)],
    ['something else', 'unreadable', Buffer.from('{"value":1}')],
    ['a newer version', 'unreadable', changed(entry(), OFFSET.version, WIRE_VERSION + 1)],
    ['a kind that there is not', 'unreadable', changed(entry(), OFFSET.kind, 0)],
    ['an entry that is cut short', 'unreadable', entry().subarray(0, BODY_OFFSET.entry - 1)],
    ['another one', 'unreadable', leasable(1, 2).subarray(0, BODY_OFFSET.leasable - 1)],
  ])('tells %s', (_what, state, frame) => {
    expect(stateOfHead(frame.subarray(0, HEAD_LENGTH), NOW)).toBe(state);
  });
});

describe('What a survey has counted', () => {
  it('leaves out a key that has gone since it was named', () => {
    const tally = new KeyTally();
    tally.add({ head: Buffer.alloc(0), life: GONE, bytes: 0 }, Date.now());
    expect(tally.keys).toEqual(new KeyTally().keys);
  });

  it('does not say how many bytes there are when one value was not weighed', () => {
    const tally = new KeyTally();
    tally.add({ head: Buffer.from('foreign'), life: FOR_EVER, bytes: 7 }, Date.now());
    expect(tally.keys).toMatchObject({ unreadable: 1, bytes: 7 });
    tally.add({ head: Buffer.from('foreign'), life: FOR_EVER }, Date.now());
    expect(tally.keys).not.toHaveProperty('bytes');
  });
});
