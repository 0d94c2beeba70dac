import { resolveCompression } from './compression-options.js';
import type { ResolvedCompression } from './compression.js';
import { intrinsicOf } from './intrinsics.js';
import { kindOf, wholeNumber } from './option-values.js';
import type { CacheSerializer, RegisteredClass, SerializerOption } from './serializer.js';
import { CacheConfigurationError } from '../contract/errors.js';

const MIB = 1024 * 1024;
/** The largest value in bytes unless the application says otherwise. */
export const DEFAULT_MAX_BYTES = 64 * MIB;
/** Redis holds strings up to 512 MiB, and the frame needs a little. */
const LARGEST_MAX_BYTES = 511 * MIB;
const LONGEST_NAME = 255;
const OPTIONS = new Set(['classes', 'maxBytes', 'compression']);

/** A registered class, ready to be called with values of unknown type. */
export interface ResolvedClass {
  readonly name: string;
  readonly prototype: object;
  serialize(instance: unknown): unknown;
  deserialize(data: unknown): unknown;
}

/** Registered classes by what identifies them when writing and when reading. */
export interface Classes {
  readonly byPrototype: ReadonlyMap<object, ResolvedClass>;
  readonly byName: ReadonlyMap<string, ResolvedClass>;
}

/** Checked options. */
export interface ResolvedSerializer {
  readonly classes: Classes;
  readonly maxBytes: number;
  readonly compression: ResolvedCompression | undefined;
  /** The application's own serializer, in place of the built-in one. */
  readonly custom: CacheSerializer | undefined;
}

/**
 * Checks the `serializer` option.
 *
 * @param option as the application gave it
 * @throws CacheConfigurationError with every problem
 */
export function resolveSerializer(option: SerializerOption = {}): ResolvedSerializer {
  const problems: string[] = [];
  const resolved = resolve(option, problems);
  if (problems.length > 0) throw new CacheConfigurationError(problems);
  return resolved;
}

function resolve(option: SerializerOption, problems: string[]): ResolvedSerializer {
  const none = { byPrototype: new Map<object, ResolvedClass>(), byName: new Map<string, ResolvedClass>() };
  const defaults = { classes: none, maxBytes: DEFAULT_MAX_BYTES, compression: undefined, custom: undefined };
  if (typeof option !== 'object' || option === null) {
    problems.push(
      `serializer: expected options or an object with serialize and deserialize, found ${kindOf(option)}`,
    );
    return defaults;
  }
  if ('serialize' in option || 'deserialize' in option) return resolveCustom(option, problems, defaults);
  for (const name of Object.keys(option)) {
    if (!OPTIONS.has(name))
      problems.push(`serializer.${name}: there is no such option; expected ${[...OPTIONS].join(', ')}`);
  }
  return {
    classes: resolveClasses(option.classes ?? [], none, problems),
    maxBytes: resolveMaxBytes(option.maxBytes ?? DEFAULT_MAX_BYTES, problems),
    compression: resolveCompression(option.compression, problems),
    custom: undefined,
  };
}

function resolveCustom(option: object, problems: string[], defaults: ResolvedSerializer): ResolvedSerializer {
  if (!isSerializer(option)) {
    problems.push('serializer: expected both serialize and deserialize to be functions');
    return defaults;
  }
  for (const name of OPTIONS) {
    if (name in option)
      problems.push(`serializer.${name}: only the built-in serializer takes it; expected no such property`);
  }
  return { ...defaults, custom: option };
}

function isSerializer(option: object): option is CacheSerializer {
  return (
    typeof Reflect.get(option, 'serialize') === 'function' &&
    typeof Reflect.get(option, 'deserialize') === 'function'
  );
}

function resolveMaxBytes(maxBytes: unknown, problems: string[]): number {
  return wholeNumber('serializer.maxBytes', maxBytes, 1, LARGEST_MAX_BYTES, problems) ?? DEFAULT_MAX_BYTES;
}

interface MutableClasses {
  readonly byPrototype: Map<object, ResolvedClass>;
  readonly byName: Map<string, ResolvedClass>;
}

function resolveClasses(classes: unknown, into: MutableClasses, problems: string[]): Classes {
  if (!Array.isArray(classes)) {
    problems.push(`serializer.classes: expected an array, found ${kindOf(classes)}`);
    return into;
  }
  const list: readonly unknown[] = classes;
  for (const [index, registered] of list.entries()) {
    const at = `serializer.classes[${index}]`;
    if (isRegistration(registered, at, problems)) addClass(registered, at, into, problems);
  }
  return into;
}

function isRegistration(value: unknown, at: string, problems: string[]): value is RegisteredClass {
  if (typeof value !== 'object' || value === null) {
    problems.push(`${at}: expected what registerClass returns, found ${kindOf(value)}`);
    return false;
  }
  const before = problems.length;
  const name: unknown = Reflect.get(value, 'name');
  if (typeof name !== 'string' || name.length === 0 || name.length > LONGEST_NAME) {
    const found = typeof name === 'string' ? `${name.length} characters` : kindOf(name);
    problems.push(`${at}.name: expected 1 to ${LONGEST_NAME} characters, found ${found}`);
  }
  if (prototypeOf(Reflect.get(value, 'class')) === undefined) {
    problems.push(`${at}.class: expected a class, found ${kindOf(Reflect.get(value, 'class'))}`);
  }
  for (const method of ['serialize', 'deserialize']) {
    const found: unknown = Reflect.get(value, method);
    if (typeof found !== 'function')
      problems.push(`${at}.${method}: expected a function, found ${kindOf(found)}`);
  }
  return problems.length === before;
}

function addClass(registered: RegisteredClass, at: string, into: MutableClasses, problems: string[]): void {
  const { name } = registered;
  const prototype = prototypeOf(registered.class);
  if (prototype === undefined) return;
  if (intrinsicOf(prototype) !== undefined) {
    problems.push(
      `${at}.class: expected a class of the application, found the built-in ${intrinsicOf(prototype)}`,
    );
  }
  if (into.byName.has(name))
    problems.push(`${at}.name: expected a name of its own, found ${JSON.stringify(name)} again`);
  if (into.byPrototype.has(prototype)) problems.push(`${at}.class: expected each class once, found it again`);
  const resolved: ResolvedClass = {
    name,
    prototype,
    serialize: (instance) => registered.serialize(instance),
    deserialize: (data) => registered.deserialize(data),
  };
  into.byName.set(name, resolved);
  into.byPrototype.set(prototype, resolved);
}

function prototypeOf(type: unknown): object | undefined {
  if (typeof type !== 'function') return undefined;
  const prototype: unknown = type.prototype;
  return typeof prototype === 'object' && prototype !== null ? prototype : undefined;
}
