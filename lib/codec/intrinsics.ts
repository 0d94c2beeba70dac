import { Buffer } from 'node:buffer';
import { URL } from 'node:url';

/** Names of the built-in types that can be stored. */
const SUPPORTED: ReadonlySet<string> = new Set(
  (
    'Object Array Date RegExp Map Set ArrayBuffer DataView ' +
    'Error EvalError RangeError ReferenceError SyntaxError TypeError URIError AggregateError ' +
    'Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array ' +
    'Float32Array Float64Array BigInt64Array BigUint64Array'
  ).split(' '),
);
/** Prototypes already recognised, of every realm; weak, so that a discarded vm context can be collected. */
const recognised = new WeakMap<object, string>([
  [Object.prototype, 'Object'],
  [Array.prototype, 'Array'],
  [Buffer.prototype, 'Buffer'],
  [URL.prototype, 'URL'],
]);

/**
 * Names the built-in type that a prototype belongs to, in this realm or another one (a vm context has its own
 * `Map.prototype`); undefined for everything else, subclasses included.
 *
 * @param prototype the prototype of a value
 */
export function intrinsicOf(prototype: object): string | undefined {
  const known = recognised.get(prototype);
  if (known !== undefined) return known;
  const name = nativeNameOf(prototype);
  if (name === undefined || !SUPPORTED.has(name)) return undefined;
  recognised.set(prototype, name);
  return name;
}

/** The engine itself prints a built-in constructor so; no class, function or bound function of a program does. */
const NATIVE_CONSTRUCTOR = /^function (\w+)\(\) \{ \[native code\] \}$/;

function nativeNameOf(prototype: object): string | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof constructor !== 'function' || constructor.prototype !== prototype) return undefined;
  return NATIVE_CONSTRUCTOR.exec(Function.prototype.toString.call(constructor))?.[1];
}

/**
 * Describes a value that cannot be stored by its class alone, without running any of its code.
 *
 * @param prototype the prototype of the value
 */
export function describeInstance(prototype: object): string {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof constructor !== 'function') return 'an object with a prototype of its own';
  const name: unknown = Object.getOwnPropertyDescriptor(constructor, 'name')?.value;
  return typeof name === 'string' && name !== ''
    ? `an instance of ${name}`
    : 'an instance of an unnamed class';
}
