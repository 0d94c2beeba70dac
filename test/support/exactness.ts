import { Buffer } from 'node:buffer';
import { types } from 'node:util';

/**
 * Tells where two values differ in type, content, order or identity structure; undefined when they are the same in
 * everything. (Deep equality alone takes two equal objects for one shared object.)
 */
export function difference(expected: unknown, actual: unknown): string | undefined {
  return new Comparison().compare(expected, actual, '$');
}

class Comparison {
  private readonly pairs = new Map<object, object>();
  private readonly taken = new Set<object>();

  compare(expected: unknown, actual: unknown, path: string): string | undefined {
    if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) {
      return Object.is(expected, actual) ? undefined : `${path}: another primitive`;
    }
    const known = this.pairs.get(expected);
    if (known !== undefined) return known === actual ? undefined : `${path}: another identity`;
    if (this.taken.has(actual)) return `${path}: shared where it was not`;
    this.pairs.set(expected, actual);
    this.taken.add(actual);
    if (tagOf(expected) !== tagOf(actual)) return `${path}: ${tagOf(actual)} in place of ${tagOf(expected)}`;
    return this.compareParts(partsOf(expected), partsOf(actual), path);
  }

  private compareParts(expected: Part[], actual: Part[], path: string): string | undefined {
    if (expected.length !== actual.length)
      return `${path}: ${actual.length} parts in place of ${expected.length}`;
    for (const [index, [name, part]] of expected.entries()) {
      const found = actual[index];
      if (found === undefined || found[0] !== name) return `${path}: ${found?.[0]} in place of ${name}`;
      const differs = this.compare(part, found[1], `${path}.${name}`);
      if (differs !== undefined) return differs;
    }
    return undefined;
  }
}

/** The built-in type by its brand, with the name of the class: the realm does not matter. */
function tagOf(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null) return 'null prototype';
  return `${Object.prototype.toString.call(value)} ${value.constructor.name}`;
}

type Part = readonly [name: string, value: unknown];

function partsOf(value: object): Part[] {
  if (ArrayBuffer.isView(value)) return [['bytes', bytesOf(value)]];
  if (types.isAnyArrayBuffer(value)) return [['bytes', bytesOf(new Uint8Array(value))]];
  if (types.isDate(value)) return [['time', value.getTime()]];
  if (types.isRegExp(value))
    return [
      ['text', String(value)],
      ['lastIndex', value.lastIndex],
    ];
  if (value instanceof URL) return [['href', value.href]];
  const parts: Part[] = [];
  if (Array.isArray(value)) parts.push(['length', value.length]);
  if (types.isMap(value)) for (const [key, part] of value) parts.push(['key', key], ['value', part]);
  if (types.isSet(value)) for (const part of value) parts.push(['member', part]);
  if (types.isNativeError(value)) parts.push(...hiddenOf(value));
  for (const [name, part] of Object.entries(value)) parts.push([name, part]);
  return parts;
}

function hiddenOf(error: Error): Part[] {
  return ['name', 'message', 'stack', 'cause', 'errors']
    .filter((name) => Object.hasOwn(error, name) && !Object.prototype.propertyIsEnumerable.call(error, name))
    .map((name) => [`hidden ${name}`, Reflect.get(error, name)]);
}

function bytesOf(view: ArrayBufferView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
}
