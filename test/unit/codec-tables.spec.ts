import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createCodec } from '../../lib/codec/codec.js';
import { CacheSerializationError } from '../../lib/contract/errors.js';
import { difference } from '../support/exactness.js';

const KEY = 'list';
const ROWS = 40;
const codec = createCodec();

type Row = Record<string, unknown>;

function rows(make: (index: number) => unknown, count = ROWS): unknown[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function roundTrip(value: unknown): unknown {
  return codec.decode(codec.encode(value, KEY), KEY);
}

/** How many tables the stored bytes hold. */
function tablesOf(value: unknown): number {
  return codec.encode(value, KEY).toString('latin1').split('{"@t":').length - 1;
}

function failureOf(task: () => unknown): CacheSerializationError {
  try {
    task();
  } catch (thrown) {
    if (thrown instanceof CacheSerializationError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

function richBody(text: string, memory: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.from([0x72, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(4 + text.length + memory.length, 2);
  header.writeUInt32BE(text.length, 6);
  return Buffer.concat([header, Buffer.from(text, 'latin1'), memory]);
}

const customer = (index: number): Row => ({
  id: index,
  name: `customer ${index}`,
  active: index % 2 === 0,
  score: index / 4,
  tag: null,
  since: new Date(index),
  position: { lat: index * 1.1, lon: -index },
});

describe('tables: arrays of objects that are alike', () => {
  it('A34 come back exactly, also inside other values', () => {
    for (const value of [
      rows(customer),
      { total: ROWS, items: rows(customer) },
      new Map([[1, rows(customer)]]),
    ]) {
      expect(tablesOf(value)).toBe(2);
      expect(difference(value, roundTrip(value))).toBeUndefined();
    }
  });

  it('A34 hold every kind of column', () => {
    const shared = { shared: true };
    const kinds: readonly ((index: number) => unknown)[] = [
      (index) => index,
      (index) => [0, -0, Number.NaN, -Infinity, 2 ** 40, 0.1][index % 6],
      (index) => (index === 5 ? undefined : index),
      (index) => ['text', '', 'é', '東京', 'lone \ud800'][index % 5],
      (index) => BigInt(index) ** 30n,
      (index) => new Date(index === 3 ? Number.NaN : index * 1e9),
      (index) => (index === 3 ? null : new Date(index)),
      (index) => Object.assign(new Date(index), index === 3 ? {} : undefined),
      () => shared,
      (index) => [index, [index]],
      (index) => ({ a: { b: { c: index, d: 'x' }, e: index / 3 }, f: [] }),
      (index) => Object.assign(Object.create(null), { index }),
      (index) => new Map([[index, new Set([{}])]]),
      (index) => Buffer.from([index]),
      (index) => ({ '@d': index }),
      (index) => ({ '@d': index, '@t': [] }),
      (index) => new RangeError(`no ${index}`),
    ];
    for (const [at, kind] of kinds.entries()) {
      const value = rows((index) => ({ before: index, cell: kind(index), after: `${index}` }));
      expect([at, tablesOf(value) > 0, difference(value, roundTrip(value))]).toEqual([at, true, undefined]);
    }
  });

  it('A34 hold what all rows have once, as long as two columns are there whole', () => {
    const sizes = [24, 240].map((count) => {
      const value = rows(
        (index: number) => ({ id: index, name: `${index}`, on: true, plan: null, note: undefined }),
        count,
      );
      expect(difference(value, roundTrip(value))).toBeUndefined();
      return codec.encode(value, KEY).toString('latin1').split('true').length - 1;
    });
    expect(sizes).toEqual([1, 1]);
    for (const same of [-0, 0, Number.NaN, Infinity, 0.5, '', 'x', true, null, undefined, 1n]) {
      for (const value of [
        rows((index) => ({ id: index, name: `${index}`, same })),
        rows((index) => ({ id: index, same })),
        rows(() => ({ one: same, two: same, three: same })),
        rows((index) => ({ id: index, name: `${index}`, same, zero: index % 2 === 0 ? 0 : -0 })),
      ]) {
        expect(difference(value, roundTrip(value))).toBeUndefined();
      }
    }
  });

  it('A34 keep the order of properties and any name', () => {
    for (const names of [
      ['b', 'a'],
      ['2', '1', 'a'],
      ['', ' ', '"', 'é'],
      ['@d', '@t'],
      ['constructor', 'toString', 'hasOwnProperty', 'valueOf'],
    ]) {
      const value = rows((index) => Object.fromEntries(names.map((name) => [name, `${name}${index}`])));
      const read = roundTrip(value);
      expect(tablesOf(value)).toBe(1);
      expect(difference(value, read)).toBeUndefined();
      expect(Object.getOwnPropertyDescriptor(Object(read)[1], names[0] ?? '')).toEqual({
        value: `${names[0]}1`,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  });

  it('A34 keep cycles and shared parts', () => {
    const list: unknown[] = [];
    const when = new Date(5);
    for (let index = 0; index < ROWS; index += 1)
      list.push({ index, list, other: list[index - 1] ?? null, when, place: { index, list } });
    for (const value of [list, { list, third: list[3], when }, [list[7], when, list, list[30]]]) {
      expect(difference(value, roundTrip(value))).toBeUndefined();
    }
    expect(tablesOf(list)).toBe(2);
  });

  it('A34 are not made of what is not alike', () => {
    const odd: readonly ((row: Row) => unknown)[] = [
      ({ id: _id, ...rest }) => rest,
      (row) => ({ ...row, more: 1 }),
      ({ id, ...rest }) => ({ ...rest, id }),
      (row) => Object.assign(Object.create(null), row),
      (row) => Object.values(row),
      () => null,
      () => 5,
      () => undefined,
      () => ({}),
    ];
    for (const change of odd) {
      for (const at of [0, 1, ROWS - 1]) {
        const value = rows((index) => ({ id: index, name: 'x', score: 0.5 }));
        value[at] = change(Object(value[at]));
        expect(tablesOf(value)).toBe(0);
        expect(difference(value, roundTrip(value))).toBeUndefined();
      }
    }
    const sparse = rows(customer);
    Reflect.deleteProperty(sparse, 5);
    const twice = [...rows(customer), ...rows(() => sparse[3])];
    const few = rows((index) => ({ index, name: '' }), 23);
    for (const value of [sparse, twice, few, rows((index) => ({ index }))])
      expect(difference(value, roundTrip(value))).toBeUndefined();
    expect(tablesOf(few) + tablesOf(rows((index) => ({ index })))).toBe(0);
  });

  it('A34 forget the rows of an attempt that ended at a row that is there twice', () => {
    const twice = { id: 1, name: 'twice' };
    for (const count of [5, 30]) {
      const list = [
        ...rows((index) => ({ id: index, name: '' }), count),
        twice,
        ...rows(() => ({ id: 0, name: '' })),
        twice,
      ];
      const value = [twice, list, list[0], { twice, list }];
      expect(tablesOf(value)).toBe(0);
      expect(difference(value, roundTrip(value))).toBeUndefined();
    }
  });

  it('A34 call no toJSON that somebody gave to all arrays, objects or strings', () => {
    const value = rows(customer);
    for (const prototype of [Array.prototype, Object.prototype, String.prototype]) {
      Reflect.defineProperty(prototype, 'toJSON', { value: () => 'lost', configurable: true });
      try {
        expect(difference(value, roundTrip(value))).toBeUndefined();
      } finally {
        Reflect.deleteProperty(prototype, 'toJSON');
      }
    }
  });

  it('A34 refuse with the path', () => {
    const inRow = {
      items: rows((index) => ({ id: index, user: index === 25 ? { account: () => 1 } : null })),
    };
    expect(failureOf(() => codec.encode(inRow, KEY)).message).toContain(
      '$.items[25].user.account: cannot restore',
    );
    const nested = rows((index) => ({
      id: index,
      place: { city: 'x', mayor: index === 30 ? Symbol('x') : 1 },
    }));
    expect(failureOf(() => codec.encode(nested, KEY)).message).toContain('$[30].place.mayor: cannot restore');
    const proto = rows(() => JSON.parse('{"a":1,"__proto__":2}'));
    expect(failureOf(() => codec.encode(proto, KEY)).message).toContain('"__proto__"');
    const named = rows((index) => ({ id: index, [Symbol('name')]: 1, name: '' }));
    expect(failureOf(() => codec.encode(named, KEY)).message).toContain('named by symbols');
    let deep: unknown = rows((index) => ({ index, name: '' }));
    for (let level = 0; level < 999; level += 1) deep = [deep];
    expect(failureOf(() => codec.encode(deep, KEY)).message).toContain('nested deeper');
  });

  it('A34 read an accessor once, name it when it throws, and refuse objects that change meanwhile', () => {
    let reads = 0;
    const counted = rows((index) => ({
      id: index,
      get count(): number {
        return (reads += 1);
      },
    }));
    expect(roundTrip(counted)).toEqual(rows((index) => ({ id: index, count: index + 1 })));
    const throwing = rows((index) => ({
      id: index,
      get secret(): number {
        if (index === 7) throw new Error('hunter2');
        return 1;
      },
    }));
    const failure = failureOf(() => codec.encode(throwing, KEY));
    expect(failure.message).toContain('$[7].secret: reading it threw an error');
    for (const change of [
      (row: object) => Reflect.deleteProperty(row, 'name'),
      (row: object) => Reflect.set(row, 'more', 1),
    ]) {
      const changing: unknown[] = rows((index) => ({
        get id(): number {
          if (index === 3) change(Object(changing[4]));
          return index;
        },
        name: 'x',
      }));
      expect(failureOf(() => codec.encode(changing, KEY)).message).toContain(
        '$[4]: changes while it is read',
      );
    }
  });

  it('A36 are held to the size limit', () => {
    const small = createCodec({ maxBytes: 300 });
    for (const value of [rows((index) => ({ id: index, score: index / 3 })), rows(customer)])
      expect(failureOf(() => small.encode(value, KEY)).code).toBe('CACHE_VALUE_TOO_LARGE');
  });

  it('A34 come back exactly whatever is in them, and whatever row is odd', () => {
    const plain = { noNullPrototype: true };
    const name = fc.string().filter((text) => text !== '__proto__');
    const cell = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.constantFrom(null, undefined),
      fc.date({ noInvalidDate: false }),
      fc.bigInt(),
      fc.array(fc.integer(), { maxLength: 3 }),
      fc.dictionary(name, fc.integer(), { maxKeys: 3 }),
    );
    const column = fc.oneof(
      fc.constant(fc.integer()),
      fc.constant(fc.double()),
      fc.constant(fc.string()),
      fc.constant(fc.date({ noInvalidDate: false })),
      fc.constant(fc.record({ x: fc.double(), y: cell }, plain)),
      fc.constant(cell),
    );
    const list = fc
      .dictionary(name, column, { minKeys: 2, maxKeys: 6 })
      .chain((columns) => fc.array(fc.record(columns, plain), { minLength: 24, maxLength: 30 }));
    let tables = 0;
    fc.assert(
      fc.property(list, fc.option(fc.tuple(fc.nat(23), cell), { freq: 1 }), (alike: unknown[], odd) => {
        const value = odd === null ? alike : alike.with(odd[0], odd[1]);
        if (tablesOf(value) > 0) tables += 1;
        expect(difference(value, roundTrip(value))).toBeUndefined();
      }),
      { numRuns: 200 },
    );
    expect(tables).toBeGreaterThan(50);
  });
});

describe('tables that nobody wrote', () => {
  const doubles = Buffer.alloc(16);
  const damaged: readonly [string, Buffer?][] = [
    ['{"@t":1}'],
    ['{"@t":[]}'],
    ['{"@t":[1]}'],
    ['{"@t":[0,[]]}'],
    ['{"@t":[1,["a"],[1]]}'],
    ['{"@t":["1",["a","b"],[1],[1]]}'],
    ['{"@t":[-1,["a","b"],"n","n"]}'],
    ['{"@t":[0.5,["a","b"],"n","n"]}'],
    ['{"@t":[1,["a","a"],[1],[1]]}'],
    ['{"@t":[1,["a",2],[1],[1]]}'],
    ['{"@t":[1,["a","b"],[1]]}'],
    ['{"@t":[1,["a","b"],[1],[1],[1]]}'],
    ['{"@t":[2,["a","b"],[1],[1]]}'],
    ['{"@t":[1,["a","b"],[1],5]}'],
    ['{"@t":[1,["a","b"],[1],"x"]}', doubles],
    ['{"@t":[1,["a","b"],[1],{}]}'],
    ['{"@t":[1,["a","b"],[1],null]}'],
    ['{"@t":[1,["a","b"],[1],{"@s":[1]}]}'],
    ['{"@t":[1,["a","b"],[1],{"@t":[2,["c","d"],[1,2],[1,2]]}]}'],
    ['{"@t":[2,["a","b"],"n",[1,2]]}', Buffer.alloc(15)],
    ['{"@t":[1,["a","b"],"n",[1]]}', doubles],
    ['{"@t":[2,["a","b"],"n","n"]}', doubles],
    ['{"@t":[1,["a","b"],"d",[1]]}', Buffer.from('000000000000e03f', 'hex')],
    ['{"@t":[1,["a","b"],[1],[{"@=":3}]]}'],
    ['{"@t":[1,["a","b"],[1],[{"@d":"x"}]]}'],
  ];
  it.each(damaged.map(([text, memory]) => ({ text, memory })))('A35 $text is damaged', ({ text, memory }) => {
    expect(failureOf(() => codec.decode(richBody(text, memory), KEY)).code).toBe('CACHE_PAYLOAD_DAMAGED');
  });

  it.each([
    ['named', '{"@t":[1,["a","__proto__"],[1],[{"polluted":true}]]}'],
    ['named with an escape', '{"@t":[1,["a","\\u005f_proto__"],[1],[{"polluted":true}]]}'],
    ['in a cell', '{"@t":[1,["a","b"],[1],[{"__proto__":{"polluted":true}}]]}'],
    ['in a table in a cell', '{"@t":[1,["a","b"],[1],{"@t":[1,["c","__proto__"],[1],[{"polluted":true}]]}]}'],
  ])('A37 a __proto__ %s is damaged', (_name, text) => {
    expect(failureOf(() => codec.decode(richBody(text), KEY)).code).toBe('CACHE_PAYLOAD_DAMAGED');
    expect(Object({}).polluted).toBeUndefined();
  });

  it('A37 a setter that somebody gave to all objects is not called', () => {
    const value = rows((index) => ({ id: index, spied: 'x' }));
    const body = codec.encode(value, KEY);
    let calls = 0;
    const set = (): void => {
      calls += 1;
    };
    Reflect.defineProperty(Object.prototype, 'spied', { set, configurable: true });
    try {
      expect(difference(value, codec.decode(body, KEY))).toBeUndefined();
      expect(calls).toBe(0);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'spied');
    }
  });

  const million = 1_000_000;
  const cells = `[${'0,'.repeat(million - 1)}0]`;
  const bombs: readonly [string, () => Buffer][] = [
    ['a billion rows', () => richBody('{"@t":[1000000000,["a","b"],"n","n"]}', doubles)],
    [
      'more doubles than there are',
      () => richBody(`{"@t":[${million},["a","b"],"n","d"]}`, Buffer.alloc(8 * million)),
    ],
    ['a million rows in every one of 300 tables', () => nestedTables(300, cells)],
    ['a billion rows that are all the same', () => richBody('{"@t":[1000000000,["a","b"],[0],[0]]}')],
    [
      'a million rows of which one value each is there',
      () => richBody(`{"@t":[${million},["a","b"],${cells},[0]]}`),
    ],
    ['1,001 levels of tables', () => nestedTables(1001, '[0]', 1)],
    ['100,000 levels of tables', () => nestedTables(100_000, '[0]', 1)],
  ];
  it.each(bombs)('A36 %s take little memory', (_name, make) => {
    const body = make();
    const before = process.memoryUsage();
    expect(failureOf(() => codec.decode(body, KEY)).code).toBe('CACHE_PAYLOAD_DAMAGED');
    const after = process.memoryUsage();
    const grown = Math.max(0, after.heapUsed - before.heapUsed) + after.arrayBuffers - before.arrayBuffers;
    expect(grown).toBeLessThan(128 * 1024 * 1024);
  });

  /** Each has a table as its first column, and only the innermost one a value. */
  function nestedTables(levels: number, innermost: string, count = million): Buffer {
    const open = `{"@t":[${count},["a","b"],`.repeat(levels);
    return richBody(`${open}${innermost}${',[0]]}'.repeat(levels)}`);
  }

  it('A35 a truncated table is damaged at every length', () => {
    const body = codec.encode(
      rows((index) => ({ id: index, score: index / 2, name: 'x' }), 24),
      KEY,
    );
    for (let length = 0; length < body.length; length += 1)
      expect(failureOf(() => codec.decode(body.subarray(0, length), KEY)).code).toBe('CACHE_PAYLOAD_DAMAGED');
  });
});
