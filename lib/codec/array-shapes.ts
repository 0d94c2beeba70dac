import { intrinsicOf } from './intrinsics.js';
import type { Walk } from './walk.js';

/** Whether this is an array of any realm, and of no subclass. */
export function isPlainArray(value: readonly unknown[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return true;
  return typeof prototype === 'object' && prototype !== null && intrinsicOf(prototype) === 'Array';
}

/** Whether an array has every index and nothing else, given how many own enumerable properties it has. */
export function isDense(value: readonly unknown[], count: number): boolean {
  if (count !== value.length) return false;
  for (let index = 0; index < count; index += 1) if (!(index in value)) return false;
  return true;
}

/** For fewer elements a call of the engine's own writer does not pay; more could be far over the limit in size. */
const FEWEST_NUMBERS = 8;
const MOST_NUMBERS = 10_000;

/** Whether `JSON.stringify` writes these elements, which nobody else can change, exactly and fast. */
export function areNumbers(parts: readonly unknown[]): boolean {
  if (parts.length < FEWEST_NUMBERS || parts.length > MOST_NUMBERS || 'toJSON' in parts) return false;
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index];
    if (typeof part !== 'number' || part - part !== 0 || (part === 0 && 1 / part < 0)) return false;
  }
  return true;
}

/**
 * Writes an array with holes as `[length, index, value, index, value, …]`.
 *
 * @param walk the walk that met it
 * @param value the array
 * @param parts its values without the holes, each read once
 * @param depth of the array
 */
export function writeSparse(
  walk: Walk,
  value: readonly unknown[],
  parts: readonly unknown[],
  depth: number,
): void {
  const keys = Object.keys(value);
  const last = keys.at(-1); // indices come before names
  if (last !== undefined && !(Number(last) < value.length && `${Number(last)}` === last)) {
    walk.refuse(depth, 'is an array with properties of its own, which would be lost; use an object');
  }
  walk.tag('a');
  walk.sink.ascii7('[');
  walk.sink.number(value.length);
  for (const [at, key] of keys.entries()) {
    const index = Number(key);
    walk.sink.ascii7(`,${index},`);
    walk.part(parts[at], index, depth);
  }
  walk.sink.ascii7(']}');
}
