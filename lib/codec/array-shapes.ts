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
