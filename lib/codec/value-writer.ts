import { isDense, isPlainArray, writeSparse } from './array-shapes.js';
import { refusedValue, tooLargeToStore } from './failures.js';
import { describeInstance, intrinsicOf } from './intrinsics.js';
import { JsonSink, SizeExceeded } from './json-sink.js';
import { MemoryParts } from './memory-values.js';
import { formatPath, type Step } from './path.js';
import { References } from './references.js';
import { writeBuiltIn, writePrimitive } from './rich-writer.js';
import type { Classes, ResolvedClass } from './serializer-options.js';
import { writeTable } from './table-writer.js';
import { MAX_DEPTH, type Walk } from './walk.js';
import { CacheSerializationError } from '../contract/errors.js';

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
/** `@`: an object with one property that begins so is a tag. */
const TAG = 0x40;
/** No step at all: the data of an instance stands for the instance. */
const HERE: Step = { label: '' };

/**
 * Writes any value in one pass, reading every property once: as plain JSON text while that is exact, with a tag
 * (`{"@d":0}`) wherever it is not. One writer serves one value at a time.
 */
export class ValueWriter implements Walk {
  readonly sink = new JsonSink();
  readonly memory = new MemoryParts();
  /** Whether a tag was written: then reading needs more than `JSON.parse`. */
  rich = false;
  private key = '';
  private depth = 0;
  private readonly steps: Step[] = [];
  private readonly references = new References();
  private readonly open = new Set<number>();

  constructor(
    private readonly classes: Classes,
    private readonly maxBytes: number,
  ) {}

  /**
   * Writes a whole value into `sink` and `memory`.
   *
   * @param value what to write
   * @param key for messages
   * @throws CacheSerializationError when it could not come back exactly, or is too large
   */
  writeAll(value: unknown, key: string): void {
    this.key = key;
    this.rich = false;
    this.sink.reset(this.maxBytes);
    try {
      this.write(value, 0);
      this.checkWhole();
    } catch (thrown) {
      throw this.typed(thrown);
    } finally {
      this.references.clear();
      if (this.open.size > 0) this.open.clear();
    }
  }

  private checkWhole(): void {
    if (this.sink.length + this.memory.size > this.maxBytes) throw new SizeExceeded();
    const overlap = this.memory.overlap();
    if (overlap === undefined) return;
    const reason = `${overlap[1]} shows the same memory as ${overlap[0]}; store copies, or one of them`;
    throw refusedValue(this.key, reason);
  }

  private typed(thrown: unknown): CacheSerializationError {
    if (thrown instanceof CacheSerializationError) return thrown;
    if (thrown instanceof SizeExceeded) return tooLargeToStore(this.key, this.maxBytes);
    const reason = `${this.path(this.depth + 1)}: reading it threw an error; store plain data`;
    return refusedValue(this.key, reason, thrown);
  }

  private write(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.sink.string(value);
        return;
      case 'number':
        if (value - value === 0 && (value !== 0 || 1 / value > 0)) this.sink.number(value);
        else writePrimitive(this, value, depth);
        return;
      case 'boolean':
        this.sink.word(value);
        return;
      case 'object':
        if (value === null) this.sink.word(value);
        else this.enter(value, depth);
        return;
      default:
        writePrimitive(this, value, depth);
    }
  }

  private enter(value: object, depth: number): void {
    const seen = this.references.enter(value);
    if (seen >= 0) return this.reference(seen, depth);
    if (depth >= MAX_DEPTH) this.refuse(depth, `is nested deeper than ${MAX_DEPTH} levels; store it flat`);
    if (Array.isArray(value)) this.array(value, depth);
    else if (isPlain(value)) this.object(value, depth);
    else this.special(value, depth);
  }

  private reference(index: number, depth: number): void {
    if (this.open.has(index)) {
      this.refuse(depth, 'an instance of a registered class contains itself; serialize it without the cycle');
    }
    this.tag('=');
    this.sink.number(index);
    this.sink.byte(CLOSE_OBJECT);
  }

  private object(value: Record<string, unknown>, depth: number): void {
    this.refuseSymbols(value, depth);
    if (looksLikeTag(value)) {
      this.tag('o'); // and is none
      this.fields(value, depth);
      this.sink.byte(CLOSE_OBJECT);
    } else {
      this.fields(value, depth);
    }
  }

  private fields(value: Record<string, unknown>, depth: number): void {
    const { sink } = this;
    sink.byte(OPEN_OBJECT);
    let first = true;
    // The engine finds the properties of such a loop by their place, those of a list of names by looking each up;
    // and this way to ask for own ones costs nothing inside it.
    for (const name in value) {
      if (!Object.prototype.hasOwnProperty.call(value, name)) continue;
      if (first) first = false;
      else sink.byte(COMMA);
      this.name(name, depth);
      this.at(name, depth);
      this.write(value[name], depth + 1);
    }
    sink.byte(CLOSE_OBJECT);
  }

  private name(name: string, depth: number): void {
    if (name === '__proto__') {
      this.refuse(depth, 'has an own property "__proto__"; rename it, or use a Map');
    }
    this.sink.name(name);
  }

  private array(value: readonly unknown[], depth: number): void {
    if (!isPlainArray(value)) return this.special(value, depth);
    this.refuseSymbols(value, depth);
    const parts: readonly unknown[] = Object.values(value); // reads every accessor once, and skips holes
    if (!isDense(value, parts.length)) return writeSparse(this, value, parts, depth);
    if (writeTable(this, parts, depth)) return;
    const { sink } = this;
    sink.byte(OPEN_ARRAY);
    for (let index = sink.integers(parts); index < parts.length; index += 1) {
      if (index > 0) sink.byte(COMMA);
      this.part(parts[index], index, depth);
    }
    sink.byte(CLOSE_ARRAY);
  }

  /** Everything that is neither a plain object nor an array of this realm. */
  private special(value: object, depth: number): void {
    this.at(HERE, depth);
    const prototype = prototypeOf(value);
    if (prototype === null) return this.bare(value, depth);
    const registered = this.classes.byPrototype.get(prototype);
    if (registered !== undefined) return this.instance(value, registered, depth);
    const name = intrinsicOf(prototype);
    if (name === 'Object' && !Array.isArray(value) && isRecord(value)) return this.object(value, depth);
    if (name !== undefined && writeBuiltIn(this, value, name, depth)) return;
    const what = `cannot restore ${describeInstance(prototype)}`;
    this.refuse(depth, `${what}; register the class in serializer.classes, or store plain data`);
  }

  private bare(value: object, depth: number): void {
    if (Array.isArray(value) || !isRecord(value)) {
      this.refuse(depth, 'cannot restore an array without a prototype; store plain data');
    }
    this.refuseSymbols(value, depth);
    this.tag('0');
    this.fields(value, depth);
    this.sink.byte(CLOSE_OBJECT);
  }

  private instance(value: object, registered: ResolvedClass, depth: number): void {
    const index = this.references.size - 1;
    this.open.add(index);
    this.tag('c');
    this.sink.byte(OPEN_ARRAY);
    this.sink.string(registered.name);
    this.sink.byte(COMMA);
    this.part(registered.serialize(value), HERE, depth);
    this.sink.ascii7(']}');
    this.open.delete(index);
  }

  private refuseSymbols(value: object, depth: number): void {
    if (Object.getOwnPropertySymbols(value).length === 0) return;
    this.refuse(depth, 'has properties named by symbols, which would be lost; name them by strings');
  }

  part(value: unknown, step: Step, depth: number): void {
    this.at(step, depth);
    this.write(value, depth + 1);
  }

  /** Notes where the walk is before a property is read, because reading it may throw. */
  at(step: Step, depth: number): void {
    this.steps[depth] = step;
    this.depth = depth;
  }

  enterAll(values: readonly object[]): boolean {
    return this.references.enterAll(values);
  }

  properties(entries: readonly (readonly [string, unknown])[], depth: number): void {
    const { sink } = this;
    sink.byte(OPEN_OBJECT);
    let first = true;
    for (const [name, value] of entries) {
      if (first) first = false;
      else sink.byte(COMMA);
      this.name(name, depth);
      this.part(value, name, depth);
    }
    sink.byte(CLOSE_OBJECT);
  }

  tag(name: string): void {
    this.rich = true;
    this.sink.ascii7(`{"@${name}":`);
  }

  path(depth: number): string {
    return formatPath(this.steps.slice(0, depth));
  }

  refuse(depth: number, reason: string): never {
    throw refusedValue(this.key, `${this.path(depth)}: ${reason}`);
  }
}

function prototypeOf(value: object): object | null {
  const prototype: unknown = Object.getPrototypeOf(value);
  return typeof prototype === 'object' ? prototype : null;
}

/** The most frequent case, decided by one comparison. */
function isPlain(value: object): value is Record<string, unknown> {
  return Object.getPrototypeOf(value) === Object.prototype;
}

function looksLikeTag(value: Record<string, unknown>): boolean {
  for (const name in value) return name.charCodeAt(0) === TAG && Object.keys(value).length === 1;
  return false;
}

function isRecord(value: object): value is Record<string, unknown> {
  return !Array.isArray(value);
}
