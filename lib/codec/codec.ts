import { Buffer } from 'node:buffer';
import { types } from 'node:util';
import { BODY_HEADER, checkBody, CODEC, FLAG, startBody } from './body.js';
import { packBody, type ResolvedCompression, unpackBody } from './compression.js';
import { damagedPayload, refusedValue, tooLargeToStore, unsupportedPayload } from './failures.js';
import { mayHoldProto, parseJson, refuseProto } from './json-reader.js';
import { refusedMemory } from './memory-values.js';
import { RichReader } from './rich-reader.js';
import { type Classes, type ResolvedSerializer, resolveSerializer } from './serializer-options.js';
import type { CacheSerializer, SerializerOption } from './serializer.js';
import { encodeText, readText } from './text.js';
import { ValueWriter } from './value-writer.js';
import { MAX_DEPTH } from './walk.js';
import { readWord } from './words.js';

/** Values to self-describing bytes (codec, flags, plain length, payload) and back. */
export interface Codec {
  /**
   * Encodes a value.
   *
   * @param value what to store
   * @param key for messages
   * @param room free bytes in front of what it makes, for a frame; none when absent
   * @returns bytes that share no memory with the value
   * @throws CacheSerializationError when it could not come back exactly, or is too large
   */
  encode(value: unknown, key: string, room?: number): Buffer;
  /**
   * Decodes what `encode` returned.
   *
   * @param bytes that end with it
   * @param key for messages
   * @param start where it begins in them; at 0 when absent
   * @returns a value that shares no memory with the bytes
   * @throws CacheSerializationError when the bytes cannot be read here
   */
  decode(bytes: Buffer, key: string, start?: number): unknown;
}

/**
 * Makes the codec that an application asked for.
 *
 * @param option the `serializer` option
 * @throws CacheConfigurationError with every problem of the option
 * @example
 * const codec = createCodec({ maxBytes: 1024 * 1024 });
 * const copy = codec.decode(codec.encode(new Map([['a', 1n]]), 'key'), 'key');
 */
export function createCodec(option?: SerializerOption): Codec {
  const resolved = resolveSerializer(option);
  return resolved.custom === undefined
    ? new BuiltInCodec(resolved)
    : new CustomCodec(resolved.custom, resolved.maxBytes);
}

/** A tag takes up to three brackets for one level of the value. */
const MAX_RICH_DEPTH = 3 * (MAX_DEPTH + 1);
/** u32: where the memory begins. */
const TEXT_LENGTH = 4;

class BuiltInCodec implements Codec {
  /** Used again, unless an accessor of a value encodes another value meanwhile. */
  private idle: ValueWriter | undefined;
  private readonly classes: Classes;
  private readonly maxBytes: number;
  private readonly compression: ResolvedCompression | undefined;

  constructor({ classes, maxBytes, compression }: ResolvedSerializer) {
    this.classes = classes;
    this.maxBytes = maxBytes;
    this.compression = compression;
  }

  encode(value: unknown, key: string, room = 0): Buffer {
    const bytes = this.encodePlain(value, key, room);
    return this.compression === undefined ? bytes : packBody(bytes, room, this.compression);
  }

  private encodePlain(value: unknown, key: string, room: number): Buffer {
    if (typeof value === 'string') return encodeText(value, key, this.maxBytes, room);
    if (isBuffer(value)) return this.encodeBytes(value, key, room);
    const writer = this.idle ?? new ValueWriter(this.classes, this.maxBytes);
    this.idle = undefined;
    try {
      writer.writeAll(value, key);
      return writer.rich ? richBody(writer, room) : jsonBody(writer, room);
    } finally {
      writer.memory.clear();
      this.idle = writer;
    }
  }

  private encodeBytes(value: Buffer, key: string, room: number): Buffer {
    if (value.length > this.maxBytes) throw tooLargeToStore(key, this.maxBytes);
    const refusal = refusedMemory(value);
    if (refusal !== undefined) throw refusedValue(key, `$: ${refusal}`);
    const bytes = startBody(room, CODEC.bytes, 0, value.length);
    bytes.set(value, room + BODY_HEADER);
    return bytes;
  }

  decode(bytes: Buffer, key: string, start = 0): unknown {
    checkBody(bytes, start, key, this.maxBytes);
    const flags = bytes[start + 1] ?? 0;
    const codec = bytes[start];
    if ((flags & FLAG.compressed) === 0) return this.read(bytes, codec, start + BODY_HEADER, flags, key);
    return this.read(unpackBody(bytes, start, key), codec, 0, flags & ~FLAG.compressed, key);
  }

  private read(
    bytes: Buffer,
    codec: number | undefined,
    payload: number,
    flags: number,
    key: string,
  ): unknown {
    switch (codec) {
      case CODEC.json:
        return readJson(readText(bytes, payload, bytes.length, flags, key), key);
      case CODEC.text:
        return readText(bytes, payload, bytes.length, flags, key);
      case CODEC.bytes:
        return copyFrom(bytes, payload);
      case CODEC.rich:
        return this.readRich(bytes, payload, flags, key);
      default:
        throw anotherSerializer(key);
    }
  }

  private readRich(bytes: Buffer, payload: number, flags: number, key: string): unknown {
    const start = payload + TEXT_LENGTH;
    if (bytes.length < start) throw damagedPayload(key, 'the length is wrong');
    const end = start + readWord(bytes, payload);
    if (end > bytes.length) throw damagedPayload(key, 'the length is wrong');
    const text = readText(bytes, start, end, flags, key);
    const node = parseJson(text, MAX_RICH_DEPTH, key);
    const refers = text.includes('"@="'); // a writer never escapes it
    return new RichReader(this.classes, bytes.subarray(end), key, refers).readAll(node);
  }
}

function jsonBody(writer: ValueWriter, room: number): Buffer {
  const { sink } = writer;
  const bytes = startBody(room, CODEC.json, sink.ascii ? FLAG.ascii : 0, sink.length);
  sink.bytes.copy(bytes, room + BODY_HEADER, 0, sink.length);
  return bytes;
}

function richBody(writer: ValueWriter, room: number): Buffer {
  const { sink, memory } = writer;
  const size = TEXT_LENGTH + sink.length + memory.size;
  const bytes = startBody(room, CODEC.rich, sink.ascii ? FLAG.ascii : 0, size);
  let at = bytes.writeUInt32BE(sink.length, room + BODY_HEADER);
  at += sink.bytes.copy(bytes, at, 0, sink.length);
  for (const chunk of memory.chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function readJson(text: string, key: string): unknown {
  const value = parseJson(text, MAX_DEPTH, key);
  if (mayHoldProto(text)) refuseProto(value, key);
  return value;
}

class CustomCodec implements Codec {
  constructor(
    private readonly serializer: CacheSerializer,
    private readonly maxBytes: number,
  ) {}

  encode(value: unknown, key: string, room = 0): Buffer {
    const payload = this.serialize(value, key);
    if (payload.length > this.maxBytes) throw tooLargeToStore(key, this.maxBytes);
    const bytes = startBody(room, CODEC.custom, 0, payload.length);
    bytes.set(payload, room + BODY_HEADER);
    return bytes;
  }

  private serialize(value: unknown, key: string): Uint8Array {
    let bytes: unknown;
    try {
      bytes = this.serializer.serialize(value);
    } catch (thrown) {
      throw refusedValue(key, "$: the application's serializer threw an error; see its cause", thrown);
    }
    if (types.isUint8Array(bytes)) return bytes;
    throw refusedValue(key, "$: the application's serializer must return a Uint8Array, synchronously");
  }

  decode(bytes: Buffer, key: string, start = 0): unknown {
    checkBody(bytes, start, key, this.maxBytes);
    if (bytes[start] !== CODEC.custom) throw anotherSerializer(key);
    try {
      return this.serializer.deserialize(copyFrom(bytes, start + BODY_HEADER));
    } catch (thrown) {
      const reason =
        "the application's serializer could not read it; let it read what it wrote earlier, or delete the key";
      throw unsupportedPayload(key, reason, thrown);
    }
  }
}

function anotherSerializer(key: string): Error {
  return unsupportedPayload(
    key,
    'it was written with another serializer; use the same one, or delete the key',
  );
}

function isBuffer(value: unknown): value is Buffer {
  return types.isUint8Array(value) && Object.getPrototypeOf(value) === Buffer.prototype;
}

/** A Buffer in memory of its own: one from the shared pool would show foreign bytes through `.buffer`. */
function copyFrom(bytes: Uint8Array, start: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length - start);
  copy.set(bytes.subarray(start));
  return copy;
}
