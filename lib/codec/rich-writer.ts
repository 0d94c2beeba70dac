import { types } from 'node:util';
import { URL } from 'node:url';
import { hiddenParts, isErrorType } from './error-values.js';
import { isMemoryType, refusedMemory } from './memory-values.js';
import type { Walk } from './walk.js';

/**
 * Writes what JSON has no word for and is no object.
 *
 * @param walk the walk that met it
 * @param value undefined, a bigint, NaN, an infinity or -0; functions and symbols are refused
 * @param depth of the value
 */
export function writePrimitive(walk: Walk, value: unknown, depth: number): void {
  if (value === undefined) {
    walk.tag('u');
    walk.sink.ascii7('0}');
  } else if (typeof value === 'number') {
    walk.tag('n');
    walk.sink.ascii7(Object.is(value, -0) ? '"-0"}' : `"${value}"}`);
  } else if (typeof value === 'bigint') {
    walk.tag('i');
    walk.sink.string(value.toString(16)); // hexadecimal: written and read in linear time
    walk.sink.ascii7('}');
  } else {
    walk.refuse(depth, `cannot restore a ${typeof value}; store plain data`);
  }
}

/**
 * Writes an object of a built-in type.
 *
 * @param walk the walk that met it
 * @param value the object
 * @param name the built-in type that its prototype belongs to
 * @param depth of the value
 * @returns false when only its prototype is of that type
 */
export function writeBuiltIn(walk: Walk, value: object, name: string, depth: number): boolean {
  if (isMemoryType(name)) return writeMemory(walk, value, name, depth);
  if (isErrorType(name)) return writeError(walk, value, name, depth);
  if (name === 'Date' && types.isDate(value)) writeDate(walk, value, depth);
  else if (name === 'RegExp' && types.isRegExp(value)) writeRegExp(walk, value, depth);
  else if (name === 'Map' && types.isMap(value)) writeMap(walk, value, depth);
  else if (name === 'Set' && types.isSet(value)) writeSet(walk, value, depth);
  else if (name === 'URL' && value instanceof URL) writeUrl(walk, value, depth);
  else return false;
  return true;
}

function writeDate(walk: Walk, value: Date, depth: number): void {
  refuseExtras(walk, value, depth);
  const time = Date.prototype.getTime.call(value);
  walk.tag('d');
  walk.sink.ascii7(Number.isNaN(time) ? 'null}' : `${time}}`);
}

function writeRegExp(walk: Walk, value: RegExp, depth: number): void {
  refuseExtras(walk, value, depth);
  const { lastIndex } = value;
  if (!Number.isSafeInteger(lastIndex) || Object.is(lastIndex, -0)) {
    walk.refuse(depth, 'is a RegExp whose lastIndex is no integer; set it to 0');
  }
  walk.tag('r');
  walk.sink.ascii7('[');
  walk.sink.string(value.source);
  walk.sink.ascii7(`,"${value.flags}",${lastIndex}]}`);
}

function writeMap(walk: Walk, value: Map<unknown, unknown>, depth: number): void {
  refuseExtras(walk, value, depth);
  walk.tag('m');
  walk.sink.ascii7('[');
  // A copy: an accessor inside the map could add to it for ever.
  for (const [index, entry] of Array.from(Map.prototype.entries.call(value)).entries()) {
    if (index > 0) walk.sink.ascii7(',');
    walk.part(entry[0], { label: `.keys()[${index}]` }, depth);
    walk.sink.ascii7(',');
    walk.part(entry[1], { label: `.values()[${index}]` }, depth);
  }
  walk.sink.ascii7(']}');
}

function writeSet(walk: Walk, value: Set<unknown>, depth: number): void {
  refuseExtras(walk, value, depth);
  walk.tag('s');
  walk.sink.ascii7('[');
  for (const [index, member] of Array.from(Set.prototype.values.call(value)).entries()) {
    if (index > 0) walk.sink.ascii7(',');
    walk.part(member, { label: `.values()[${index}]` }, depth);
  }
  walk.sink.ascii7(']}');
}

function writeUrl(walk: Walk, value: URL, depth: number): void {
  refuseExtras(walk, value, depth);
  walk.tag('l');
  walk.sink.string(value.href);
  walk.sink.ascii7('}');
}

function writeMemory(walk: Walk, value: object, name: string, depth: number): boolean {
  if (!types.isArrayBuffer(value) && !ArrayBuffer.isView(value)) return false;
  if (name !== 'Buffer' && name !== brandOf(value)) return false;
  const refusal = refusedMemory(value);
  if (refusal !== undefined) walk.refuse(depth, refusal);
  walk.memory.add(value, walk.path(depth));
  walk.tag('b');
  walk.sink.ascii7(`["${name}",${value.byteLength}]}`);
  return true;
}

/** What a buffer or view is by construction, whatever its prototype says. */
function brandOf(value: object): string {
  if (types.isArrayBuffer(value)) return 'ArrayBuffer';
  if (types.isDataView(value)) return 'DataView';
  return types.isTypedArray(value) ? value[Symbol.toStringTag] : '';
}

function writeError(walk: Walk, value: object, name: string, depth: number): boolean {
  if (!types.isNativeError(value)) return false;
  if (
    Object.getOwnPropertySymbols(value).some((symbol) =>
      Object.prototype.propertyIsEnumerable.call(value, symbol),
    )
  ) {
    walk.refuse(depth, 'has properties named by symbols, which would be lost; name them by strings');
  }
  walk.tag('e');
  walk.sink.ascii7(`["${name}",`);
  walk.properties(hiddenParts(value), depth);
  walk.sink.ascii7(',');
  walk.properties(Object.entries(value), depth);
  walk.sink.ascii7(']}');
  return true;
}

/** A property that somebody added to a built-in object would be lost. */
function refuseExtras(walk: Walk, value: object, depth: number): void {
  if (Object.keys(value).length === 0 && Object.getOwnPropertySymbols(value).length === 0) return;
  walk.refuse(depth, 'its own properties would be lost; store plain data');
}
