import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { checksum } from '../../lib/codec/checksum.js';
import { createCodec } from '../../lib/codec/codec.js';
import { EntryFrame, type Frame, LeaseFrame, parseFrame, sealEntry } from '../../lib/codec/frame.js';
import { BODY_OFFSET, CHECKSUM_OFFSET, LEASE_LENGTH, OFFSET, SLOT } from '../../lib/codec/frame-layout.js';
import { newWriteId } from '../../lib/codec/write-id.js';
import { CacheSerializationError } from '../../lib/contract/errors.js';
import { bodyOf, encodeEntry, encodeLeasableEntry, encodeLease, NO_LEASE } from '../support/stored-frames.js';
import { difference } from '../support/exactness.js';
import { SERIALIZATION_VALUES } from '../support/serialization-values.js';

const KEY = 'profile:42';
const WRITE_ID = Buffer.from('0102030405060708', 'hex');
const TOKEN = Buffer.from('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf', 'hex');
const TIMES = { freshUntil: 1_700_000_000_000, dieAt: 1_700_000_060_000 };
const LEASE = { token: TOKEN.toString('latin1'), leaseDeadline: 1_700_000_030_000 };
const codec = createCodec();

function codeOf(task: () => unknown): string {
  try {
    task();
  } catch (thrown) {
    if (thrown instanceof CacheSerializationError) return thrown.code;
    throw thrown;
  }
  return 'nothing was thrown';
}

function entryOf(frame: Frame): EntryFrame {
  if (frame instanceof EntryFrame) return frame;
  throw new Error('no entry');
}

const body = codec.encode({ a: [1, 'two', { d: new Date(3) }], b: Buffer.from('bytes') }, KEY);
const plain = encodeEntry(body, KEY, WRITE_ID);
const leasable = encodeLeasableEntry(body, KEY, WRITE_ID, TIMES, LEASE);
const lease = encodeLease(WRITE_ID, LEASE);

describe('frames', () => {
  it('hold an entry', () => {
    const frame = entryOf(parseFrame(plain, KEY, KEY));
    expect(frame.kind).toBe('entry');
    expect(frame.writeId).toBe(WRITE_ID.toString('latin1'));
    expect(bodyOf(frame)).toEqual(body);
    expect(frame.times).toBeUndefined();
    expect(frame.lease).toBeUndefined();
    expect(plain.length).toBe(BODY_OFFSET.entry + body.length);
  });

  it('hold an entry with times and a lease', () => {
    const frame = entryOf(parseFrame(leasable, KEY, KEY));
    expect(frame.writeId).toBe(WRITE_ID.toString('latin1'));
    expect(bodyOf(frame)).toEqual(body);
    expect(frame.times).toEqual(TIMES);
    expect(frame.lease).toEqual(LEASE);
    const free = entryOf(parseFrame(encodeLeasableEntry(body, KEY, WRITE_ID, TIMES), KEY, KEY));
    expect(free.lease).toEqual(NO_LEASE);
  });

  it('hold a bare lease', () => {
    const frame = parseFrame(lease, KEY, KEY);
    expect(frame).toBeInstanceOf(LeaseFrame);
    expect(frame.kind).toBe('lease');
    expect(frame.lease).toEqual(LEASE);
    expect(frame.writeId).toBe(WRITE_ID.toString('latin1'));
    expect(lease.length).toBe(LEASE_LENGTH);
  });

  it('let the slot be changed in place', () => {
    const changed = Buffer.from(leasable);
    changed.fill(0, SLOT.start, SLOT.end);
    expect(entryOf(parseFrame(changed, KEY, KEY)).lease?.leaseDeadline).toBe(0);
    expect(bodyOf(entryOf(parseFrame(changed, KEY, KEY)))).toEqual(body);
  });

  it('hold times to the last safe millisecond, and refuse others', () => {
    const last = { freshUntil: 0, dieAt: Number.MAX_SAFE_INTEGER };
    expect(entryOf(parseFrame(encodeLeasableEntry(body, KEY, WRITE_ID, last), KEY, KEY)).times).toEqual(last);
    for (const dieAt of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => encodeLeasableEntry(body, KEY, WRITE_ID, { freshUntil: 0, dieAt })).toThrow(RangeError);
    }
    expect(() => encodeEntry(body, KEY, Buffer.alloc(7))).toThrow(RangeError);
  });

  it('are made in place of what the codec made with room in front', () => {
    const frame = codec.encode({ a: 1 }, KEY, BODY_OFFSET.entry);
    sealEntry(frame, KEY, WRITE_ID);
    expect(frame).toEqual(encodeEntry(codec.encode({ a: 1 }, KEY), KEY, WRITE_ID));
    sealEntry(frame, KEY);
    const read = entryOf(parseFrame(frame, KEY, KEY));
    expect(read.writeId).not.toBe(WRITE_ID.toString('latin1'));
    expect(codec.decode(read.bytes, KEY, read.bodyStart)).toEqual({ a: 1 });
  });

  it('get write ids that differ', () => {
    const ids = new Set(Array.from({ length: 2000 }, () => newWriteId()));
    expect(ids.size).toBe(2000);
    expect(newWriteId()).toHaveLength(8);
  });

  it('hold bodies of every size', () => {
    for (const size of [0, 1, 63, 64, 65, 4079, 4080, 4081, 100_000]) {
      const large = Buffer.alloc(size, 7);
      expect(bodyOf(entryOf(parseFrame(encodeEntry(large, KEY, WRITE_ID), KEY, KEY)))).toEqual(large);
    }
  });
});

function word(value: bigint): bigint {
  return BigInt.asUintN(32, value);
}

function rotate(value: bigint, by: bigint): bigint {
  return word((value << by) | (word(value) >> (32n - by)));
}

/** The specification, step by step, in numbers of any size. */
function xxHash32(bytes: Buffer, seed: number): number {
  const [p1, p2, p3, p4, p5] = [2654435761n, 2246822519n, 3266489917n, 668265263n, 374761393n];
  const start = BigInt(seed);
  const lanes = [start + p1 + p2, start + p2, start, start - p1].map(word);
  let at = 0;
  for (; bytes.length - at >= 16; at += 16) {
    for (const [index, lane] of lanes.entries()) {
      const input = BigInt(bytes.readUInt32LE(at + index * 4));
      lanes[index] = word(rotate(word(lane + input * p2), 13n) * p1);
    }
  }
  const joined = lanes.reduce((sum, lane, index) => sum + rotate(lane, [1n, 7n, 12n, 18n][index] ?? 0n), 0n);
  let hash = word((at === 0 ? start + p5 : joined) + BigInt(bytes.length));
  for (; bytes.length - at >= 4; at += 4) {
    hash = word(rotate(word(hash + BigInt(bytes.readUInt32LE(at)) * p3), 17n) * p4);
  }
  for (; at < bytes.length; at += 1) hash = word(rotate(word(hash + BigInt(bytes[at] ?? 0) * p5), 11n) * p1);
  hash = word((hash ^ (hash >> 15n)) * p2);
  hash = word((hash ^ (hash >> 13n)) * p3);
  return Number(hash ^ (hash >> 16n));
}

describe('the checksum', () => {
  const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * 31) & 0xff));

  it('is xxHash32, seeded with the length, of the bytes and zeros up to a multiple of 16', () => {
    for (const length of [16, 17, 31, 32, 4095, 4096, 4097, 20_000]) {
      const padded = Buffer.alloc(Math.ceil(length / 16) * 16);
      bytes.copy(padded, 0, 0, length);
      expect(checksum(bytes.subarray(0, length), [], 0)).toBe(xxHash32(padded, length));
    }
    // Vectors of the specification's own test program, which vouch for the function below.
    expect(xxHash32(Buffer.alloc(0), 0)).toBe(0x02cc5d05);
    expect(xxHash32(Buffer.from('abc'), 0)).toBe(0x32d153ff);
    expect(xxHash32(Buffer.from('Nobody inspects the spammish repetition'), 0)).toBe(0xe2293b2f);
  });

  it('is the same at every alignment', () => {
    for (const shift of [1, 2, 3]) {
      const moved = Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift);
      expect(checksum(moved, [], 0)).toBe(checksum(bytes, [], 0));
    }
  });

  it('takes blank words as zero, and changes with every other byte', () => {
    const whole = checksum(bytes, [3], 0);
    for (let at = 0; at < bytes.length; at += at < 100 ? 1 : 97) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x80;
      expect(checksum(changed, [3], 0) === whole).toBe(at >= 12 && at < 16);
    }
  });
});

describe('A35 frames that cannot be read', () => {
  it('A35 foreign bytes are foreign', () => {
    const foreign = ['', 'hello', '{"a":1}', '\u001f\u008b\u0008', '\u0080\u0004\u0095', 'OK', '42'];
    for (const text of foreign)
      expect(codeOf(() => parseFrame(Buffer.from(text, 'latin1'), KEY, KEY))).toBe('CACHE_PAYLOAD_FOREIGN');
    expect(codeOf(() => parseFrame(Buffer.from([0xc5, 0x54, 1]), KEY, KEY))).toBe('CACHE_PAYLOAD_FOREIGN');
  });

  it.each([
    ['entry', plain],
    ['leasable entry', leasable],
    ['lease', lease],
  ])('A35 a truncated %s is damaged at every length', (_name, frame) => {
    for (let length = 1; length < frame.length; length += 1) {
      expect(codeOf(() => parseFrame(frame.subarray(0, length), KEY, KEY))).toBe('CACHE_PAYLOAD_DAMAGED');
    }
  });

  it('A35 a longer lease is damaged', () => {
    expect(codeOf(() => parseFrame(Buffer.concat([lease, Buffer.alloc(1)]), KEY, KEY))).toBe(
      'CACHE_PAYLOAD_DAMAGED',
    );
  });

  it.each([
    ['entry', plain, []],
    ['leasable entry', leasable, [[SLOT.start, SLOT.end]]],
  ])(
    'A35 every flipped bit of an %s is an error, and none of what changes in place changes the value',
    (_name, whole, slots) => {
      const inPlace = [[OFFSET.writeId, OFFSET.writeId + 8], ...slots];
      for (let bit = 0; bit < whole.length * 8; bit += 1) {
        const frame = flipped(whole, bit);
        const isInPlace = inPlace.some(([start = 0, end = 0]) => bit >= start * 8 && bit < end * 8);
        if (!isInPlace) expect(codeOf(() => parseFrame(frame, KEY, KEY))).toBe(expectedAfterFlip(bit));
        else if (codeOf(() => parseFrame(frame, KEY, KEY)) !== 'CACHE_PAYLOAD_DAMAGED') {
          expect(bodyOf(entryOf(parseFrame(frame, KEY, KEY)))).toEqual(body);
        }
      }
    },
  );

  it('A35 every single flipped bit of a lease is an error or another lease, never an entry', () => {
    for (let bit = 0; bit < lease.length * 8; bit += 1) {
      const frame = flipped(lease, bit);
      if (codeOf(() => parseFrame(frame, KEY, KEY)) === 'nothing was thrown')
        expect(parseFrame(frame, KEY, KEY).kind).toBe('lease');
    }
  });

  it('A35 a newer version is unsupported, whatever follows', () => {
    for (const version of [2, 3, 255]) {
      const newer = Buffer.from(plain);
      newer[OFFSET.version] = version;
      expect(codeOf(() => parseFrame(newer, KEY, KEY))).toBe('CACHE_PAYLOAD_UNSUPPORTED');
      expect(codeOf(() => parseFrame(newer.subarray(0, 3), KEY, KEY))).toBe('CACHE_PAYLOAD_UNSUPPORTED');
    }
  });

  it('A22 an entry is not taken for the entry of another key', () => {
    for (const frame of [plain, leasable]) {
      for (const other of ['profile:43', 'profile:4', 'other:profile:42', '42:profile', '']) {
        expect(codeOf(() => parseFrame(frame, KEY, other))).toBe('CACHE_PAYLOAD_DAMAGED');
      }
    }
  });

  it('A35 times that no clock shows are damaged', () => {
    const strange = Buffer.from(leasable);
    strange.fill(0xff, OFFSET.leaseDeadline, OFFSET.freshUntil);
    expect(codeOf(() => parseFrame(strange, KEY, KEY))).toBe('CACHE_PAYLOAD_DAMAGED');
  });

  it('A35 20,000 random mutations never give another value', () => {
    const values = [
      { a: [1, 2, 3], b: 'text' },
      'some text',
      Buffer.from('bytes'),
      { when: new Date(5), set: new Set([1n]) },
      [null, true, 0.5],
      Array.from({ length: 300 }, (_, index) => index * 1001),
      tableValue(),
    ];
    const frames = values.flatMap((value) => {
      const encoded = codec.encode(value, KEY);
      return [
        { value, frame: encodeEntry(encoded, KEY, WRITE_ID) },
        { value, frame: encodeLeasableEntry(encoded, KEY, WRITE_ID, TIMES, LEASE) },
      ];
    });
    const random = randomFrom(42);
    let read = 0;
    for (let run = 0; run < 20_000; run += 1) {
      const { value, frame } = frames[run % frames.length] ?? { value: undefined, frame: plain };
      const mutated = mutate(frame, random);
      let found: unknown;
      const code = codeOf(() => (found = codec.decode(bodyOf(entryOf(parseFrame(mutated, KEY, KEY))), KEY)));
      if (code !== 'nothing was thrown') continue;
      read += 1;
      expect(difference(value, found)).toBeUndefined();
    }
    expect(read).toBeLessThan(10_000);
  });
});

function expectedAfterFlip(bit: number): string {
  const byte = Math.floor(bit / 8);
  if (byte < 2) return 'CACHE_PAYLOAD_FOREIGN';
  return byte === OFFSET.version && bit % 8 !== 0 ? 'CACHE_PAYLOAD_UNSUPPORTED' : 'CACHE_PAYLOAD_DAMAGED';
}

function flipped(frame: Buffer, bit: number): Buffer {
  const copy = Buffer.from(frame);
  const at = Math.floor(bit / 8);
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit % 8));
  return copy;
}

function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Bytes changed, removed, inserted, swapped or repeated, as disks, proxies and programs do. */
function mutate(frame: Buffer, random: (below: number) => number): Buffer {
  const at = random(frame.length);
  const to = at + random(frame.length - at);
  const copy = Buffer.from(frame);
  switch (random(5)) {
    case 0:
      copy[at] = random(256);
      return copy;
    case 1:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(to)]);
    case 2:
      return Buffer.concat([copy.subarray(0, at), Buffer.from([random(256)]), copy.subarray(at)]);
    case 3:
      return copy.fill(random(256), at, to);
    default:
      return Buffer.concat([copy.subarray(0, to), copy.subarray(at)]);
  }
}

describe('properties', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withObjectString: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
    maxDepth: 4,
  });

  it('A34 anything comes back exactly or is refused', () => {
    fc.assert(
      fc.property(anything, (value) => {
        let found: unknown;
        const code = codeOf(() => (found = codec.decode(codec.encode(value, KEY), KEY)));
        if (code === 'nothing was thrown') expect(difference(value, found)).toBeUndefined();
        else expect(code).toBe('CACHE_VALUE_REFUSED');
      }),
      { numRuns: 3000 },
    );
  });

  it('A34 JSON values are stored as the JSON that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__') && typeof value !== 'string');
        fc.pre(!JSON.stringify(value).includes('"@'));
        const encoded = codec.encode(value, KEY);
        fc.pre(encoded[0] === 0x6a); // -0 is no JSON
        expect(encoded.subarray(6).toString()).toBe(JSON.stringify(value));
        expect(difference(value, codec.decode(encoded, KEY))).toBeUndefined();
      }),
      { numRuns: 3000 },
    );
  });

  it('A34 every number comes back, written as JSON.stringify writes it', () => {
    const numbers = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.integer().map((value) => value / 100),
      fc.maxSafeInteger().map((value) => value / 1_000_000),
      fc.integer({ min: -2000, max: 2000 }).map((value) => value / 10_000_000),
      fc.double({ min: -1e10, max: 1e10, noNaN: true }).map((value) => Math.round(value * 1e6) / 1e6),
    );
    fc.assert(
      fc.property(fc.array(numbers), (values) => {
        const encoded = codec.encode(values, KEY);
        expect(difference(values, codec.decode(encoded, KEY))).toBeUndefined();
        if (encoded[0] === 0x6a) expect(encoded.subarray(6).toString()).toBe(JSON.stringify(values));
      }),
      { numRuns: 5000 },
    );
  });
});

interface Golden {
  readonly frames: Record<string, string>;
}

function isGolden(value: unknown): value is Golden {
  return typeof value === 'object' && value !== null && 'frames' in value;
}

function stableValues(): [string, unknown][] {
  // Stacks name places on this machine, so errors are pinned below without one.
  return SERIALIZATION_VALUES.filter(
    ({ refusedAt, name }) => refusedAt === undefined && !/[Ee]rror|levels|5,000/.test(name),
  ).map(({ name, make }) => [`value: ${name}`, make()]);
}

/** An array long enough to become a table, with every kind of column. */
function tableValue(): unknown {
  return Array.from({ length: 24 }, (_, id) => ({
    id,
    name: `Ada ${id}`,
    score: id / 4,
    since: new Date(id),
    place: { city: 'Łódź', lat: id === 3 ? Number.NaN : -id },
    tags: id === 5 ? undefined : ['a'],
  }));
}

function stacklessError(): Error {
  const error = new RangeError('too far', { cause: 'none' });
  Reflect.deleteProperty(error, 'stack');
  return Object.assign(error, { code: 'E_RANGE' });
}

describe('golden payloads of wire version 1', () => {
  const parsed: unknown = JSON.parse(
    readFileSync(new URL('../golden/wire-version-1.json', import.meta.url), 'utf8'),
  );
  if (!isGolden(parsed)) throw new Error('no golden payloads');
  const golden = parsed.frames;

  const values: Record<string, unknown> = {
    'object as JSON': { id: 7, name: 'Ada', tags: ['a', null, true], score: 1.5 },
    'non-ASCII JSON': ['é', '東京', '🎉', '\ud800'],
    'ASCII text': 'plain text',
    'UTF-8 text': 'Zoë',
    'UTF-16 text': 'a\ud800',
    bytes: Buffer.from([0, 1, 254, 255]),
    undefined,
    null: null,
    table: tableValue(),
    ...Object.fromEntries(stableValues()),
  };

  const frames: Record<string, Buffer> = {
    ...Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        encodeEntry(codec.encode(value, KEY), KEY, WRITE_ID),
      ]),
    ),
    error: encodeEntry(codec.encode(stacklessError(), KEY), KEY, WRITE_ID),
    'kind E with a lease': encodeLeasableEntry(codec.encode({ a: 1 }, KEY), KEY, WRITE_ID, TIMES, LEASE),
    'kind E without a lease': encodeLeasableEntry(codec.encode({ a: 1 }, KEY), KEY, WRITE_ID, TIMES),
    'kind L': lease,
  };

  it('are written byte for byte', () => {
    const written = Object.fromEntries(
      Object.entries(frames).map(([name, frame]) => [name, frame.toString('hex')]),
    );
    for (const [name, hex] of Object.entries(golden)) expect([name, written[name]]).toEqual([name, hex]);
  });

  it.each(Object.keys(values).filter((name) => name in golden))('are read: %s', (name) => {
    const frame = Buffer.from(golden[name] ?? '', 'hex');
    expect(
      difference(values[name], codec.decode(bodyOf(entryOf(parseFrame(frame, KEY, KEY))), KEY)),
    ).toBeUndefined();
  });

  it('are read: an error and the kinds with a lease', () => {
    const read = (name: string): Frame => parseFrame(Buffer.from(golden[name] ?? '', 'hex'), KEY, KEY);
    expect(difference(stacklessError(), codec.decode(bodyOf(entryOf(read('error'))), KEY))).toBeUndefined();
    expect(entryOf(read('kind E with a lease')).times).toEqual(TIMES);
    expect(entryOf(read('kind E with a lease')).lease).toEqual(LEASE);
    expect(entryOf(read('kind E without a lease')).lease?.leaseDeadline).toBe(0);
    expect(read('kind L').lease).toEqual(LEASE);
  });

  it('have their parts at the documented places', () => {
    const hex = (start: number, end: number): string => leasable.subarray(start, end).toString('hex');
    expect(hex(0, 4)).toBe('c5530145');
    expect(hex(OFFSET.writeId, OFFSET.token)).toBe(WRITE_ID.toString('hex'));
    expect(hex(OFFSET.token, OFFSET.leaseDeadline)).toBe(TOKEN.toString('hex'));
    expect(leasable.readBigUInt64BE(OFFSET.leaseDeadline)).toBe(BigInt(LEASE.leaseDeadline));
    expect(leasable.readBigUInt64BE(OFFSET.freshUntil)).toBe(BigInt(TIMES.freshUntil));
    expect(leasable.readBigUInt64BE(OFFSET.dieAt)).toBe(BigInt(TIMES.dieAt));
    expect(BODY_OFFSET.leasable - CHECKSUM_OFFSET.leasable).toBe(4);
    expect([plain[3], leasable[3], lease[3]]).toEqual([0x65, 0x45, 0x4c]);
  });
});
