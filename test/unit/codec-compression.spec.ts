import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import * as zlib from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createCodec } from '../../lib/codec/codec.js';
import { parseFrame } from '../../lib/codec/frame.js';
import type { CompressionAlgorithm } from '../../lib/codec/serializer.js';
import { CacheConfigurationError, CacheSerializationError } from '../../lib/contract/errors.js';
import { difference } from '../support/exactness.js';
import { encodeEntry } from '../support/stored-frames.js';

const KEY = 'profile:42';
const ALGORITHMS: readonly CompressionAlgorithm[] = ['deflate', 'gzip', 'brotli', 'zstd'];
const hasZstd = 'zstdCompressSync' in zlib;
const own = ALGORITHMS.filter((algorithm) => algorithm !== 'zstd' || hasZstd);
const HEADER = 6;
const COMPRESSED = 0x40;
const plainCodec = createCodec();

function failureOf(task: () => unknown): CacheSerializationError {
  try {
    task();
  } catch (thrown) {
    if (thrown instanceof CacheSerializationError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

function problemsOf(compression: unknown): readonly string[] {
  try {
    Reflect.apply(createCodec, undefined, [{ compression }]);
  } catch (thrown) {
    if (thrown instanceof CacheConfigurationError) return thrown.problems;
    throw thrown;
  }
  return [];
}

function isCompressed(body: Buffer): boolean {
  return ((body[1] ?? 0) & COMPRESSED) !== 0;
}

/** A compressed body as nobody wrote it. */
function bodyOf(codec: string, algorithm: string, plainLength: number, packed: Buffer): Buffer {
  const header = Buffer.from([codec.charCodeAt(0), COMPRESSED | 1, 0, 0, 0, 0, algorithm.charCodeAt(0)]);
  header.writeUInt32BE(plainLength, 2);
  return Buffer.concat([header, packed]);
}

/** As if this Node.js had no zstd. */
function withoutZstd(task: () => void): void {
  const original: unknown = Reflect.get(process, 'getBuiltinModule');
  const older = { ...zlib, zstdCompressSync: undefined, zstdDecompressSync: undefined };
  Reflect.set(process, 'getBuiltinModule', () => older);
  try {
    task();
  } finally {
    Reflect.set(process, 'getBuiltinModule', original);
  }
}

const values: readonly (readonly [string, unknown])[] = [
  ['an object', { items: Array.from({ length: 500 }, (_, index) => [index, `item ${index}`]) }],
  ['objects that are alike', Array.from({ length: 500 }, (_, index) => ({ index, half: index / 2 }))],
  ['a string', 'The quick brown fox. '.repeat(500)],
  ['a string of other scripts', 'Łódź 東京 '.repeat(500)],
  ['a string with lone surrogates', 'lone \ud800 '.repeat(500)],
  ['a Buffer', Buffer.alloc(10_000, 'spakky')],
  ['buffers and dates', { bytes: new Uint8Array(5000), more: Buffer.alloc(5000, 1), when: new Date(0) }],
];

describe('compression', () => {
  it.each(own)(
    'A34 with %s gives back every kind of value exactly, also to readers without the option',
    (algorithm) => {
      const codec = createCodec({ compression: { algorithm } });
      for (const [name, value] of values) {
        const body = codec.encode(value, KEY);
        expect([name, isCompressed(body)]).toEqual([name, true]);
        expect(body[HEADER]).toBe(algorithm.charCodeAt(0));
        expect(body.length).toBeLessThan(plainCodec.encode(value, KEY).length / 2);
        for (const reader of [
          codec,
          plainCodec,
          createCodec({ compression: { algorithm: 'gzip', level: 9 } }),
        ])
          expect(difference(value, reader.decode(body, KEY))).toBeUndefined();
        const framed = codec.encode(value, KEY, 16);
        expect(framed.subarray(16).equals(body)).toBe(true);
        expect(difference(value, codec.decode(framed, KEY, 16))).toBeUndefined();
      }
    },
  );

  it('is off unless asked for, and leaves small values alone', () => {
    expect(isCompressed(plainCodec.encode('a'.repeat(100_000), KEY))).toBe(false);
    const usual = createCodec({ compression: { algorithm: 'deflate' } });
    expect(isCompressed(usual.encode('a'.repeat(4096), KEY))).toBe(false);
    expect(isCompressed(usual.encode('a'.repeat(4097), KEY))).toBe(true);
    const eager = createCodec({ compression: { algorithm: 'deflate', above: 0 } });
    expect(isCompressed(eager.encode('a'.repeat(50), KEY))).toBe(true);
    expect(eager.decode(eager.encode('a'.repeat(50), KEY), KEY)).toBe('a'.repeat(50));
  });

  it.each(own)('stores what %s does not make smaller as it is', (algorithm) => {
    const codec = createCodec({ compression: { algorithm, above: 0 } });
    for (const value of [randomBytes(10_000), Buffer.alloc(0), '', 'abc', null, undefined, { a: 1 }]) {
      const body = codec.encode(value, KEY);
      expect(body.equals(plainCodec.encode(value, KEY))).toBe(true);
      expect(difference(value, codec.decode(body, KEY))).toBeUndefined();
    }
  });

  it.each(own)('takes the level of %s', (algorithm) => {
    const value = Array.from({ length: 3000 }, (_, index) => `line ${(index * 7919) % 3001}`);
    const sizeAt = (level: number): number =>
      createCodec({ compression: { algorithm, level } }).encode(value, KEY).length;
    expect(sizeAt(9)).toBeLessThan(sizeAt(1));
  });

  it('A36 holds the size limit before and after', () => {
    const codec = createCodec({ maxBytes: 10_000, compression: { algorithm: 'brotli' } });
    expect(failureOf(() => codec.encode('a'.repeat(10_001), KEY)).code).toBe('CACHE_VALUE_TOO_LARGE');
    const body = createCodec({ compression: { algorithm: 'brotli' } }).encode('a'.repeat(10_001), KEY);
    expect(body.length).toBeLessThan(100);
    expect(failureOf(() => codec.decode(body, KEY)).code).toBe('CACHE_VALUE_TOO_LARGE');
  });
});

describe('the compression option', () => {
  it('says what it expected', () => {
    expect(problemsOf('gzip')).toEqual([
      'serializer.compression: expected an object with algorithm, above, level, found string',
    ]);
    expect(problemsOf({ algorithm: 'lz4', above: -1, size: 5 })).toEqual([
      'serializer.compression.size: there is no such option; expected algorithm, above, level',
      'serializer.compression.algorithm: expected one of deflate, gzip, brotli, zstd, found string',
      'serializer.compression.above: expected a whole number from 0 to 4294967295, found -1',
    ]);
    expect(problemsOf({ algorithm: 'toString' })).toHaveLength(1);
    expect(problemsOf(null)).toHaveLength(1);
    expect(problemsOf({})).toHaveLength(1);
    expect(problemsOf({ algorithm: 'brotli', level: 12 })).toEqual([
      'serializer.compression.level: expected a whole number from 0 to 11, found 12',
    ]);
    expect(problemsOf({ algorithm: 'gzip', level: '6' })).toEqual([
      'serializer.compression.level: expected a whole number from 1 to 9, found string',
    ]);
    expect(problemsOf(undefined)).toEqual([]);
  });

  it('refuses zstd where Node.js has none', () => {
    withoutZstd(() => {
      expect(problemsOf({ algorithm: 'zstd' })).toEqual([
        'serializer.compression.algorithm: expected another one, as zstd needs Node.js 22.15 or later',
      ]);
    });
    expect(problemsOf({ algorithm: 'zstd' })).toHaveLength(hasZstd ? 0 : 1);
  });
});

describe('compressed bytes that cannot be read', () => {
  const small = 'spakky '.repeat(100);

  it.each(own)('A35 a payload of %s is damaged at every length but its own', (algorithm) => {
    const body = createCodec({ compression: { algorithm, above: 0 } }).encode(small, KEY);
    for (let length = 0; length < body.length; length += 1)
      expect(failureOf(() => plainCodec.decode(body.subarray(0, length), KEY)).code).toBe(
        'CACHE_PAYLOAD_DAMAGED',
      );
    for (const more of ['x', 'trailing bytes'])
      expect(failureOf(() => plainCodec.decode(Buffer.concat([body, Buffer.from(more)]), KEY)).code).toBe(
        'CACHE_PAYLOAD_DAMAGED',
      );
  });

  it.each(own)('A35 every flipped bit of an entry with %s is an error', (algorithm) => {
    const body = createCodec({ compression: { algorithm, above: 0 } }).encode(small, KEY);
    const frame = encodeEntry(body, KEY, Buffer.alloc(8));
    for (let bit = 16 * 8; bit < frame.length * 8; bit += 1) {
      const flipped = Buffer.from(frame);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(failureOf(() => parseFrame(flipped, KEY, KEY)).code).toBe('CACHE_PAYLOAD_DAMAGED');
      // Without the checksum nothing but a value or a typed error may come out.
      try {
        plainCodec.decode(flipped, KEY, 16);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(CacheSerializationError);
      }
    }
  });

  const mebibyte = 1024 * 1024;
  const bomb = zlib.brotliCompressSync(Buffer.alloc(256 * mebibyte, '1'), {
    params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 },
  });
  const bombs: readonly [string, Buffer, string][] = [
    ['256 MiB in place of 1,000 bytes', bodyOf('j', 'b', 1000, bomb), 'DAMAGED'],
    ['256 MiB in place of 64', bodyOf('s', 'b', 64 * mebibyte, bomb), 'DAMAGED'],
    ['256 MiB that say so', bodyOf('j', 'b', 256 * mebibyte, bomb), 'TOO_LARGE'],
    ['a length of 4 GB', bodyOf('j', 'b', 2 ** 32 - 1, bomb), 'TOO_LARGE'],
    [
      '64 MiB of which 10 bytes are there',
      bodyOf('j', 'd', 64 * mebibyte, zlib.deflateRawSync(Buffer.alloc(10))),
      'DAMAGED',
    ],
    [
      '1,000,000 levels',
      bodyOf('j', 'g', 2 * mebibyte, zlib.gzipSync(`${'['.repeat(mebibyte)}${']'.repeat(mebibyte)}`)),
      'DAMAGED',
    ],
  ];
  it.each(bombs)('A36 a bomb of %s is a typed error and takes little memory', (_name, body, code) => {
    const before = process.memoryUsage();
    expect(failureOf(() => plainCodec.decode(body, KEY)).code).toContain(code);
    const after = process.memoryUsage();
    const grown =
      Math.max(0, after.heapUsed - before.heapUsed) + Math.max(0, after.arrayBuffers - before.arrayBuffers);
    expect(grown).toBeLessThan(2 * 64 * mebibyte);
  });

  it('A35 lengths, streams and algorithms that do not fit are told apart', () => {
    const packed = zlib.deflateRawSync(Buffer.from('["a"]'.padEnd(500)));
    const codeOf = (body: Buffer): string => failureOf(() => plainCodec.decode(body, KEY)).code;
    expect(plainCodec.decode(bodyOf('j', 'd', 500, packed), KEY)).toEqual(['a']);
    for (const body of [
      bodyOf('j', 'd', 499, packed),
      bodyOf('j', 'd', 501, packed),
      bodyOf('j', 'd', packed.length, packed),
      bodyOf('j', 'd', 0, Buffer.alloc(0)),
      bodyOf('j', 'd', 500, Buffer.alloc(0)),
      bodyOf('j', 'b', 500, packed),
      bodyOf('j', 'g', 500, packed),
      bodyOf('j', 'd', 500, Buffer.concat([packed, Buffer.from('x')])),
    ])
      expect(codeOf(body)).toBe('CACHE_PAYLOAD_DAMAGED');
    for (const body of [bodyOf('j', 'l', 500, packed), bodyOf('x', 'd', 500, packed)])
      expect(codeOf(body)).toBe('CACHE_PAYLOAD_UNSUPPORTED');
  });
});

interface Golden {
  readonly compressed: Record<string, string>;
}

function isGolden(value: unknown): value is Golden {
  return typeof value === 'object' && value !== null && 'compressed' in value;
}

describe('golden compressed payloads of wire version 1', () => {
  const parsed: unknown = JSON.parse(
    readFileSync(new URL('../golden/wire-version-1.json', import.meta.url), 'utf8'),
  );
  if (!isGolden(parsed)) throw new Error('no golden payloads');
  const frameOf = (name: string): Buffer => Buffer.from(parsed.compressed[name] ?? '', 'hex');
  const value = { text: 'spakky '.repeat(20), list: [1, 2, 3] };
  const read = (name: string): unknown => {
    parseFrame(frameOf(name), KEY, KEY);
    return plainCodec.decode(frameOf(name), KEY, 16);
  };

  it.each(own)('are read: %s', (algorithm) => {
    expect(read(algorithm)).toEqual(value);
  });

  it('name what is missing where Node.js has no zstd', () => {
    withoutZstd(() => {
      const failure = failureOf(() => read('zstd'));
      expect(failure.code).toBe('CACHE_PAYLOAD_UNSUPPORTED');
      expect(failure.message).toContain(
        `compressed with zstd, which Node.js ${process.version} does not have`,
      );
      expect(failure.message).toContain('read it with Node.js 22.15 or later');
    });
  });
});
