import { Buffer } from 'node:buffer';
import { endianness } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { createCodec } from '../../lib/codec/codec.js';
import { toLittleEndian } from '../../lib/codec/memory-values.js';
import { registerClass, type SerializerOption } from '../../lib/codec/serializer.js';
import { CacheConfigurationError, CacheSerializationError } from '../../lib/contract/errors.js';
import { difference } from '../support/exactness.js';
import { ACCESSOR_VALUE, SERIALIZATION_VALUES } from '../support/serialization-values.js';

const KEY = 'profile:42';
const codec = createCodec();

function failureOf(task: () => unknown): CacheSerializationError {
  try {
    task();
  } catch (thrown) {
    if (thrown instanceof CacheSerializationError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

function roundTrip(value: unknown, option?: SerializerOption): unknown {
  const own = createCodec(option);
  return own.decode(own.encode(value, KEY), KEY);
}

/** A body with a right header, as nobody wrote it. */
function bodyOf(codecId: string, flags: number, payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.from([codecId.charCodeAt(0), flags, 0, 0, 0, 0]);
  header.writeUInt32BE(bytes.length, 2);
  return Buffer.concat([header, bytes]);
}

function richBody(text: string, memory: Buffer = Buffer.alloc(0)): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(text));
  return bodyOf('r', 0, Buffer.concat([length, Buffer.from(text), memory]));
}

function problemsOf(option: unknown): readonly string[] {
  try {
    Reflect.apply(createCodec, undefined, [option]);
  } catch (thrown) {
    if (thrown instanceof CacheConfigurationError) return thrown.problems;
    throw thrown;
  }
  return [];
}

function grown(task: () => void): number {
  const before = process.memoryUsage();
  task();
  const after = process.memoryUsage();
  return (
    Math.max(after.heapUsed - before.heapUsed, 0) + Math.max(after.arrayBuffers - before.arrayBuffers, 0)
  );
}

const swapped = (width: number) => [...toLittleEndian(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), width, 'BE')];

describe('A34 every value comes back exactly or is refused at set', () => {
  it('A34 knows more values than the promise names', () => {
    expect(SERIALIZATION_VALUES.length).toBeGreaterThanOrEqual(58);
    expect(new Set(SERIALIZATION_VALUES.map(({ name }) => name)).size).toBe(SERIALIZATION_VALUES.length);
  });

  const exact = SERIALIZATION_VALUES.filter(({ refusedAt }) => refusedAt === undefined);
  it.each(exact)('A34 $name comes back exactly', ({ name, make }) => {
    const value = make();
    expect(difference(value, roundTrip(value))).toBeUndefined();
    if (!name.includes('levels'))
      expect(difference([value, { value }], roundTrip([value, { value }]))).toBeUndefined();
  });

  const refused = SERIALIZATION_VALUES.filter(({ refusedAt }) => refusedAt !== undefined);
  it.each(refused)('A34 $name is refused at $refusedAt', ({ make, refusedAt }) => {
    const failure = failureOf(() => codec.encode(make(), KEY));
    expect(failure.code).toBe('CACHE_VALUE_REFUSED');
    expect(failure.key).toBe(KEY);
    expect(failure.message.startsWith(`Cannot store "profile:42": ${refusedAt}`)).toBe(true);
    expect(failure.message).toContain(';');
  });

  it('A34 names the path, the class and the remedy', () => {
    class Account {}
    const failure = failureOf(() => codec.encode({ user: { account: new Account() } }, KEY));
    expect(failure.message).toBe(
      'Cannot store "profile:42": $.user.account: cannot restore an instance of Account; ' +
        'register the class in serializer.classes, or store plain data',
    );
  });

  it('A34 writes odd names in a path readably and shortens long ones', () => {
    const name = 'n'.repeat(200);
    const failure = failureOf(() => codec.encode({ 'a b': [{ [name]: () => 1 }] }, KEY));
    expect(failure.message).toContain(`$["a b"][0]["${'n'.repeat(64)}…"]`);
  });

  it('A34 reads an accessor once and stores its value', () => {
    expect(roundTrip(ACCESSOR_VALUE())).toEqual({ before: 1, reads: 1 });
    expect(roundTrip({ rich: 1n, inside: ACCESSOR_VALUE() })).toEqual({
      rich: 1n,
      inside: { before: 1, reads: 1 },
    });
    let reads = 0;
    const list = Object.defineProperty([1, 2], 1, { get: () => (reads += 1), enumerable: true });
    expect(roundTrip(list)).toEqual([1, 1]);
    const holes = Object.defineProperty(Object.assign([], { length: 4 }), 2, {
      get: () => (reads += 1),
      enumerable: true,
    });
    expect(difference(Object.assign([], { length: 4, 2: 2 }), roundTrip(holes))).toBeUndefined();
    expect(reads).toBe(2);
  });

  it('A34 leaves out what a program added to all objects', () => {
    Reflect.set(Object.prototype, '@added', 1);
    try {
      expect(codec.encode({ a: {}, b: 1 }, KEY).subarray(6).toString()).toBe('{"a":{},"b":1}');
    } finally {
      Reflect.deleteProperty(Object.prototype, '@added');
    }
  });

  it('A34 leaves out what is not enumerable', () => {
    expect(roundTrip(Object.defineProperty({ a: 1 }, 'hidden', { value: () => 1 }))).toEqual({ a: 1 });
    const error = Object.defineProperty(new Error('m'), Symbol('hidden'), { value: 1, enumerable: false });
    expect(roundTrip(error)).toBeInstanceOf(Error);
    const strange = Object.defineProperty(new Error('m'), 'stack', {
      value: { frames: 1 },
      enumerable: false,
    });
    expect(Object.hasOwn(Object(roundTrip(strange)), 'stack')).toBe(false);
  });

  it('A34 refuses a value whose accessor throws, with the path and without the message', () => {
    const value = {
      user: {
        name: 'x',
        get secret(): string {
          throw new RangeError('hunter2');
        },
      },
    };
    const failure = failureOf(() => codec.encode(value, KEY));
    expect(failure.code).toBe('CACHE_VALUE_REFUSED');
    expect(failure.message).toContain('$.user.secret: reading it threw an error');
    expect(String(failure.cause)).toMatch(/^RangeError: its message is left out/);
    expect(Object(failure.cause).stack).toMatch(/codec\.spec/);
    expect(`${Object(failure.cause).stack}`).not.toContain('hunter2');
  });

  it('A34 leaves nothing behind after a refusal, and can encode while it encodes', () => {
    const shared = { a: 1 };
    failureOf(() => codec.encode([shared, new Uint8Array(8), () => 1], KEY));
    const value = {
      get inner(): unknown {
        return codec.decode(codec.encode([shared, shared], KEY), KEY);
      },
      shared,
    };
    expect(
      difference(
        { inner: [shared, shared].map(() => shared), shared: { a: 1 } },
        codec.decode(codec.encode(value, KEY), KEY),
      ),
    ).toBeUndefined();
  });

  it('A34 gives values memory of their own', () => {
    for (const make of [
      () => Buffer.from('secret'),
      () => ({ data: Buffer.from('secret') }),
      () => [new Uint8Array([1, 2])],
    ]) {
      const value = make();
      const body = codec.encode(value, KEY);
      const read = codec.decode(body, KEY);
      body.fill(0);
      expect(difference(value, read)).toBeUndefined();
    }
    const source = Buffer.from('secret');
    const body = codec.encode(source, KEY);
    source.fill(0);
    const read = codec.decode(body, KEY);
    expect(read).toEqual(Buffer.from('secret'));
    expect(Object(read).buffer.byteLength).toBe(6);
    expect(Object(Object(roundTrip([Buffer.from('x')]))[0]).buffer.byteLength).toBe(1);
  });

  it('A34 restores errors with their stack and without adding parts', () => {
    const error = new TypeError('m');
    const read = Object(roundTrip(error));
    expect(read).toBeInstanceOf(TypeError);
    expect(read.stack).toBe(error.stack);
    expect(Object.keys(read)).toEqual([]);
    Reflect.deleteProperty(error, 'stack');
    expect(Object.hasOwn(Object(roundTrip(error)), 'stack')).toBe(false);
    expect(Error.stackTraceLimit).toBeGreaterThan(0);
  });

  it('A34 turns elements around on machines with the highest byte first', () => {
    expect(swapped(1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(swapped(2)).toEqual([2, 1, 4, 3, 6, 5, 8, 7]);
    expect(swapped(4)).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
    expect(swapped(8)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    expect(endianness()).toBe('LE');
  });
});

describe('registered classes', () => {
  class Money {
    constructor(
      readonly amount: bigint,
      readonly currency: string,
    ) {}
  }
  class Order {
    readonly lines = new Map<string, Money>();
    parent?: unknown;
  }
  const money = registerClass(Money, {
    name: 'Money',
    serialize: (value) => [value.amount, value.currency] as const,
    deserialize: ([amount, currency]) => new Money(amount, currency),
  });
  const order = registerClass(Order, {
    name: 'Order',
    serialize: ({ lines, parent }) => ({ lines, parent }),
    deserialize: ({ lines, parent }) => {
      const built = new Order();
      if (parent !== undefined) built.parent = parent;
      for (const [name, price] of lines) built.lines.set(name, price);
      return built;
    },
  });
  const option = { classes: [money, order] };

  it('A34 come back as instances, nested and shared', () => {
    const price = new Money(5n, 'EUR');
    const value = new Order();
    value.lines.set('a', price).set('b', price);
    const read = roundTrip([value, price, value], option);
    expect(difference([value, price, value], read)).toBeUndefined();
    expect(Object(read)[1]).toBeInstanceOf(Money);
    expect(Object(read)[0].lines.get('a')).toBe(Object(read)[1]);
  });

  it('A34 are refused when an instance contains itself', () => {
    const value = new Order();
    value.parent = { order: value };
    const failure = failureOf(() => createCodec(option).encode(value, KEY));
    expect(failure.message).toContain('$.parent.order: an instance of a registered class contains itself');
  });

  it('A34 are refused with a safe cause when taking them apart throws', () => {
    const broken = registerClass(Money, {
      name: 'Money',
      serialize: (): unknown => {
        throw new TypeError('hunter2');
      },
      deserialize: () => new Money(0n, ''),
    });
    const failure = failureOf(() =>
      createCodec({ classes: [broken] }).encode({ price: new Money(1n, '') }, KEY),
    );
    expect(failure.code).toBe('CACHE_VALUE_REFUSED');
    expect(failure.message).toContain('$.price: ');
    expect(String(failure.cause)).not.toContain('hunter2');
  });

  it('A34 are unsupported where they are not registered, or cannot be built', () => {
    const body = createCodec(option).encode(new Money(1n, 'EUR'), KEY);
    const failure = failureOf(() => codec.decode(body, KEY));
    expect(failure.code).toBe('CACHE_PAYLOAD_UNSUPPORTED');
    expect(failure.message).toContain('an instance of Money, which is not registered here');
    for (const deserialize of [
      (): Money => {
        throw new Error('hunter2');
      },
      (): Money => Object.create(null),
      () => Object(undefined),
    ]) {
      const other = createCodec({
        classes: [registerClass(Money, { name: 'Money', serialize: () => 1, deserialize })],
      });
      const unbuilt = failureOf(() => other.decode(body, KEY));
      expect(unbuilt.code).toBe('CACHE_PAYLOAD_UNSUPPORTED');
      expect(unbuilt.message).not.toContain('hunter2');
    }
    expect(failureOf(() => codec.decode(richBody('{"@c":["x y",1]}'), KEY)).message).toContain(
      'an unnamed class',
    );
    expect(failureOf(() => codec.decode(richBody('{"@c":[1,1]}'), KEY)).code).toBe(
      'CACHE_PAYLOAD_UNSUPPORTED',
    );
  });

  it('A34 may not be referred to by stored bytes before they are built', () => {
    const failure = failureOf(() =>
      createCodec(option).decode(richBody('{"@c":["Money",[{"@=":0},1]]}'), KEY),
    );
    expect(failure.code).toBe('CACHE_PAYLOAD_DAMAGED');
  });
});

describe('the serializer option', () => {
  it('reports every problem at once', () => {
    class Money {}
    const right = registerClass(Money, { name: 'Money', serialize: () => 1, deserialize: () => new Money() });
    const classes = [
      right,
      right,
      null,
      { name: '', class: 5 },
      { ...right, class: () => 1, name: 5 },
      { ...right, class: Map, name: 'Map' },
    ];
    const problems = problemsOf({ classes, maxBytes: 0, maxSize: 1 });
    expect(problems).toEqual([
      'serializer.maxSize: there is no such option; expected classes, maxBytes, compression',
      'serializer.classes[1].name: expected a name of its own, found "Money" again',
      'serializer.classes[1].class: expected each class once, found it again',
      'serializer.classes[2]: expected what registerClass returns, found null',
      'serializer.classes[3].name: expected 1 to 255 characters, found 0 characters',
      'serializer.classes[3].class: expected a class, found number',
      'serializer.classes[3].serialize: expected a function, found undefined',
      'serializer.classes[3].deserialize: expected a function, found undefined',
      'serializer.classes[4].name: expected 1 to 255 characters, found number',
      'serializer.classes[4].class: expected a class, found function',
      'serializer.classes[5].class: expected a class of the application, found the built-in Map',
      'serializer.maxBytes: expected a whole number from 1 to 535822336, found 0',
    ]);
  });

  it('says what it expected of other shapes', () => {
    expect(problemsOf('json')).toEqual([
      'serializer: expected options or an object with serialize and deserialize, found string',
    ]);
    expect(problemsOf(null)).toHaveLength(1);
    expect(problemsOf({ classes: {} })).toEqual(['serializer.classes: expected an array, found object']);
    expect(problemsOf({ maxBytes: [] })[0]).toContain('found an array');
    expect(problemsOf({ serialize: () => 1 })).toEqual([
      'serializer: expected both serialize and deserialize to be functions',
    ]);
    expect(problemsOf({ serialize: () => 1, deserialize: () => 1, maxBytes: 5 })).toHaveLength(1);
  });
});

describe('a serializer of the application', () => {
  const json = {
    serialize: (value: unknown) => new TextEncoder().encode(JSON.stringify(value)),
    deserialize: (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes)),
  };

  it('is used for every value, also strings and bytes', () => {
    expect(roundTrip({ a: [1] }, json)).toEqual({ a: [1] });
    expect(roundTrip('text', json)).toBe('text');
    expect(createCodec(json).encode('text', KEY)[0]).toBe('x'.charCodeAt(0));
  });

  it('gets bytes of its own', () => {
    const keep = {
      serialize: (): Uint8Array => new Uint8Array([1, 2]),
      deserialize: (bytes: Uint8Array): unknown => bytes.fill(9),
    };
    const own = createCodec(keep);
    const body = own.encode(1, KEY);
    own.decode(body, KEY);
    expect([...body.subarray(6)]).toEqual([1, 2]);
  });

  it('fails typed, with a cause that quotes nothing', () => {
    const broken = {
      serialize: (): Uint8Array => {
        throw new SyntaxError('hunter2\n    at hunter2');
      },
      deserialize: (): unknown => {
        throw 'hunter2';
      },
    };
    const refusal = failureOf(() => createCodec(broken).encode(1, KEY));
    expect(refusal.code).toBe('CACHE_VALUE_REFUSED');
    expect(`${Object(refusal.cause).stack}`).toMatch(/^SyntaxError/);
    expect(`${Object(refusal.cause).stack}`).not.toContain('hunter2');
    const body = createCodec(json).encode(1, KEY);
    const unread = failureOf(() => createCodec(broken).decode(body, KEY));
    expect(unread.code).toBe('CACHE_PAYLOAD_UNSUPPORTED');
    expect(String(unread.cause)).not.toContain('hunter2');
    const changed = {
      ...broken,
      serialize: (): Uint8Array => {
        throw Object.assign(new Error('a'), { message: 'b', name: 'odd name' });
      },
    };
    expect(failureOf(() => createCodec(changed).encode(1, KEY)).cause).toBeInstanceOf(Error);
  });

  it('must return bytes, synchronously', () => {
    const late = { serialize: async () => new Uint8Array(1), deserialize: () => 1 };
    const failure = failureOf(() => Reflect.apply(createCodec, undefined, [late]).encode(1, KEY));
    expect(failure.message).toContain('must return a Uint8Array, synchronously');
  });

  it('reads only what it wrote', () => {
    expect(failureOf(() => createCodec(json).decode(codec.encode(1, KEY), KEY)).code).toBe(
      'CACHE_PAYLOAD_UNSUPPORTED',
    );
    expect(failureOf(() => codec.decode(createCodec(json).encode(1, KEY), KEY)).code).toBe(
      'CACHE_PAYLOAD_UNSUPPORTED',
    );
  });

  it('is held to the size limit', () => {
    const large = { serialize: () => new Uint8Array(64 * 1024 * 1024 + 1), deserialize: () => 1 };
    expect(failureOf(() => createCodec(large).encode(1, KEY)).code).toBe('CACHE_VALUE_TOO_LARGE');
  });
});

describe('A36 size and depth', () => {
  const small = createCodec({ maxBytes: 100 });

  it('A36 refuses to store what is over the limit, and stores what is at it', () => {
    const over = [
      'x'.repeat(101),
      'ü'.repeat(51),
      '\ud800'.repeat(51),
      Buffer.alloc(101),
      ['x'.repeat(97)],
      Array.from({ length: 60 }, () => 1),
      [new Uint8Array(100)],
      ['ü'.repeat(60)],
      Array.from({ length: 40 }, () => 1.5),
      10n ** 200n,
    ];
    for (const value of over) {
      const failure = failureOf(() => small.encode(value, KEY));
      expect(failure.code).toBe('CACHE_VALUE_TOO_LARGE');
      expect(failure.message).toContain('over the limit of 100 bytes');
    }
    for (const value of ['x'.repeat(100), Buffer.alloc(100), ['x'.repeat(96)]]) {
      expect(difference(value, small.decode(small.encode(value, KEY), KEY))).toBeUndefined();
    }
  });

  it('A36 refuses to read what is over the limit', () => {
    expect(failureOf(() => small.decode(codec.encode('x'.repeat(101), KEY), KEY)).code).toBe(
      'CACHE_VALUE_TOO_LARGE',
    );
  });

  it('A36 grows its memory with the text and not past the limit', () => {
    const value = Array.from({ length: 50_000 }, (_, index) => `item ${index}`);
    expect(difference(value, roundTrip(value))).toBeUndefined();
    expect(failureOf(() => createCodec({ maxBytes: 100_000 }).encode(value, KEY)).code).toBe(
      'CACHE_VALUE_TOO_LARGE',
    );
    expect(difference([1], codec.decode(codec.encode([1], KEY), KEY))).toBeUndefined();
  });

  const cap = 64 * 1024 * 1024;
  const million = 1_000_000;
  const bombs: [string, () => Buffer][] = [
    ['arrays 1,000,000 deep', () => bodyOf('j', 1, '['.repeat(million) + ']'.repeat(million))],
    ['objects 1,000,000 deep', () => bodyOf('j', 1, '{"a":'.repeat(million) + '1' + '}'.repeat(million))],
    ['arrays 1,001 deep', () => bodyOf('j', 1, '['.repeat(1001) + ']'.repeat(1001))],
    [
      'arrays 1,001 deep with much else',
      () => bodyOf('j', 1, `["${'\\"['.repeat(400_000)}",${'[{"a":1},'.repeat(1001)}1${']'.repeat(1001)}]`),
    ],
    ['tags 1,000,000 deep', () => richBody('{"@s":['.repeat(million) + ']}'.repeat(million))],
    ['tags 1,001 deep', () => richBody('{"@s":['.repeat(1001) + ']}'.repeat(1001))],
    ['a sparse array of 4,294,967,296', () => richBody('{"@a":[4294967296]}')],
    ['memory of 4 GB', () => richBody('{"@b":["Uint8Array",4294967295]}')],
    [
      'memory used twice',
      () => richBody('[{"@b":["Uint8Array",4]},{"@b":["Uint8Array",4]}]', Buffer.alloc(4)),
    ],
    ['a bigint of 30,000,000 digits that is none', () => richBody(`{"@i":"${'f'.repeat(30_000_000)}g"}`)],
    ['a text length of 4 GB', () => bodyOf('r', 0, Buffer.from([255, 255, 255, 255, 0x31]))],
    ['a plain length of 4 GB', () => Buffer.from([0x6a, 0, 255, 255, 255, 255, 0x31])],
  ];
  it.each(bombs)('A36 %s is a typed error and takes little memory', (_name, make) => {
    const body = make();
    let code = '';
    const memory = grown(() => (code = failureOf(() => codec.decode(body, KEY)).code));
    expect(code).toBe('CACHE_PAYLOAD_DAMAGED');
    expect(memory).toBeLessThan(2 * cap);
  });

  it('A36 sparse arrays of stored lengths take no memory', () => {
    const text = `[${Array.from({ length: 1000 }, () => '{"@a":[30000000,29999999,1]}').join(',')}]`;
    let value: unknown;
    expect(grown(() => (value = codec.decode(richBody(text), KEY)))).toBeLessThan(10 * 1024 * 1024);
    expect(Object(value)[999].length).toBe(30_000_000);
  });

  it('A36 writes arrays that begin with integers exactly, and within the limit', () => {
    const integers = Array.from({ length: 5000 }, (_, index) => index * 429_497);
    for (const value of [integers, [1, 2, -0, 3], [0, 1, -1, 2 ** 31, 0.5, 'a'], [5, undefined]]) {
      expect(difference(value, roundTrip(value))).toBeUndefined();
    }
    expect(codec.encode(integers, KEY).subarray(6).toString()).toBe(JSON.stringify(integers));
    expect(failureOf(() => createCodec({ maxBytes: 20_000 }).encode(integers, KEY)).code).toBe(
      'CACHE_VALUE_TOO_LARGE',
    );
  });

  it('A36 reads long shallow text of every shape', () => {
    for (const value of [
      Array.from({ length: 60_000 }, (_, index) => [index, '"[{\\ and longer']),
      Array.from({ length: 5000 }, () => ({ a: [1] })),
      [['x'.repeat(5000)]],
    ]) {
      expect(difference(value, roundTrip(value))).toBeUndefined();
    }
  });
});

describe('A35 bodies that cannot be read', () => {
  it('A35 every truncation is damaged', () => {
    for (const value of [
      { a: [1, 'x'] },
      'text',
      Buffer.from('bytes'),
      { d: new Date(1), b: Buffer.from('b') },
    ]) {
      const body = codec.encode(value, KEY);
      for (let length = 0; length < body.length; length += 1) {
        expect(failureOf(() => codec.decode(body.subarray(0, length), KEY)).code).toBe(
          'CACHE_PAYLOAD_DAMAGED',
        );
      }
    }
  });

  it('A35 unknown codecs and flags are unsupported', () => {
    const unknown = [
      bodyOf('z', 0, '1'),
      bodyOf('j', 0x20, '1'),
      bodyOf('x', 0x40, '1'),
      bodyOf('j', 0x80, '1'),
      bodyOf('j', 2, '1'),
      bodyOf('b', 1, '1'),
    ];
    for (const body of unknown) {
      const failure = failureOf(() => codec.decode(body, KEY));
      expect(failure.code).toBe('CACHE_PAYLOAD_UNSUPPORTED');
      expect(failure.message).toContain('upgrade this reader, or delete the key');
    }
    expect(failureOf(() => codec.decode(richBody('{"@z":1}'), KEY)).code).toBe('CACHE_PAYLOAD_UNSUPPORTED');
  });

  const hidden = 'hunter2';
  const damaged: [string, Buffer][] = [
    ['no JSON', bodyOf('j', 1, `{"a":${hidden}}`)],
    ['text that is no UTF-8', bodyOf('j', 0, Buffer.from([0x22, 0xff, 0x22]))],
    ['a string that is no UTF-8', bodyOf('s', 0, Buffer.from([0xff]))],
    ['both text encodings', bodyOf('s', 3, 'ab')],
    ['half a UTF-16 unit', bodyOf('s', 2, 'abc')],
    ['a rich body without its length', bodyOf('r', 0, 'ab')],
    ['memory that nothing uses', richBody('1', Buffer.from(hidden))],
    ...[
      '{"@n":"1"}',
      '{"@n":1}',
      '{"@i":1}',
      '{"@i":"g"}',
      '{"@i":""}',
      '{"@=":0}',
      '{"@=":-1}',
      '{"@=":"0"}',
      '[{"@=":1}]',
      '{"@o":1}',
      '{"@0":[]}',
      '{"@a":1}',
      '{"@a":[]}',
      '{"@a":[2,0]}',
      '{"@a":[2,2,0]}',
      '{"@a":[2,"0",0]}',
      '{"@d":"1"}',
      '{"@d":1e300}',
      '{"@d":0.5}',
      '{"@r":["x","gg",0]}',
      '{"@r":["(","",0]}',
      '{"@r":["x",""]}',
      '{"@r":[1,"",0]}',
      '{"@r":["x","",0.5]}',
      '{"@l":"no url"}',
      '{"@l":1}',
      '{"@b":["Uint8Array",0,0]}',
      '{"@b":["Thing",0]}',
      '{"@b":["Uint16Array",3]}',
      '{"@b":[1,0]}',
      '{"@m":[1]}',
      '{"@m":[1,1,1,1]}',
      '{"@m":{}}',
      '{"@s":[1,1]}',
      '{"@s":1}',
      '{"@e":["Thing",{},{}]}',
      '{"@e":[1,{},{}]}',
      '{"@e":["Error",{"other":1},{}]}',
      '{"@e":["Error",[],{}]}',
      '{"@e":["Error"]}',
      '{"@c":["Money"]}',
    ].map((text): [string, Buffer] => [
      text.slice(0, 40),
      richBody(text, Buffer.alloc(text.includes('Uint16Array') ? 3 : 0)),
    ]),
  ];
  it.each(damaged)('A35 %s is damaged', (_name, body) => {
    const failure = failureOf(() => codec.decode(body, KEY));
    expect(failure.code).toBe('CACHE_PAYLOAD_DAMAGED');
    expect(`${failure.stack} ${String(failure.cause)}`).not.toContain(hidden);
    expect(failure.cause).toBeUndefined();
  });
});

describe('A37 prototypes stay clean', () => {
  const long = ` ${'"'.padEnd(3000, 'x')}"`;
  const payloads: [string, Buffer][] = [
    ['plain', bodyOf('j', 1, '{"__proto__":{"polluted":true}}')],
    ['nested', bodyOf('j', 1, '[{"a":{"__proto__":{"polluted":true}}}]')],
    ['escaped', bodyOf('j', 1, String.raw`{"\u005f_proto__":{"polluted":true}}`)],
    ['escaped in capitals', bodyOf('j', 1, String.raw`{"__prot\u006F\u005F_":{"polluted":true}}`)],
    ['in a long text', bodyOf('j', 1, `[${long},{"__proto__":{"polluted":true}}]`)],
    ['escaped in a long text', bodyOf('j', 1, `[${long},{"_\\u005Fproto__":{"polluted":true}}]`)],
    ['rich', richBody('{"__proto__":{"polluted":true},"a":{"@u":0}}')],
    ['rich and escaped', richBody(String.raw`[{"\u005f\u005fproto__":{"polluted":true}}]`)],
    ['without a prototype', richBody('{"@0":{"__proto__":{"polluted":true}}}')],
    ['of an error', richBody('{"@e":["Error",{},{"__proto__":{"polluted":true}}]}')],
    ['in what looks like a tag', richBody('{"@o":{"__proto__":{"polluted":true}}}')],
  ];
  it.each(payloads)('A37 a payload with an own __proto__ is damaged: %s', (_name, body) => {
    expect(failureOf(() => codec.decode(body, KEY)).code).toBe('CACHE_PAYLOAD_DAMAGED');
    expect(Object({}).polluted).toBeUndefined();
  });

  it('A37 escapes of other letters spell no __proto__ either', () => {
    const failure = failureOf(() =>
      codec.decode(bodyOf('j', 1, String.raw`{"__pr\u006fto__":{"polluted":true}}`), KEY),
    );
    expect(failure.code).toBe('CACHE_PAYLOAD_DAMAGED');
  });

  it('A37 the name alone is harmless as a string', () => {
    const value = { text: '"__proto__":', list: ['__proto__', String.raw`\u005f`] };
    expect(roundTrip(value)).toEqual(value);
  });
});
