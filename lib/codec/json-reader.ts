import { damagedPayload } from './failures.js';
import { MAX_DEPTH } from './walk.js';

/** Shorter text cannot be nested too deeply: each level needs two characters. */
const SHALLOW = 2 * MAX_DEPTH;
/** Longer text is checked before it is parsed: the deepest of this length takes 40 MB, and as long again. */
const LARGE = 1024 * 1024;
/** Brackets are counted only while they are this rare. */
const CHARACTERS_PER_BRACKET = 256;

/**
 * Parses JSON text that is nested at most `maxDepth` deep.
 *
 * @param text the text
 * @param maxDepth brackets inside brackets, at most
 * @param key for messages
 * @throws CacheSerializationError when it is no JSON or too deep; the parser's own message would quote it
 */
export function parseJson(text: string, maxDepth: number, key: string): unknown {
  return text.length <= SHALLOW || hasFewBrackets(text) ? parse(text, key) : parseNested(text, maxDepth, key);
}

function parseNested(text: string, maxDepth: number, key: string): unknown {
  if (text.length > LARGE) {
    if (isDeeperText(text, maxDepth)) throw tooDeep(key);
    return parse(text, key);
  }
  const value = parse(text, key);
  if (isDeeper(value, maxDepth)) throw tooDeep(key);
  return value;
}

function parse(text: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damagedPayload(key, 'the text is no JSON');
  }
}

function tooDeep(key: string): Error {
  return damagedPayload(key, 'the value is nested too deeply');
}

/** The engine searches for one character many times faster than a loop looks at each. */
function hasFewBrackets(text: string): boolean {
  const few = Math.min(MAX_DEPTH, text.length / CHARACTERS_PER_BRACKET);
  return count(text, '[', few) + count(text, '{', few) <= few;
}

function count(text: string, bracket: string, few: number): number {
  let found = 0;
  for (let at = text.indexOf(bracket); at >= 0 && found <= few; at = text.indexOf(bracket, at + 1))
    found += 1;
  return found;
}

/** Looking at the parsed value takes a third of the time of looking at its text. */
function isDeeper(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (left === 0) return true;
  const parts: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index];
    if (typeof part === 'object' && part !== null && isDeeper(part, left - 1)) return true;
  }
  return false;
}

/** Up to here one look for both spellings takes less than a search for each. */
const SHORT = 512;
/** Also with any of its characters escaped. */
const PROTO = /__proto__|\\u00[567]/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts brackets outside strings: `[` and `{`, `]` and `}` differ in one bit. */
function isDeeperText(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      at = endOfString(text, at + 1);
    } else if ((unit | 0x20) === 0x7b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if ((unit | 0x20) === 0x7d) {
      depth -= 1;
    }
  }
  return false;
}

function endOfString(text: string, start: number): number {
  let at = start;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

/** Whether text could hold an own `__proto__`; a writer of this cache never escapes its characters. */
export function mayHoldProto(text: string): boolean {
  if (text.length <= SHORT) return PROTO.test(text);
  return text.includes('__proto__') || (text.includes('\\u00') && PROTO.test(text));
}

/**
 * Makes sure that no object of a parsed value has an own `__proto__`: it would be copied onto a prototype by
 * careless code.
 *
 * @param value from `JSON.parse`, not nested too deeply
 * @param key for messages
 * @throws CacheSerializationError when one has
 */
export function refuseProto(value: unknown, key: string): void {
  if (typeof value !== 'object' || value === null) return;
  if (Object.hasOwn(value, '__proto__')) throw protoFound(key);
  for (const part of Object.values(value)) refuseProto(part, key);
}

/** The error about an own `__proto__` in stored bytes. */
export function protoFound(key: string): Error {
  return damagedPayload(key, 'an object has an own property "__proto__", which is never written');
}
