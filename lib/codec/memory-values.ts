import { Buffer } from 'node:buffer';
import { endianness } from 'node:os';
import { isDeepStrictEqual, types } from 'node:util';

/** Bytes of a double. */
export const DOUBLE = 8;

/** A part of an ArrayBuffer that a value shows. */
interface Range {
  readonly memory: ArrayBufferLike;
  readonly start: number;
  readonly end: number;
  readonly path: string;
}

/** The raw bytes of a value's buffers and views: they follow the text, in the order of the walk. */
export class MemoryParts {
  readonly chunks: Uint8Array[] = [];
  /** Bytes of all chunks. */
  size = 0;
  private readonly ranges: Range[] = [];

  /**
   * Copies the bytes of a view or an ArrayBuffer.
   *
   * @param source whose bytes
   * @param path where it is, for the message about shared memory
   */
  add(source: ArrayBufferView | ArrayBuffer, path: string): void {
    const bytes = copyOf(source);
    const start = ArrayBuffer.isView(source) ? source.byteOffset : 0;
    const memory = ArrayBuffer.isView(source) ? source.buffer : source;
    this.ranges.push({ memory, start, end: start + bytes.length, path });
    this.chunks.push(toLittleEndian(bytes, elementSize(source)));
    this.size += bytes.length;
  }

  /**
   * Adds every `step`-th number as a raw double.
   *
   * @param numbers any, NaN and -0 included
   * @param start index of the first
   * @param step to the next
   */
  addDoubles(numbers: readonly unknown[], start: number, step: number): void {
    const doubles = new Float64Array(Math.ceil((numbers.length - start) / step));
    for (let index = 0; index < doubles.length; index += 1)
      doubles[index] = Number(numbers[start + index * step]);
    const bytes = toLittleEndian(new Uint8Array(doubles.buffer), DOUBLE);
    this.chunks.push(bytes);
    this.size += bytes.length;
  }

  /**
   * Finds two parts of the value that show the same bytes: a write through one shows in the other, and after
   * reading it would not. (Parts beside each other, as in Node's own pool, are independent.)
   */
  overlap(): readonly [string, string] | undefined {
    if (this.ranges.length < 2) return undefined;
    for (const ranges of byMemory(this.ranges)) {
      ranges.sort((a, b) => a.start - b.start || a.end - b.end);
      let last: Range | undefined;
      for (const range of ranges) {
        if (range.start === range.end) continue;
        if (last !== undefined && range.start < last.end) return [last.path, range.path];
        last = range;
      }
    }
    return undefined;
  }

  /** Forgets everything. */
  clear(): void {
    if (this.size === 0 && this.ranges.length === 0) return;
    this.chunks.length = 0;
    this.ranges.length = 0;
    this.size = 0;
  }
}

function byMemory(ranges: readonly Range[]): Iterable<Range[]> {
  const groups = new Map<ArrayBufferLike, Range[]>();
  for (const range of ranges) {
    const group = groups.get(range.memory);
    if (group === undefined) groups.set(range.memory, [range]);
    else group.push(range);
  }
  return groups.values();
}

/** Says why the memory of a view or an ArrayBuffer cannot come back as it is; undefined when it can. */
export function refusedMemory(source: ArrayBufferView | ArrayBuffer): string | undefined {
  const memory = ArrayBuffer.isView(source) ? source.buffer : source;
  if (!types.isArrayBuffer(memory))
    return 'its memory is shared with other threads; store a copy of the bytes';
  if (Reflect.get(memory, 'resizable') === true) return 'its memory is resizable; store a copy of the bytes';
  if (isDetached(memory)) return 'its memory was transferred away; store it before the transfer';
  if (hasExtras(source)) return 'its own properties would be lost; store plain data';
  return undefined;
}

function isDetached(memory: ArrayBuffer): boolean {
  if (memory.byteLength > 0) return false;
  try {
    return new Uint8Array(memory).length > 0;
  } catch {
    return true;
  }
}

/** Own properties beside the bytes. Listing those of a long array would list every index first. */
function hasExtras(source: ArrayBufferView | ArrayBuffer): boolean {
  if (!types.isTypedArray(source)) return Reflect.ownKeys(source).length > 0;
  if (Object.getOwnPropertySymbols(source).length > 0) return true;
  const bare: unknown = Uint8Array.prototype.slice.call(source);
  return !isDeepStrictEqual(source, bare) && Object.keys(source).length > source.length;
}

/** A copy in memory of its own. */
function copyOf(source: ArrayBufferView | ArrayBuffer): Uint8Array {
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  return bytes.slice();
}

function elementSize(source: ArrayBufferView | ArrayBuffer): number {
  return types.isTypedArray(source) ? source.BYTES_PER_ELEMENT : 1;
}

/**
 * Elements are stored with the lowest byte first, whatever the machine.
 *
 * @param bytes changed in place
 * @param width of an element, in bytes
 * @param order of this machine
 */
export function toLittleEndian(bytes: Uint8Array, width: number, order = endianness()): Uint8Array {
  if (order === 'LE' || width === 1) return bytes;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 2) view.swap16();
  else if (width === 4) view.swap32();
  else view.swap64();
  return bytes;
}

type Build = (memory: ArrayBuffer) => object;

const BUILDERS: ReadonlyMap<string, readonly [width: number, build: Build]> = new Map<
  string,
  readonly [number, Build]
>([
  ['ArrayBuffer', [1, (memory) => memory]],
  ['Buffer', [1, (memory) => Buffer.from(memory)]],
  ['DataView', [1, (memory) => new DataView(memory)]],
  ['Int8Array', [1, (memory) => new Int8Array(memory)]],
  ['Uint8Array', [1, (memory) => new Uint8Array(memory)]],
  ['Uint8ClampedArray', [1, (memory) => new Uint8ClampedArray(memory)]],
  ['Int16Array', [2, (memory) => new Int16Array(memory)]],
  ['Uint16Array', [2, (memory) => new Uint16Array(memory)]],
  ['Int32Array', [4, (memory) => new Int32Array(memory)]],
  ['Uint32Array', [4, (memory) => new Uint32Array(memory)]],
  ['Float32Array', [4, (memory) => new Float32Array(memory)]],
  ['Float64Array', [8, (memory) => new Float64Array(memory)]],
  ['BigInt64Array', [8, (memory) => new BigInt64Array(memory)]],
  ['BigUint64Array', [8, (memory) => new BigUint64Array(memory)]],
]);

/** Whether values of this built-in type are bytes in memory. */
export function isMemoryType(name: string): boolean {
  return BUILDERS.has(name);
}

/**
 * Builds a buffer or a view over memory of its own.
 *
 * @param name of the type
 * @param bytes are copied
 * @returns undefined when there is no such type, or the bytes are no whole number of its elements
 */
export function buildMemory(name: string, bytes: Uint8Array): object | undefined {
  const builder = BUILDERS.get(name);
  if (builder === undefined) return undefined;
  const [width, build] = builder;
  if (bytes.length % width !== 0) return undefined;
  const memory = new ArrayBuffer(bytes.length);
  const copy = new Uint8Array(memory);
  copy.set(bytes);
  toLittleEndian(copy, width);
  return build(memory);
}
