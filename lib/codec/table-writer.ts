import { types } from 'node:util';
import { MAX_DEPTH, type Walk } from './walk.js';

/** Fewer rows are read as fast one by one. */
const LEAST_ROWS = 24;
/** Reading costs room for each row: with two columns at least, never more than the text of the rows would cost. */
export const LEAST_COLUMNS = 2;
/** The more columns, the less is gained. */
const MOST_COLUMNS = 32;

const COMMA = 0x2c;

type Row = Readonly<Record<string, unknown>>;
type Rows = readonly Row[];

/** Where the rows of a table stand in the whole value. */
interface Place {
  /** Depth of the array, whose steps are the indexes of the rows. */
  readonly array: number;
  /** Depth of the rows: below the array, or deeper when these are parts of its elements. */
  readonly row: number;
}

/**
 * Writes plain objects with the same properties in the same order as a table, `[rows, names, column, column, …]`:
 * no name is written or read twice, and what stands in one column is alike. A column is a list of its values, `"n"`
 * or `"d"` for numbers or dates that follow as raw doubles, or a table again.
 *
 * @param walk the walk that met them
 * @param values of an array, each already read once
 * @param depth of the array
 * @returns false when they are no such objects; then nothing was written
 */
export function writeTable(walk: Walk, values: readonly unknown[], depth: number): boolean {
  return values.length >= LEAST_ROWS && writeRows(walk, values, { array: depth, row: depth + 1 });
}

function writeRows(walk: Walk, values: readonly unknown[], place: Place): boolean {
  const names = namesOf(values[0]);
  if (names === undefined || place.row >= MAX_DEPTH || !areRows(values, names)) return false;
  if (!walk.enterAll(values)) return false;
  const { sink } = walk;
  walk.tag('t');
  sink.ascii7(`[${values.length},[`);
  for (const [index, name] of names.entries()) {
    if (index > 0) sink.ascii7(',');
    sink.string(name);
  }
  sink.ascii7(']');
  const columns = readColumns(walk, values, names, place);
  for (const [index, name] of names.entries()) {
    sink.ascii7(',');
    writeColumn(walk, columns[index] ?? [], name, place);
  }
  sink.ascii7(']}');
  return true;
}

function namesOf(value: unknown): readonly string[] | undefined {
  if (!isPlain(value)) return undefined;
  const names = Object.keys(value);
  const fits = names.length >= LEAST_COLUMNS && names.length <= MOST_COLUMNS;
  return fits && !names.includes('__proto__') ? names : undefined;
}

function areRows(values: readonly unknown[], names: readonly string[]): values is Rows {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (!isPlain(value) || !hasNames(value, names)) return false;
  }
  return true;
}

function isPlain(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function hasNames(row: Row, names: readonly string[]): boolean {
  let count = 0;
  for (const name in row) {
    if (name !== names[count] || !Object.prototype.hasOwnProperty.call(row, name)) return false;
    count += 1;
  }
  return count === names.length && Object.getOwnPropertySymbols(row).length === 0;
}

/** Reads every value once, as it may be an accessor; row by row, which the engine does faster than name by name. */
function readColumns(walk: Walk, rows: Rows, names: readonly string[], place: Place): unknown[][] {
  const columns = names.map((): unknown[] => []);
  for (let index = 0; index < rows.length; index += 1) {
    walk.at(index, place.array);
    const row = rows[index];
    let at = 0;
    for (const name in row) {
      walk.at(name, place.row);
      if (name !== names[at]) break;
      columns[at]?.push(row[name]);
      at += 1;
    }
    if (at < names.length) walk.refuse(place.row, 'changes while it is read; store plain data');
  }
  return columns;
}

function writeColumn(walk: Walk, cells: readonly unknown[], name: string, place: Place): void {
  const { sink } = walk;
  if (areDoubles(cells)) {
    walk.memory.addDoubles(cells);
    return sink.ascii7('"n"');
  }
  if (areDates(cells) && place.row + 1 < MAX_DEPTH && walk.enterAll(cells)) {
    walk.memory.addDoubles(cells.map((date) => Date.prototype.getTime.call(date)));
    return sink.ascii7('"d"');
  }
  walk.at(name, place.row);
  if (writeRows(walk, cells, { array: place.array, row: place.row + 1 })) return;
  sink.ascii7('[');
  for (let index = sink.integers(cells); index < cells.length; index += 1) {
    if (index > 0) sink.byte(COMMA);
    const cell = cells[index];
    if (typeof cell === 'string') {
      sink.string(cell);
    } else {
      walk.at(index, place.array);
      walk.part(cell, name, place.row);
    }
  }
  sink.ascii7(']');
}

/** Whether all are numbers, and not all of them integers of 31 bits, which are as fast to read and shorter as text. */
function areDoubles(cells: readonly unknown[]): cells is readonly number[] {
  let integers = true;
  for (let index = 0; index < cells.length; index += 1) {
    const cell = cells[index];
    if (typeof cell !== 'number') return false;
    integers &&= (cell | 0) === cell && (cell !== 0 || 1 / cell > 0);
  }
  return !integers;
}

/** Whether all are dates of this realm, without properties of their own. */
function areDates(cells: readonly unknown[]): cells is readonly Date[] {
  return cells.every(
    (cell) =>
      types.isDate(cell) &&
      Object.getPrototypeOf(cell) === Date.prototype &&
      Reflect.ownKeys(cell).length === 0,
  );
}
