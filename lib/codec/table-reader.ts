import { types } from 'node:util';
import { readDate } from './leaf-values.js';
import { DOUBLE } from './memory-values.js';
import { LEAST_COLUMNS, mostConstants } from './table-writer.js';
import { MAX_DEPTH, type Reading } from './walk.js';

/** A value that all rows have. */
class Constant {
  constructor(readonly value: unknown) {}
}

/** The values of one property of all rows: a list, raw doubles (of numbers or dates), or objects that are rows again. */
type Column = unknown[] | Constant | 'n' | 'd' | Table;

/** A table every column of which has as many values as there are rows. */
interface Table {
  readonly count: number;
  readonly names: readonly string[];
  readonly columns: readonly Column[];
  /** Raw doubles of all columns, nested ones included. */
  readonly doubles: number;
}

type Row = Record<string, unknown>;

/**
 * Reads an array of objects that was written as a table.
 *
 * @param reading of the whole value
 * @param data from `JSON.parse`
 * @param depth of the array
 * @throws CacheSerializationError when it was never written so
 */
export function readTable(reading: Reading, data: unknown, depth: number): unknown {
  const table = parseTable(data, depth + 1);
  if (table === undefined || table.doubles * DOUBLE > reading.memoryLeft) reading.fail('a table');
  const rows = blankRows(table);
  reading.enter(rows);
  return fillRows(reading, table, rows, depth + 1);
}

/** Looks at a whole table before anything is made for it: every row then stands for values that are there. */
function parseTable(data: unknown, depth: number): Table | undefined {
  if (!Array.isArray(data) || depth >= MAX_DEPTH) return undefined;
  const [count, names, ...nodes]: unknown[] = data;
  if (!Number.isSafeInteger(count) || typeof count !== 'number' || count < 0) return undefined;
  if (!isNames(names) || names.length !== nodes.length) return undefined;
  let doubles = 0;
  let constants = 0;
  let whole = 0;
  const columns: Column[] = [];
  for (const node of nodes) {
    const column = parseColumn(node, count, depth);
    if (column === undefined) return undefined;
    if (column instanceof Constant) constants += 1;
    else if (typeof column === 'string' || Array.isArray(column)) whole += 1;
    else doubles += column.doubles;
    if (typeof column === 'string') doubles += count;
    columns.push(column);
  }
  if (constants > mostConstants(whole)) return undefined;
  return { count, names, columns, doubles };
}

function parseColumn(node: unknown, count: number, depth: number): Column | undefined {
  if (Array.isArray(node)) return node.length === count ? node : parseConstant(node);
  if (node === 'n' || node === 'd') return node;
  if (typeof node !== 'object' || node === null) return undefined;
  const table = parseTable(Reflect.get(node, '@t'), depth + 1);
  return table?.count === count ? table : undefined;
}

function parseConstant(node: readonly unknown[]): Constant | undefined {
  const [value] = node;
  const isOne = node.length === 1 && (typeof value !== 'object' || value === null);
  return isOne ? new Constant(value) : undefined;
}

function isNames(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length >= LEAST_COLUMNS &&
    value.every((name) => typeof name === 'string' && name !== '__proto__') &&
    new Set(value).size === value.length
  );
}

function blankRows({ count, names }: Table): Row[] {
  // What is defined keeps its place in hidden classes; where many names are assigned, the engine would fall back to a
  // hash table. So the first row shows the others the way. A name that objects inherit is always defined.
  const inherited = names.some((name) => name in Object.prototype);
  const rows: Row[] = [];
  for (let index = 0; index < count; index += 1) {
    rows.push(index === 0 || inherited ? Object.fromEntries(names.map((name) => [name, null])) : {});
  }
  return rows;
}

function fillRows(reading: Reading, table: Table, rows: Row[], depth: number): Row[] {
  for (const row of rows) reading.enter(row);
  const { count, names } = table;
  const columns = table.columns.map((column) => readColumn(reading, column, count, depth));
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index] ?? {};
    for (let at = 0; at < names.length; at += 1) row[names[at] ?? ''] = columns[at]?.[index];
  }
  return rows;
}

function readColumn(reading: Reading, column: Column, count: number, depth: number): ArrayLike<unknown> {
  if (Array.isArray(column)) return reading.parts(column, depth);
  if (column instanceof Constant) return repeated(column.value, count);
  if (typeof column === 'object') return fillRows(reading, column, blankRows(column), depth + 1);
  const doubles = reading.nextMemory('Float64Array', count * DOUBLE);
  if (!types.isFloat64Array(doubles)) return reading.fail('a table');
  return column === 'n' ? doubles : Array.from(doubles, (time) => reading.enter(dateOf(reading, time)));
}

function repeated(value: unknown, count: number): unknown[] {
  const values: unknown[] = [];
  for (let index = 0; index < count; index += 1) values.push(value);
  return values;
}

function dateOf(reading: Reading, time: number): Date {
  return readDate(Number.isNaN(time) ? null : time) ?? reading.fail('a date');
}
