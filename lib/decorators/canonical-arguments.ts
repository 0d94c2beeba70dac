import { types } from 'node:util';
import { formatPath, type Step } from '../codec/path.js';
import { CacheKeyGenerationError } from '../contract/errors.js';

/** Arguments inside arguments, at most: a key has no room for more. */
const MAX_DEPTH = 64;

/** Where the walk over the arguments is. */
interface Place {
  readonly method: string;
  readonly steps: readonly Step[];
  /** The containers around this one, to find a circle. */
  readonly around: readonly object[];
}

/**
 * Writes arguments so that equal ones look alike and others do not: the order of properties does not matter, `1` and
 * `'1'` differ, and a missing argument is `undefined`.
 *
 * @param args of one call
 * @param method for messages: `Profiles.find()`
 * @throws CacheKeyGenerationError when an argument, or a part of it, has no such form
 */
export function canonicalArguments(args: readonly unknown[], method: string): string {
  const last = args.findLastIndex((arg) => arg !== undefined);
  const given = args.slice(0, last + 1);
  return given.map((arg, index) => write(arg, { method, steps: [index], around: [] })).join(',');
}

function write(value: unknown, place: Place): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'object':
      return value === null ? 'null' : writeObject(value, place);
    default:
      throw refusal(place, `is a ${typeof value}`);
  }
}

function writeObject(value: object, place: Place): string {
  if (place.around.includes(value)) throw refusal(place, 'contains itself');
  if (place.around.length >= MAX_DEPTH) throw refusal(place, `is deeper than ${MAX_DEPTH} levels`);
  const inside = { ...place, around: [...place.around, value] };
  if (Array.isArray(value)) return writeList(value, inside);
  if (types.isDate(value)) return writeDate(value, place);
  if (types.isMap(value)) return `Map(${writeList([...value], inside)})`;
  if (types.isSet(value)) return `Set(${writeList([...value], inside)})`;
  if (types.isUint8Array(value)) return `Bytes(${Buffer.from(value).toString('hex')})`;
  return writeProperties(value, inside);
}

function writeList(list: readonly unknown[], place: Place): string {
  const parts = Array.from(list, (item, index) => write(item, { ...place, steps: [...place.steps, index] }));
  return `[${parts.join(',')}]`;
}

function writeDate(date: Date, place: Place): string {
  if (Number.isNaN(date.getTime())) throw refusal(place, 'is an invalid date');
  return `Date(${date.toISOString()})`;
}

function writeProperties(value: object, place: Place): string {
  const title = titleOf(value, place);
  if (Object.getOwnPropertySymbols(value).length > 0) throw refusal(place, 'has a symbol as a property');
  const entries = Object.entries(value);
  if (entries.length === 0 && title !== '') {
    throw refusal(place, `is a ${title} without a property that would tell it from another one`);
  }
  const sorted = entries.toSorted(([one], [other]) => (one < other ? -1 : 1));
  const parts = sorted.map(
    ([name, part]) => `${JSON.stringify(name)}:${write(part, { ...place, steps: [...place.steps, name] })}`,
  );
  return `${title}{${parts.join(',')}}`;
}

/** The class of an object, as far as its properties tell all of it; none for a plain one. */
function titleOf(value: object, place: Place): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return '';
  const tag = Object.prototype.toString.call(value);
  const title = value.constructor?.name ?? '';
  // What the engine or a library marks as something of its own keeps its state elsewhere.
  if (tag === '[object Object]' && title !== '' && value.constructor.prototype === prototype) return title;
  throw refusal(place, `is a ${title === '' ? tag : title}, which has no canonical form`);
}

function refusal({ method, steps }: Place, problem: string): CacheKeyGenerationError {
  return new CacheKeyGenerationError(
    `No key can be made of the arguments of ${method}: what is at ${formatPath(steps)} of them ${problem}. ` +
      'Give the decorator a key, as a template or a function of the arguments.',
  );
}
