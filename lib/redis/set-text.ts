import { Buffer } from 'node:buffer';

/** What a SET writes. */
export interface SetEntry {
  readonly wholeKey: string;
  readonly bytes: Buffer;
  /** In milliseconds; empty: until it is removed. */
  readonly life: number | '';
}

/** In bytes; a longer value stays by itself: a copy would take longer than one more part of a write. */
const LONGEST_COPIED = 4_096;
/** In bytes; all of a SET but its key and its value are fewer. */
const REST = 96;
/** UTF-8 takes at most as many bytes for a unit of UTF-16. */
const BYTES_OF_UNIT = 3;
const ZERO = 0x30;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;

const SET = Buffer.from('*3\r\n$3\r\nSET\r\n$');
const SET_WITH_LIFE = Buffer.from('*5\r\n$3\r\nSET\r\n$');

/**
 * Makes the commands that write entries, as RESP has them (https://redis.io/docs/latest/develop/reference/protocol-spec/):
 * in one piece, save for long values. Byte by byte: a text for each part would be made to be thrown away.
 */
export function* setText(entries: readonly SetEntry[]): Generator<Buffer> {
  const text = Buffer.allocUnsafe(roomFor(entries));
  let start = 0;
  let at = 0;
  let life: SetEntry['life'] = '';
  let end = endOf(life);
  for (const entry of entries) {
    const { wholeKey, bytes } = entry;
    if (entry.life !== life) {
      ({ life } = entry);
      end = endOf(life);
    }
    at = putBytes(text, at, life === '' ? SET : SET_WITH_LIFE);
    at = putKey(text, at, wholeKey);
    text[at] = DOLLAR;
    at = putLength(text, at + 1, bytes.length);
    if (isLong(bytes)) {
      yield text.subarray(start, at);
      yield bytes;
      start = at;
    } else {
      text.set(bytes, at);
      at += bytes.length;
    }
    at = putBytes(text, at, end);
  }
  yield text.subarray(start, at);
}

/** What stands behind a value. */
function endOf(life: SetEntry['life']): Buffer {
  return Buffer.from(life === '' ? '\r\n' : `\r\n$2\r\nPX\r\n$${`${life}`.length}\r\n${life}\r\n`);
}

function putBytes(text: Buffer, start: number, bytes: Buffer): number {
  let at = start;
  for (let index = 0; index < bytes.length; index += 1) text[at++] = bytes[index] ?? 0;
  return at;
}

/** Its length stands before it, and is almost always that of the text. */
function putKey(text: Buffer, start: number, wholeKey: string): number {
  const isPlain = text.write(wholeKey, putLength(text, start, wholeKey.length)) === wholeKey.length;
  const length = isPlain ? wholeKey.length : Buffer.byteLength(wholeKey);
  const at = putLength(text, start, length);
  if (!isPlain) text.write(wholeKey, at);
  const end = at + length;
  text[end] = CR;
  text[end + 1] = LF;
  return end + 2;
}

function putLength(text: Buffer, start: number, length: number): number {
  let digits = 1;
  for (let rest = (length / 10) | 0; rest > 0; rest = (rest / 10) | 0) digits += 1;
  let left = length;
  for (let at = start + digits - 1; at >= start; at -= 1) {
    const tenth = (left / 10) | 0;
    text[at] = ZERO + left - tenth * 10;
    left = tenth;
  }
  text[start + digits] = CR;
  text[start + digits + 1] = LF;
  return start + digits + 2;
}

function roomFor(entries: readonly SetEntry[]): number {
  let room = 0;
  for (const { wholeKey, bytes } of entries) {
    room += REST + wholeKey.length * BYTES_OF_UNIT + (isLong(bytes) ? 0 : bytes.length);
  }
  return room;
}

function isLong({ length }: Buffer): boolean {
  return length > LONGEST_COPIED;
}
