import type { Buffer } from 'node:buffer';
import process from 'node:process';
import { types } from 'node:util';
import { BODY_HEADER, FLAG, plainLength, startBody } from './body.js';
import { damagedPayload, unsupportedPayload } from './failures.js';
import type { CompressionAlgorithm } from './serializer.js';

/** Checked options. */
export interface ResolvedCompression {
  readonly algorithm: CompressionAlgorithm;
  readonly above: number;
  readonly level: number;
}

interface Method {
  /** The first byte of a compressed payload. */
  readonly id: number;
  /** Names of functions of `node:zlib`; not every Node.js has all. */
  readonly pack: string;
  readonly unpack: string;
  /** The name of the constant that stands for the level where that is a parameter. */
  readonly parameter?: string;
  readonly levels: readonly [least: number, most: number];
}

/** Every algorithm; the ids are their initials. */
export const METHODS: Readonly<Record<CompressionAlgorithm, Method>> = {
  deflate: { id: 0x64, pack: 'deflateRawSync', unpack: 'inflateRawSync', levels: [1, 9] },
  gzip: { id: 0x67, pack: 'gzipSync', unpack: 'gunzipSync', levels: [1, 9] },
  brotli: {
    id: 0x62,
    pack: 'brotliCompressSync',
    unpack: 'brotliDecompressSync',
    parameter: 'BROTLI_PARAM_QUALITY',
    levels: [0, 11],
  },
  zstd: {
    id: 0x7a,
    pack: 'zstdCompressSync',
    unpack: 'zstdDecompressSync',
    parameter: 'ZSTD_c_compressionLevel',
    levels: [1, 22],
  },
};

/** What has zstd. */
export const ZSTD_NEEDS = 'Node.js 22.15 or later';
/** Compressed text seldom grows more than this: memory is taken for what is there, not for what a header says. */
const USUAL_GROWTH = 16;
/** The least that the library takes for its chunks. */
const LEAST_CHUNK = 64;

/** Whether this Node.js has an algorithm. */
export function isSupported(algorithm: CompressionAlgorithm): boolean {
  return typeof functionOf(METHODS[algorithm].pack) === 'function';
}

/**
 * Compresses a body where it is large enough and gets smaller.
 *
 * @param bytes the body, with free bytes in front
 * @param room how many
 * @param compression how
 * @returns the same bytes, or others with as many free bytes in front
 */
export function packBody(bytes: Buffer, room: number, compression: ResolvedCompression): Buffer {
  const size = plainLength(bytes, room);
  if (size <= compression.above) return bytes;
  const { id, pack, parameter } = METHODS[compression.algorithm];
  const { level } = compression;
  const options = parameter === undefined ? { level } : { params: { [constant(parameter)]: level } };
  const packed = call(pack, bytes.subarray(room + BODY_HEADER), options);
  if (!isBuffer(packed) || packed.length + 1 >= size) return bytes;
  const flags = (bytes[room + 1] ?? 0) | FLAG.compressed;
  const body = startBody(room, bytes[room] ?? 0, flags, size, packed.length + 1);
  body[room + BODY_HEADER] = id;
  body.set(packed, room + BODY_HEADER + 1);
  return body;
}

/**
 * Unpacks the payload of a compressed body.
 *
 * @param bytes that end with the body
 * @param start where the body begins in them
 * @param key for messages
 * @returns as many bytes as its header says
 * @throws CacheSerializationError when they do not unpack to as many, or not here
 */
export function unpackBody(bytes: Buffer, start: number, key: string): Buffer {
  const size = plainLength(bytes, start);
  const { unpack } = methodOf(bytes[start + BODY_HEADER], key);
  const packed = bytes.subarray(start + BODY_HEADER + 1);
  const chunkSize = Math.min(size + 1, packed.length * USUAL_GROWTH) + LEAST_CHUNK;
  let result: unknown;
  try {
    result = call(unpack, packed, { maxOutputLength: size, chunkSize, info: true });
  } catch {
    // Too many bytes, or no such stream; the library's own message adds nothing.
  }
  const plain = unpacked(result, packed.length);
  if (plain?.length !== size) throw damagedPayload(key, 'they do not unpack to what was written');
  return plain;
}

/** What came out, when all of what was there went in: the library ignores bytes after the end. */
function unpacked(result: unknown, size: number): Buffer | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  const engine: unknown = Reflect.get(result, 'engine');
  const plain: unknown = Reflect.get(result, 'buffer');
  const whole = typeof engine === 'object' && engine !== null && Reflect.get(engine, 'bytesWritten') === size;
  return whole && isBuffer(plain) ? plain : undefined;
}

function methodOf(id: number | undefined, key: string): Method {
  for (const [algorithm, method] of Object.entries(METHODS)) {
    if (method.id !== id) continue;
    if (typeof functionOf(method.unpack) === 'function') return method;
    const reason = `it is compressed with ${algorithm}, which Node.js ${process.version} does not have`;
    throw unsupportedPayload(key, `${reason}; read it with ${ZSTD_NEEDS}, or delete the key`);
  }
  const reason = 'it is compressed in a way that this version does not know';
  throw unsupportedPayload(key, `${reason}; upgrade this reader, or delete the key`);
}

/** Loaded when it is needed: it takes 2 ms, and most caches compress nothing. */
function zlib(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib');
}

function functionOf(name: string): unknown {
  return Reflect.get(zlib(), name);
}

function constant(name: string): number {
  return Number(Reflect.get(zlib().constants, name));
}

function call(name: string, bytes: Uint8Array, options: object): unknown {
  const method = functionOf(name);
  return typeof method === 'function' ? Reflect.apply(method, zlib(), [bytes, options]) : undefined;
}

function isBuffer(value: unknown): value is Buffer {
  return types.isUint8Array(value);
}
