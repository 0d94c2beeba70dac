import type { Buffer } from 'node:buffer';
import type { Codec } from './codec.js';

/**
 * Freezes what it decodes, through and through, so that many can share it. What freezing does not guard (a Map, a Set,
 * a Date, bytes, an instance of a class) is left as it is, with all of the value around it.
 */
export class FrozenCodec implements Codec {
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  encode(value: unknown, key: string, room?: number): Buffer {
    return this.#codec.encode(value, key, room);
  }

  decode(bytes: Buffer, key: string, start?: number): unknown {
    const value = this.#codec.decode(bytes, key, start);
    for (const container of containersOf(value) ?? []) Object.freeze(container);
    return value;
  }
}

/** Whether nobody can change a value, nor anything in it. */
export function isFrozenThrough(value: unknown): boolean {
  const containers = containersOf(value);
  if (containers === undefined) return false;
  for (const container of containers) if (!Object.isFrozen(container)) return false;
  return true;
}

/** The plain objects and arrays that a value is made of; undefined when it has parts that freezing does not guard. */
function containersOf(value: unknown): ReadonlySet<object> | undefined {
  const found = new Set<object>();
  if (!isPrimitive(value)) found.add(value);
  // What is found on the way is visited too, each once: a value may lead back to itself.
  for (const container of found) {
    if (!isPlain(container)) return undefined;
    const parts: Iterable<unknown> = Array.isArray(container) ? container : Object.values(container);
    for (const part of parts) if (!isPrimitive(part)) found.add(part);
  }
  return found;
}

function isPrimitive(
  value: unknown,
): value is string | number | bigint | boolean | symbol | null | undefined {
  return (typeof value !== 'object' && typeof value !== 'function') || value === null;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || prototype === Array.prototype;
}
