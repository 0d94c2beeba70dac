import { bareError, isHiddenPart } from './error-values.js';
import { damagedPayload, unsupportedPayload } from './failures.js';
import { protoFound } from './json-reader.js';
import { readBigInt, readDate, readNumber, readRegExp, readUrl } from './leaf-values.js';
import { buildMemory } from './memory-values.js';
import type { Classes, ResolvedClass } from './serializer-options.js';
import { readTable } from './table-reader.js';
import { MAX_DEPTH, type Reading } from './walk.js';

/** Stands for an instance whose data is still being read: nothing may refer to it yet. */
const PENDING = Symbol('pending');
/** Tags of values that hold nothing: they may stand below the deepest container. */
const PRIMITIVES: ReadonlySet<string> = new Set(['@u', '@n', '@i', '@=']);
/** An array with holes is made in the engine's sparse form: a stored length alone must cost no memory. */
const SPARSE_LENGTH = 2 ** 32 - 1;

/**
 * Turns parsed JSON with tags into the value, in place where it can. Objects are numbered in the order in which
 * the writer entered them, where something refers to one. One reader serves one value.
 */
export class RichReader implements Reading {
  private readonly entered: unknown[] = [];
  private memoryAt = 0;

  constructor(
    private readonly classes: Classes,
    private readonly memory: Uint8Array,
    private readonly key: string,
    private readonly refers: boolean,
  ) {}

  /**
   * Reads the whole value.
   *
   * @param node from `JSON.parse`; it becomes part of the value
   * @throws CacheSerializationError when something in it was never written so, or needs a class not registered
   */
  readAll(node: unknown): unknown {
    const value = this.read(node, 0);
    if (this.memoryLeft > 0) this.fail('memory');
    return value;
  }

  private read(node: unknown, depth: number): unknown {
    if (typeof node !== 'object' || node === null) return node;
    const tag = tagOf(node);
    if (depth >= MAX_DEPTH && !(tag !== undefined && PRIMITIVES.has(tag))) this.fail('the depth');
    if (tag !== undefined) return this.tagged(tag, Reflect.get(node, tag), depth);
    return Array.isArray(node) ? this.array(node, depth) : this.fill(this.enter(this.record(node)), depth);
  }

  private tagged(tag: string, data: unknown, depth: number): unknown {
    switch (tag) {
      case '@u':
        return undefined;
      case '@n':
        return readNumber(data) ?? this.fail('a number');
      case '@i':
        return readBigInt(data) ?? this.fail('a bigint');
      case '@=':
        return this.reference(data);
      case '@d':
        return this.enter(readDate(data) ?? this.fail('a date'));
      case '@r':
        return this.enter(readRegExp(this.list(data, 3)) ?? this.fail('a regular expression'));
      case '@l':
        return this.enter(readUrl(data) ?? this.fail('a URL'));
      case '@b':
        return this.enter(this.memoryOf(data));
      default:
        return this.container(tag, data, depth);
    }
  }

  private container(tag: string, data: unknown, depth: number): unknown {
    switch (tag) {
      case '@o':
        return this.fill(this.enter(this.record(data)), depth);
      case '@0':
        return this.bare(data, depth);
      case '@a':
        return this.sparse(data, depth);
      case '@t':
        return readTable(this, data, depth);
      case '@m':
        return this.map(data, depth);
      case '@s':
        return this.set(data, depth);
      case '@e':
        return this.error(data, depth);
      case '@c':
        return this.instance(data, depth);
      default: {
        const reason = 'it has a type of value that this version does not know';
        throw unsupportedPayload(this.key, `${reason}; upgrade this reader, or delete the key`);
      }
    }
  }

  enter<T>(value: T): T {
    if (this.refers) this.entered.push(value);
    return value;
  }

  private array(node: unknown[], depth: number): unknown[] {
    this.enter(node);
    return this.parts(node, depth);
  }

  parts(list: unknown[], depth: number): unknown[] {
    for (let index = 0; index < list.length; index += 1) {
      const part = list[index];
      if (typeof part === 'object' && part !== null) list[index] = this.read(part, depth + 1);
    }
    return list;
  }

  private fill(record: Record<string, unknown>, depth: number): Record<string, unknown> {
    for (const name of Object.keys(record)) {
      if (name === '__proto__') throw protoFound(this.key);
      record[name] = this.read(record[name], depth + 1);
    }
    return record;
  }

  private bare(data: unknown, depth: number): unknown {
    const node = this.record(data);
    if (Object.hasOwn(node, '__proto__')) throw protoFound(this.key);
    const value: Record<string, unknown> = Object.assign(Object.create(null), node);
    return this.fill(this.enter(value), depth);
  }

  private sparse(data: unknown, depth: number): unknown {
    const [length, ...rest] = this.list(data);
    if (!isIndex(length, SPARSE_LENGTH + 1) || rest.length % 2 !== 0) this.fail('an array');
    const value: unknown[] = this.enter([]);
    value.length = SPARSE_LENGTH;
    value.length = length;
    for (let at = 0; at < rest.length; at += 2) {
      const index = rest[at];
      if (!isIndex(index, length)) this.fail('an array');
      value[index] = this.read(rest[at + 1], depth + 1);
    }
    return value;
  }

  private reference(data: unknown): unknown {
    if (!isIndex(data, this.entered.length)) this.fail('a reference');
    const value = this.entered[data];
    return value === PENDING ? this.fail('a reference') : value;
  }

  /** The chunks follow each other, each used once: stored lengths can never add up to more than the body. */
  get memoryLeft(): number {
    return this.memory.length - this.memoryAt;
  }

  private memoryOf(data: unknown): object {
    const [name, size] = this.list(data, 2);
    if (typeof name !== 'string' || !isIndex(size, this.memoryLeft + 1)) this.fail('memory');
    return this.nextMemory(name, size) ?? this.fail('memory');
  }

  nextMemory(name: string, size: number): object | undefined {
    const built = buildMemory(name, this.memory.subarray(this.memoryAt, this.memoryAt + size));
    this.memoryAt += size;
    return built;
  }

  private map(data: unknown, depth: number): unknown {
    const list = this.list(data);
    if (list.length % 2 !== 0) this.fail('a map');
    const value = this.enter(new Map<unknown, unknown>());
    for (let at = 0; at < list.length; at += 2) {
      const name = this.read(list[at], depth + 1);
      value.set(name, this.read(list[at + 1], depth + 1));
    }
    return value.size * 2 === list.length ? value : this.fail('a map');
  }

  private set(data: unknown, depth: number): unknown {
    const list = this.list(data);
    const value = this.enter(new Set<unknown>());
    for (const member of list) value.add(this.read(member, depth + 1));
    return value.size === list.length ? value : this.fail('a set');
  }

  private error(data: unknown, depth: number): unknown {
    const [name, hidden, own] = this.list(data, 3);
    const bare = bareError(typeof name === 'string' ? name : '') ?? this.fail('an error');
    const value = this.enter(bare);
    this.define(value, hidden, false, depth);
    this.define(value, own, true, depth);
    return value;
  }

  private define(target: Error, data: unknown, enumerable: boolean, depth: number): void {
    for (const [name, node] of Object.entries(this.record(data))) {
      if (name === '__proto__') throw protoFound(this.key);
      if (!enumerable && !isHiddenPart(name)) this.fail('an error');
      const value = this.read(node, depth + 1);
      Object.defineProperty(target, name, { value, enumerable, writable: true, configurable: true });
    }
  }

  private instance(data: unknown, depth: number): unknown {
    const [name, node] = this.list(data, 2);
    const registered = typeof name === 'string' ? this.classes.byName.get(name) : undefined;
    if (registered === undefined) {
      // The name is quoted only when it reads like one: the bytes may be hostile.
      const what = typeof name === 'string' && /^[\w.$:/@-]{1,255}$/.test(name) ? name : 'an unnamed class';
      const reason = `it holds an instance of ${what}, which is not registered here`;
      throw unsupportedPayload(
        this.key,
        `${reason}; register the class in serializer.classes, or delete the key`,
      );
    }
    const index = this.entered.push(PENDING) - 1;
    const value = this.build(registered, this.read(node, depth + 1));
    this.entered[index] = value;
    return value;
  }

  private build(registered: ResolvedClass, data: unknown): unknown {
    const remedy = 'let it read what earlier versions wrote, or delete the key';
    let value: unknown;
    try {
      value = registered.deserialize(data);
    } catch (thrown) {
      throw unsupportedPayload(
        this.key,
        `deserialize of the class ${registered.name} threw; ${remedy}`,
        thrown,
      );
    }
    if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === registered.prototype)
      return value;
    throw unsupportedPayload(
      this.key,
      `deserialize of the class ${registered.name} built no instance of it; ${remedy}`,
    );
  }

  private record(data: unknown): Record<string, unknown> {
    return isRecord(data) ? data : this.fail('an object');
  }

  private list(data: unknown, length?: number): unknown[] {
    if (!Array.isArray(data)) this.fail('a list');
    return length === undefined || data.length === length ? data : this.fail('a list');
  }

  fail(what: string): never {
    throw damagedPayload(this.key, `${what} is not as it was written`);
  }
}

function isIndex(value: unknown, below: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < below;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object with one property whose name begins with `@` is a tag. */
function tagOf(node: object): string | undefined {
  if (Array.isArray(node)) return undefined;
  for (const name in node) return name.startsWith('@') && Object.keys(node).length === 1 ? name : undefined;
  return undefined;
}
