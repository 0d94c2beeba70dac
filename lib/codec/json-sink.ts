import { Buffer } from 'node:buffer';

/** Thrown when the text passes the limit; the writer turns it into the typed error. */
export class SizeExceeded extends Error {}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
const COMMA = 0x2c;
const COLON = 0x3a;
const NULL = 0x6c6c756e;
const TRUE = 0x65757274;
const FALS = 0x736c6166;
const LETTER_E = 0x65;
const MILLION = 1_000_000;
/** With six decimals 15 digits: as many as a double always keeps. */
const MOST_WHOLE = 1_000_000_000;
/** Of the largest integer of 31 bits. */
const MAX_DIGITS = 10;
const FIRST_SIZE = 4096;
/** The text of more characters could be longer than a string may be. */
const LARGEST_LIST = 1 << 24;
/** A larger buffer is not kept for the next value. */
const LARGEST_KEPT = 1 << 20;
/** Up to here a loop beats the calls into the engine's own writer. */
const SHORT = 40;
/** Every character of a short string could become `\uXXXX`, and two quotes. */
const ROOM = SHORT * 6 + 2;

/** Names of properties that are kept; objects that are used as maps have any number of them. */
const MOST_NAMES = 1_000;

/** Characters of ASCII that a string cannot have as they are; one look is faster than three comparisons. */
const MARKED = new Uint8Array(0x7f).fill(1, 0, 0x20);
MARKED[QUOTE] = MARKED[BACKSLASH] = 1;

/** Writes JSON text as bytes, into memory that is used again. */
export class JsonSink {
  /** True while every byte is 7-bit, so that reading need not decode UTF-8. */
  ascii = true;
  length = 0;
  bytes = Buffer.allocUnsafeSlow(FIRST_SIZE);
  private limit = 0;
  /** What `name` writes for names that were seen before. */
  private readonly names = new Map<string, Uint8Array>();

  /**
   * Begins a new text.
   *
   * @param limit the largest size in bytes
   */
  reset(limit: number): void {
    this.ascii = true;
    this.length = 0;
    this.limit = limit;
    if (this.bytes.length > LARGEST_KEPT) this.bytes = Buffer.allocUnsafeSlow(FIRST_SIZE);
  }

  /** @param byte one character of ASCII */
  byte(byte: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = byte;
  }

  /** @param text a short text of ASCII that needs no escaping */
  ascii7(text: string): void {
    const size = text.length;
    if (this.length + size > this.bytes.length) this.grow(size);
    const { bytes } = this;
    let at = this.length;
    for (let index = 0; index < size; index += 1) bytes[at++] = text.charCodeAt(index);
    this.length = at;
  }

  /** @param value what JSON has a word for: of four letters, whose bytes are those of one number, and `e` */
  word(value: boolean | null): void {
    if (this.length + 5 > this.bytes.length) this.grow(5);
    const { bytes } = this;
    const letters = value === null ? NULL : value ? TRUE : FALS;
    for (let shift = 0; shift < 32; shift += 8) bytes[this.length++] = letters >> shift;
    if (value === false) bytes[this.length++] = LETTER_E;
  }

  /**
   * Writes the first elements of an array as long as they are integers of 31 bits, with commas between: a quarter
   * faster than one call for each.
   *
   * @param parts elements, each already read once
   * @returns how many it wrote
   */
  integers(parts: readonly unknown[]): number {
    let { bytes, length: at } = this;
    let index = 0;
    for (; index < parts.length; index += 1) {
      const part = parts[index];
      if (typeof part !== 'number' || (part | 0) !== part || part < 0 || (part === 0 && 1 / part < 0)) break;
      if (at + MAX_DIGITS + 1 > bytes.length) {
        this.length = at;
        this.grow(MAX_DIGITS + 1);
        ({ bytes } = this);
      }
      if (index > 0) bytes[at++] = COMMA;
      at = putDigits(bytes, at, part);
    }
    this.length = at;
    return index;
  }

  /**
   * Writes a list of strings, booleans, nulls, and numbers that JSON has, by the engine's own writer: storing byte after
   * byte was as fast in a bare process, and took four times as long once ioredis was loaded.
   *
   * @param parts elements, each already read once
   * @returns false when there is something else among them; then nothing was written
   */
  list(parts: readonly unknown[]): boolean {
    let least = parts.length;
    for (let index = 0; index < parts.length; index += 1) {
      const part = parts[index];
      if (typeof part === 'string') least += part.length;
      else if (typeof part === 'number') {
        if (part - part !== 0 || (part === 0 && 1 / part < 0)) return false;
      } else if (typeof part !== 'boolean' && part !== null) return false;
    }
    // Somebody could have given all arrays or objects a method that the engine would call.
    if (least > LARGEST_LIST || 'toJSON' in parts) return false;
    this.engine(parts, least);
    return true;
  }

  /** @param value a finite number that is not -0 */
  number(value: number): void {
    if ((value | 0) === value && value >= 0) this.digits(value);
    else this.decimal(value);
  }

  /**
   * Numbers with up to six decimals are what prices and positions are, and the engine prints those slowly. A
   * quotient of two integers is the double nearest to it, so the digits read back as the same number.
   */
  private decimal(value: number): void {
    const size = Math.abs(value);
    const millionths = Math.round(size * MILLION);
    if (size >= MOST_WHOLE || millionths / MILLION !== size) return this.ascii7(`${value}`);
    const whole = Math.floor(millionths / MILLION);
    if (value < 0) this.byte(MINUS);
    this.digits(whole);
    if (whole !== size) this.fraction(millionths - whole * MILLION);
  }

  private fraction(millionths: number): void {
    if (this.length + MAX_DIGITS > this.bytes.length) this.grow(MAX_DIGITS);
    const { bytes } = this;
    bytes[this.length++] = POINT;
    let left = millionths;
    for (let power = MILLION / 10; left > 0; power /= 10) {
      const digit = Math.floor(left / power);
      bytes[this.length++] = ZERO + digit;
      left -= digit * power;
    }
  }

  /** @param text any string: lone surrogates come back from their escapes */
  string(text: string): void {
    const size = text.length;
    if (size > SHORT) return this.longString(text);
    if (this.length + ROOM > this.bytes.length) this.grow(ROOM);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let index = 0; index < size; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7e || MARKED[unit] === 1) return this.wideString(text);
      bytes[at++] = unit;
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  /** @param text the name of a property, with the colon behind it: the same ones come again and again */
  name(text: string): void {
    const known = this.names.get(text);
    if (known === undefined) return this.newName(text);
    if (this.length + known.length > this.bytes.length) this.grow(known.length);
    const { bytes } = this;
    let at = this.length;
    for (let index = 0; index < known.length; index += 1) bytes[at++] = known[index] ?? 0;
    this.length = at;
  }

  private newName(text: string): void {
    const start = this.length;
    this.string(text);
    this.byte(COLON);
    // What takes more bytes than characters would have to tell `ascii` so each time.
    const isPlain = this.length - start === text.length + 3 && text.length <= SHORT;
    if (isPlain && this.names.size < MOST_NAMES)
      this.names.set(text, new Uint8Array(this.bytes.subarray(start, this.length)));
  }

  /** A short string of other scripts: UTF-8 of up to three bytes. */
  private wideString(text: string): void {
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit < 0x20 || unit === QUOTE || unit === BACKSLASH) return this.longString(text);
      if (unit >= 0xd800 && unit < 0xe000) return this.longString(text);
      if (unit < 0x80) {
        bytes[at++] = unit;
      } else if (unit < 0x800) {
        bytes[at++] = 0xc0 | (unit >> 6);
        bytes[at++] = 0x80 | (unit & 0x3f);
      } else {
        bytes[at++] = 0xe0 | (unit >> 12);
        bytes[at++] = 0x80 | ((unit >> 6) & 0x3f);
        bytes[at++] = 0x80 | (unit & 0x3f);
      }
    }
    bytes[at++] = QUOTE;
    if (at - this.length !== text.length + 2) this.ascii = false;
    this.length = at;
  }

  private digits(value: number): void {
    if (this.length + MAX_DIGITS > this.bytes.length) this.grow(MAX_DIGITS);
    this.length = putDigits(this.bytes, this.length, value);
  }

  /** The engine quotes long and unusual strings faster than a loop would. */
  private longString(text: string): void {
    this.engine(text, text.length);
  }

  private engine(value: unknown, least: number): void {
    if (this.length + least > this.limit) throw new SizeExceeded();
    const text = JSON.stringify(value);
    const size = Buffer.byteLength(text);
    if (size !== text.length) this.ascii = false;
    if (this.length + size > this.bytes.length) this.grow(size);
    this.length += this.bytes.write(text, this.length, size === text.length ? 'latin1' : 'utf8');
  }

  private grow(more: number): void {
    const needed = this.length + more;
    if (this.length > this.limit || needed > this.limit + ROOM) throw new SizeExceeded();
    const size = Math.max(needed, Math.min(this.bytes.length * 2, this.limit + ROOM));
    const larger = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/** Every step stays an integer of 32 bits, which the engine divides much faster than others: `| 0` tells it so. */
function putDigits(bytes: Buffer, start: number, value: number): number {
  let left = value | 0;
  let size = 1;
  for (let rest = (left / 10) | 0; rest > 0; rest = (rest / 10) | 0) size += 1;
  for (let at = start + size - 1; at >= start; at -= 1) {
    const tenth = (left / 10) | 0;
    bytes[at] = ZERO + left - tenth * 10;
    left = tenth;
  }
  return start + size;
}
