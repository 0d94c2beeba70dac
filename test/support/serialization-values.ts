import { Buffer } from 'node:buffer';
import { runInNewContext } from 'node:vm';

/** A value that a cache meets, and what must become of it: it comes back exactly, or is refused at a path. */
export interface SerializationCase {
  readonly name: string;
  /** Made anew for each use: some values are changed by being looked at. */
  readonly make: () => unknown;
  /** Where it is refused; absent when it comes back exactly. */
  readonly refusedAt?: string;
}

function exact(name: string, make: () => unknown): SerializationCase {
  return { name, make };
}

function refused(name: string, refusedAt: string, make: () => unknown): SerializationCase {
  return { name, make, refusedAt };
}

class Account {
  constructor(readonly id = 1) {}
}
class OwnMap extends Map {}
class OwnArray extends Array {}
class OwnError extends Error {}

function withExtra<T extends object>(target: T): T {
  return Object.assign(target, { extra: 1 });
}

function cycle(): unknown {
  const value: Record<string, unknown> = { name: 'root' };
  value['self'] = value;
  value['children'] = [value, { parent: value }];
  return value;
}

function shared(): unknown {
  const part = { x: 1 };
  const list = [part];
  return { first: part, second: part, list, again: list, when: [new Date(1), part] };
}

function sharedByMany(): unknown {
  const parts = Array.from({ length: 40 }, (_, index) => ({ index }));
  return { parts, backwards: parts.toReversed() };
}

function sharedThenNew(): unknown {
  const parts = Array.from({ length: 20 }, (_, index) => ({ index }));
  const late = { late: true };
  return [...parts, parts[3], late, late, parts[19], { again: late }];
}

function cycleThroughMap(): unknown {
  const map = new Map<unknown, unknown>();
  const set = new Set<unknown>([map]);
  map.set('set', set).set(map, 'itself').set(set, { set });
  return map;
}

function cyclicError(): unknown {
  const error = new Error('outer', { cause: new TypeError('inner') });
  return Object.assign(error, { self: error, code: 'E_CODE', details: new Map([['a', 1n]]) });
}

function sparse(): unknown {
  const list: unknown[] = [];
  list[2] = 'two';
  list[7] = undefined;
  list.length = 12;
  return list;
}

function hugeSparse(): unknown {
  const list: unknown[] = [];
  list[4_000_000_000] = { far: true };
  return list;
}

function nullPrototype(): unknown {
  const value: Record<string, unknown> = Object.create(null);
  value['a'] = new Date(5);
  value['@d'] = 1;
  return value;
}

function withLastIndex(): unknown {
  const value = /x+/gi;
  value.lastIndex = 3;
  return value;
}

function nested(levels: number): unknown {
  let value: unknown = 'end';
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? { next: value } : [value];
  return value;
}

function linkedList(length: number): unknown {
  let value: unknown = null;
  for (let index = 0; index < length; index += 1) value = { next: value };
  return value;
}

function viewInMiddle(): unknown {
  return new Uint16Array(new Uint8Array([9, 9, 1, 2, 3, 4, 9, 9]).buffer, 2, 2);
}

function overlapping(): unknown {
  const memory = new ArrayBuffer(16);
  return { all: memory, part: new Uint8Array(memory, 4, 4) };
}

function resizable(): unknown {
  return Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }]);
}

function transferred(): unknown {
  const memory = new ArrayBuffer(8);
  structuredClone(memory, { transfer: [memory] });
  return { view: new Uint8Array(0), memory };
}

function* numbers(): Generator<number> {
  yield 1;
}

function ownArguments(..._parts: unknown[]): unknown {
  return arguments;
}

function accessor(): unknown {
  let reads = 0;
  const count = (): number => (reads += 1);
  return Object.defineProperty({ before: 1 }, 'reads', { get: count, enumerable: true });
}

/** Every value of the fidelity promise. */
export const SERIALIZATION_VALUES: readonly SerializationCase[] = [
  exact('null', () => null),
  exact('undefined', () => undefined),
  exact('true', () => true),
  exact('false', () => false),
  exact('zero', () => 0),
  exact('an integer', () => -123_456_789),
  exact('a number past 32 bits', () => 2 ** 53 - 1),
  exact('numbers of every size', () => [1e21, 5e-324, 1.797e308, 0.1, 2 ** 31, 2 ** 31 - 1, 10, 99, 100, -1]),
  exact('NaN', () => Number.NaN),
  exact('Infinity', () => Number.POSITIVE_INFINITY),
  exact('-Infinity', () => Number.NEGATIVE_INFINITY),
  exact('-0', () => -0),
  exact('special numbers inside', () => ({
    list: [Number.NaN, -0, Number.POSITIVE_INFINITY],
    undef: undefined,
  })),
  exact('the empty string', () => ''),
  exact('ASCII', () => 'plain "quoted" \\ text\n'),
  exact('non-ASCII', () => 'Zoë – 東京都 – 🎉'),
  exact('a long non-ASCII string', () => '東京都'.repeat(1000)),
  exact('lone surrogates', () => '\ud800 and \udfff'),
  exact('strings inside', () => [
    '\ud800',
    'ü',
    '\u0000',
    '\u2028',
    '東',
    '🎉',
    '"',
    '\\',
    'é"',
    '\u007f',
    'x'.repeat(100),
  ]),
  exact('a bigint', () => 12_345_678_901_234_567_890n),
  exact('a negative bigint', () => -1n),
  exact('a bigint of 5,000 digits', () => 7n ** 6000n),
  exact('an object', () => ({ a: 1, b: 'two', c: null, d: [true, { e: {} }], f: [] })),
  exact('an object with odd names', () => ({
    '': 1,
    'a b': 2,
    '"': 3,
    é: 4,
    10: 5,
    constructor: 6,
    toString: 7,
  })),
  exact('an object that looks like a tag', () => ({
    a: { '@d': 1 },
    b: { '@o': { '@=': 0 } },
    c: { '@': 1 },
  })),
  exact('an object that looks like JSON of another library', () => ({
    $type: 'Date',
    __type: 'x',
    json: {},
  })),
  exact('the string "__proto__"', () => ({ name: '__proto__', list: ['__proto__', String.raw`\u005f`] })),
  exact('a null-prototype object', nullPrototype),
  exact('an object of another realm', () =>
    runInNewContext('({ list: [1, { a: new Date(1) }], map: new Map([[1, 2]]) })'),
  ),
  exact('an error of another realm', () => runInNewContext('new RangeError("far")')),
  exact('a dense array', () => [1, 'two', null, [3]]),
  exact('undefined in an array', () => [undefined, 1, undefined]),
  exact('an array with holes', sparse),
  exact('an array of holes only', () => Object.assign([], { length: 3 })),
  exact('an array of 4,000,000,001 holes', hugeSparse),
  exact('a Date', () => new Date('2024-02-29T12:34:56.789Z')),
  exact('an invalid Date', () => new Date(Number.NaN)),
  exact('a RegExp', () => /a\/b[\]"]+/dgimsuy),
  exact('a RegExp with lastIndex', withLastIndex),
  exact('an empty RegExp', () => new RegExp('')),
  exact('a URL', () => new URL('https://user:pw@example.com:8443/a%20b?q=ü#frag')),
  exact(
    'a Map',
    () =>
      new Map<unknown, unknown>([
        ['b', 1],
        ['a', { x: 1 }],
        [3, null],
      ]),
  ),
  exact(
    'a Map with rich keys',
    () =>
      new Map<unknown, unknown>([
        [{ k: 1 }, 'object'],
        [Number.NaN, 1n],
        [undefined, new Map()],
      ]),
  ),
  exact('a Set', () => new Set<unknown>(['z', 1, { a: 1 }, undefined])),
  exact('an empty Map and Set', () => [new Map(), new Set()]),
  exact('an Error', () => new Error('message')),
  exact('an Error without a message', () => new Error()),
  exact('every built-in Error', () =>
    [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => new type('m')),
  ),
  exact('an Error with cause and own properties', cyclicError),
  exact('an Error whose cause is undefined', () => new Error('m', { cause: undefined })),
  exact('an Error with a hidden name', () =>
    Object.defineProperty(new Error('m'), 'name', { value: 'Named', configurable: true, writable: true }),
  ),
  exact('an AggregateError', () => new AggregateError([new Error('a'), 'b', undefined], 'both')),
  exact('a Buffer', () => Buffer.from('bytes')),
  exact('an empty Buffer', () => Buffer.alloc(0)),
  exact('a Buffer inside', () => ({ data: Buffer.from('one'), other: Buffer.from('two') })),
  exact('an ArrayBuffer', () => new Uint8Array([1, 2, 3]).buffer),
  exact('a Uint8Array', () => new Uint8Array([1, 2, 3])),
  exact('a Uint8ClampedArray', () => new Uint8ClampedArray([0, 255])),
  exact('an Int8Array', () => new Int8Array([-1, 1])),
  exact('an Int16Array', () => new Int16Array([-1, 256])),
  exact('a Uint16Array', () => new Uint16Array([1, 65_535])),
  exact('an Int32Array', () => new Int32Array([-1, 65_536])),
  exact('a Uint32Array', () => new Uint32Array([1, 4_294_967_295])),
  exact('a Float32Array', () => new Float32Array([0.5, Number.NaN, -0])),
  exact('a Float64Array', () => new Float64Array([0.1, Number.NaN, -0, Number.POSITIVE_INFINITY])),
  exact('a BigInt64Array', () => new BigInt64Array([-1n, 1n])),
  exact('a BigUint64Array', () => new BigUint64Array([2n ** 64n - 1n])),
  exact('a DataView', () => new DataView(new Uint8Array([1, 2, 3]).buffer, 1)),
  exact('a view on the middle of its memory', viewInMiddle),
  exact('a cycle', cycle),
  exact('shared references', shared),
  exact('many shared references', sharedByMany),
  exact('shared references beside new objects', sharedThenNew),
  exact('cycles through a Map and a Set', cycleThroughMap),
  exact('one view twice', () => {
    const view = new Uint8Array([1]);
    return [view, view, view.length];
  }),
  exact('1,000 levels', () => nested(1000)),
  exact('1,000 rich levels', () => {
    let value: unknown = 1n;
    for (let level = 0; level < 1000; level += 1) value = new Map([[0, value]]);
    return value;
  }),
  exact('a Proxy of plain data', () => new Proxy({ a: 1 }, {})),
  refused('a function', '$', () => () => 1),
  refused('a function inside', '$.user.greet', () => ({ user: { greet: () => 1 } })),
  refused('a toJSON method', '$.toJSON', () => ({ secret: 1, toJSON: () => 'safe' })),
  refused('a symbol', '$[1]', () => [1, Symbol('s')]),
  refused('a Promise', '$', () => Promise.resolve(1)),
  refused('a WeakMap', '$.cache', () => ({ cache: new WeakMap() })),
  refused('a WeakSet', '$', () => new WeakSet()),
  refused('a WeakRef', '$', () => new WeakRef({})),
  refused('a generator', '$', () => numbers()),
  refused('a Proxy of a function', '$.f', () => ({ f: new Proxy(() => 1, {}) })),
  refused('a Proxy of a Promise', '$', () => new Proxy(Promise.resolve(), {})),
  refused('a Proxy of a Map', '$', () => new Proxy(new Map(), {})),
  refused('an instance of a class', '$.user.account', () => ({ user: { account: new Account() } })),
  refused(
    'an instance in a Map',
    '$.values()[1]',
    () =>
      new Map([
        ['a', new Date()],
        ['b', new Account()],
      ] as [string, object][]),
  ),
  refused('an instance as a key of a Map', '$.keys()[0].id', () => new Map([[{ id: new Account() }, 1]])),
  refused('an instance in a Set', '$.values()[0]', () => new Set([new Account()])),
  refused('an instance of a class without a name', '$', () => new (class {})()),
  refused('an object with a prototype of its own', '$', () => Object.create({ inherited: 1 })),
  refused('a prototype that pretends', '$', () =>
    Object.create(Object.create(null, { constructor: { value: Object } })),
  ),
  refused('a subclass of Map', '$', () => new OwnMap()),
  refused('a subclass of Array', '$.list', () => ({ list: new OwnArray() })),
  refused('a subclass of Error', '$.cause', () => new Error('m', { cause: new OwnError('own') })),
  refused('a boxed number', '$', () => Object(1)),
  refused('a boxed string', '$[0]', () => [Object('s')]),
  refused('a boxed boolean', '$', () => Object(true)),
  refused('a boxed bigint', '$', () => Object(1n)),
  refused('a symbol key', '$.a', () => ({ a: { [Symbol('s')]: 1, b: 2 } })),
  refused('a symbol key of an array', '$', () => Object.assign([1], { [Symbol('s')]: 1 })),
  refused('a symbol key of an error', '$', () => Object.assign(new Error('m'), { [Symbol('s')]: 1 })),
  refused('Math', '$', () => Math),
  refused('arguments', '$', () => ownArguments(1)),
  refused('an array with properties of its own', '$.list', () => ({ list: withExtra([1, 2]) })),
  refused('an array with a hole and a property', '$', () => {
    const list = withExtra([1, 2]);
    Reflect.deleteProperty(list, 0);
    return list;
  }),
  refused('an array without a prototype', '$', () => Object.setPrototypeOf([1], null)),
  refused('an array that pretends to be an object', '$', () => Object.setPrototypeOf([1], Object.prototype)),
  refused('an object that pretends to be an array', '$', () => Object.create(Array.prototype)),
  refused('an object that pretends to be a Date', '$', () => Object.create(Date.prototype)),
  refused('an object that pretends to be bytes', '$', () => Object.create(Uint8Array.prototype)),
  refused('an object that pretends to be an error', '$', () => Object.create(TypeError.prototype)),
  refused('bytes that pretend to be others', '$', () =>
    Object.setPrototypeOf(new Uint8Array(1), Float64Array.prototype),
  ),
  refused('a Map with properties of its own', '$', () => withExtra(new Map())),
  refused('a Date with properties of its own', '$.at', () => ({ at: withExtra(new Date()) })),
  refused('bytes with properties of their own', '$', () => withExtra(new Uint8Array(100))),
  refused('a Buffer with properties of its own', '$', () => withExtra(Buffer.alloc(10))),
  refused('bytes with a symbol key', '$', () => Object.assign(new Uint8Array(1), { [Symbol('s')]: 1 })),
  refused('an ArrayBuffer with properties of its own', '$', () => withExtra(new ArrayBuffer(1))),
  refused('a RegExp with a strange lastIndex', '$', () => Object.assign(/x/g, { lastIndex: 0.5 })),
  refused('an own __proto__', '$.a', () => JSON.parse('{"a":{"__proto__":{"polluted":true}}}') as unknown),
  refused('an own __proto__ of an error', '$', () =>
    Object.defineProperty(new Error('m'), '__proto__', { value: 1, enumerable: true }),
  ),
  refused('an own __proto__ without a prototype', '$', () =>
    Object.assign(Object.create(null), JSON.parse('{"__proto__":1}')),
  ),
  refused('1,001 levels', '$.next[0].next[0]', () => nested(1001)),
  refused('a linked list of 1,000,000', '$.next.next.next', () => linkedList(1_000_000)),
  refused('views that overlap', '$.part', overlapping),
  refused('a SharedArrayBuffer', '$', () => new SharedArrayBuffer(8)),
  refused('a view on a SharedArrayBuffer', '$', () => new Uint8Array(new SharedArrayBuffer(8))),
  refused('a resizable ArrayBuffer', '$', resizable),
  refused('transferred memory', '$.memory', transferred),
];

/** Values whose accessors are read once and stored as their values. */
export const ACCESSOR_VALUE = accessor;
