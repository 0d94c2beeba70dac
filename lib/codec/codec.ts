import { Buffer } from 'node:buffer';
import { types } from 'node:util';
import { BODY_HEADER, checkBody, CODEC, FLAG, startBody } from './body.js';
import { damagedPayload, refusedValue, tooLargeToStore, unsupportedPayload } from './failures.js';
import { mayHoldProto, parseJson, refuseProto } from './json-reader.js';
import { refusedMemory } from './memory-values.js';
import { RichReader } from './rich-reader.js';
import { type ResolvedSerializer, resolveSerializer } from './serializer-options.js';
import type { CacheSerializer, SerializerOption } from './serializer.js';
import { encodeText, readText } from './text.js';
import { ValueWriter } from './value-writer.js';
import { MAX_DEPTH } from './walk.js';

/** Values to self-describing bytes (codec, flags, plain length, payload) and back. */
export interface Codec {
  /**
   * Encodes a value.
   *
   * @param value what to store
   * @param key for messages
   * @returns bytes that share no memory with the value
   * @throws CacheSerializationError when it could not come back exactly, or is too large
   */
  encode(value: unknown, key: string): Buffer;
  /**
   * Decodes what `encode` returned.
   *
   * @param body the bytes
   * @param key for messages
   * @returns a value that shares no memory with the body
   * @throws CacheSerializationError when the bytes cannot be read here
   */
  decode(body: Uint8Array, key: string): unknown;
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

  constructor(private readonly options: ResolvedSerializer) {}

  encode(value: unknown, key: string): Buffer {
    if (typeof value === 'string') return encodeText(value, key, this.options.maxBytes);
    if (isBuffer(value)) return this.encodeBytes(value, key);
    const writer = this.idle ?? new ValueWriter(this.options.classes, this.options.maxBytes);
    this.idle = undefined;
    try {
      writer.writeAll(value, key);
      return writer.rich ? richBody(writer) : jsonBody(writer);
    } finally {
      writer.memory.clear();
      this.idle = writer;
    }
  }

  private encodeBytes(value: Buffer, key: string): Buffer {
    if (value.length > this.options.maxBytes) throw tooLargeToStore(key, this.options.maxBytes);
    const refusal = refusedMemory(value);
    if (refusal !== undefined) throw refusedValue(key, `$: ${refusal}`);
    const body = startBody(CODEC.bytes, 0, value.length);
    body.set(value, BODY_HEADER);
    return body;
  }

  decode(bytes: Uint8Array, key: string): unknown {
    checkBody(bytes, key, this.options.maxBytes);
    const body = asBuffer(bytes);
    switch (body[0]) {
      case CODEC.json:
        return readJson(body, key);
      case CODEC.text:
        return readText(body, BODY_HEADER, body.length, key);
      case CODEC.bytes:
        return copyFrom(body, BODY_HEADER);
      case CODEC.rich:
        return this.readRich(body, key);
      default:
        throw anotherSerializer(key);
    }
  }

  private readRich(body: Buffer, key: string): unknown {
    const start = BODY_HEADER + TEXT_LENGTH;
    if (body.length < start) throw damagedPayload(key, 'the length is wrong');
    const end = start + body.readUInt32BE(BODY_HEADER);
    if (end > body.length) throw damagedPayload(key, 'the length is wrong');
    const text = readText(body, start, end, key);
    const node = parseJson(text, MAX_RICH_DEPTH, key);
    return new RichReader(this.options.classes, body.subarray(end), key).readAll(node);
  }
}

function jsonBody(writer: ValueWriter): Buffer {
  const { sink } = writer;
  const body = startBody(CODEC.json, sink.ascii ? FLAG.ascii : 0, sink.length);
  sink.bytes.copy(body, BODY_HEADER, 0, sink.length);
  return body;
}

function richBody(writer: ValueWriter): Buffer {
  const { sink, memory } = writer;
  const size = TEXT_LENGTH + sink.length + memory.size;
  const body = startBody(CODEC.rich, sink.ascii ? FLAG.ascii : 0, size);
  let at = body.writeUInt32BE(sink.length, BODY_HEADER);
  at += sink.bytes.copy(body, at, 0, sink.length);
  for (const chunk of memory.chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

function readJson(body: Buffer, key: string): unknown {
  const text = readText(body, BODY_HEADER, body.length, key);
  const value = parseJson(text, MAX_DEPTH, key);
  if (mayHoldProto(text)) refuseProto(value, key);
  return value;
}

class CustomCodec implements Codec {
  constructor(
    private readonly serializer: CacheSerializer,
    private readonly maxBytes: number,
  ) {}

  encode(value: unknown, key: string): Buffer {
    const bytes = this.serialize(value, key);
    if (bytes.length > this.maxBytes) throw tooLargeToStore(key, this.maxBytes);
    const body = startBody(CODEC.custom, 0, bytes.length);
    body.set(bytes, BODY_HEADER);
    return body;
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

  decode(body: Uint8Array, key: string): unknown {
    checkBody(body, key, this.maxBytes);
    if (body[0] !== CODEC.custom) throw anotherSerializer(key);
    try {
      return this.serializer.deserialize(copyFrom(body, BODY_HEADER));
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

function asBuffer(bytes: Uint8Array): Buffer {
  return isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A Buffer in memory of its own: one from the shared pool would show foreign bytes through `.buffer`. */
function copyFrom(body: Uint8Array, start: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(body.length - start);
  copy.set(body.subarray(start));
  return copy;
}
