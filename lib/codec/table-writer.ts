import { types } from 'node:util';
import { MAX_DEPTH, type Walk } from './walk.js';

/** Fewer rows are read as fast one by one. */
const LEAST_ROWS = 24;
/** Reading costs room for each row: with two columns at least, never more than the text of the rows would cost. */
export const LEAST_COLUMNS = 2;
/** The more columns, the less is gained. */
const MOST_COLUMNS = 32;

/** The engine makes no longer list at once. */
const MOST_CELLS = 1 << 24;

const COMMA = 0x2c;

type Row = Readonly<Record<string, unknown>>;
type Rows = readonly Row[];

/** The values of all rows, one row after the other. */
interface Grid {
  readonly cells: readonly unknown[];
  /** How many each row has. */
  readonly width: number;
}

/** Where the rows of a table stand in the whole value. */
interface Place {
  /** Depth of the array, whose steps are the indexes of the rows. */
  readonly array: number;
  /** Depth of the rows: below the array, or deeper when these are parts of its elements. */
  readonly row: number;
}

/**
 * Writes plain objects with the same properties in the same order as a table, `[rows, names, column, column, …]`:
 * no name is written or read twice, and what stands in one column is alike. A column is a list of its values, a list of
 * one value that all rows have, `"n"` or `"d"` for numbers or dates that follow as raw doubles, or a table again.
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
  if (names === undefined || place.row >= MAX_DEPTH) return false;
  if (values.length * names.length > MOST_CELLS || !areRows(values, names)) return false;
  if (!walk.enterAll(values)) return false;
  const { sink } = walk;
  walk.tag('t');
  sink.ascii7(`[${values.length},[`);
  for (const [index, name] of names.entries()) {
    if (index > 0) sink.ascii7(',');
    sink.string(name);
  }
  sink.ascii7(']');
  const grid = { cells: readCells(walk, values, names, place), width: names.length };
  const constants = constantsOf(grid);
  for (const [index, name] of names.entries()) {
    sink.ascii7(',');
    if (!constants.has(index) || !sink.list([grid.cells[index]])) writeColumn(walk, grid, index, name, place);
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

/**
 * Reads every value once, as it may be an accessor, and keeps them row by row: the engine reads so fastest, and finds
 * room for all at once faster than for one after the other.
 */
function readCells(walk: Walk, rows: Rows, names: readonly string[], place: Place): readonly unknown[] {
  const cells: unknown[] = [];
  cells.length = rows.length * names.length;
  let index = 0;
  let at = 0;
  try {
    for (; index < rows.length; index += 1) {
      const row = rows[index];
      const start = index * names.length;
      at = 0;
      for (const name in row) {
        if (name !== names[at]) {
          at = -1;
          break;
        }
        cells[start + at] = row[name];
        at += 1;
      }
      if (at !== names.length) break;
    }
  } finally {
    walk.at(index, place.array);
    walk.at(names[at] ?? '', place.row);
  }
  if (index < rows.length) walk.refuse(place.row, 'changes while it is read; store plain data');
  return cells;
}

/**
 * How many columns of a table may be one value each, lest a few bytes stand for rows without end: half of what is read
 * is there, and two values of each row.
 *
 * @param whole columns that have a value for each row, tables left out
 */
export function mostConstants(whole: number): number {
  return whole < LEAST_COLUMNS ? 0 : whole;
}

/** The columns that are one value; objects are left out, of which each has to come back by itself. */
function constantsOf({ cells, width }: Grid): ReadonlySet<number> {
  const constants: number[] = [];
  let whole = 0;
  for (let at = 0; at < width; at += 1) {
    const first = cells[at];
    if (typeof first === 'object' && first !== null) continue;
    if (isConstant(cells, at, width)) constants.push(at);
    else whole += 1;
  }
  return new Set(constants.slice(0, mostConstants(whole)));
}

function isConstant(cells: readonly unknown[], at: number, width: number): boolean {
  const first = cells[at];
  for (let index = at + width; index < cells.length; index += width) {
    if (!Object.is(cells[index], first)) return false;
  }
  return true;
}

function writeColumn(walk: Walk, { cells, width }: Grid, at: number, name: string, place: Place): void {
  const { sink, memory } = walk;
  if (areDoubles(cells, at, width)) {
    memory.addDoubles(cells, at, width);
    return sink.ascii7('"n"');
  }
  const column = columnOf(cells, at, width);
  if (sink.list(column) || writeAlike(walk, column, name, place)) return;
  sink.ascii7('[');
  for (const [index, cell] of column.entries()) {
    if (index > 0) sink.byte(COMMA);
    walk.at(index, place.array);
    walk.part(cell, name, place.row);
  }
  sink.ascii7(']');
}

/** Writes a column of dates, or of rows again. */
function writeAlike(walk: Walk, cells: readonly unknown[], name: string, place: Place): boolean {
  if (areDates(cells) && place.row + 1 < MAX_DEPTH && walk.enterAll(cells)) {
    const times = cells.map((date) => Date.prototype.getTime.call(date));
    walk.memory.addDoubles(times, 0, 1);
    walk.sink.ascii7('"d"');
    return true;
  }
  walk.at(name, place.row);
  return writeRows(walk, cells, { array: place.array, row: place.row + 1 });
}

function columnOf(cells: readonly unknown[], at: number, width: number): unknown[] {
  const column: unknown[] = [];
  for (let index = at; index < cells.length; index += width) column.push(cells[index]);
  return column;
}

/** Whether all are numbers, and not all of them small integers, which are as fast to read and shorter as text. */
function areDoubles(cells: readonly unknown[], at: number, width: number): boolean {
  let integers = true;
  for (let index = at; index < cells.length; index += width) {
    const cell = cells[index];
    if (typeof cell !== 'number') return false;
    integers &&= isSmall(cell);
  }
  return !integers;
}

/** Whether this is an integer of 32 bits, and not -0. */
function isSmall(cell: unknown): cell is number {
  return typeof cell === 'number' && (cell | 0) === cell && (cell !== 0 || 1 / cell > 0);
}

/** Whether all are dates of this realm, without properties of their own. */
function areDates(cells: readonly unknown[]): cells is readonly Date[] {
  return cells.every(
    (cell) =>
      types.isDate(cell) &&
      Object.getPrototypeOf(cell) === Date.prototype &&
      Object.keys(cell).length === 0 &&
      Object.getOwnPropertySymbols(cell).length === 0,
  );
}
