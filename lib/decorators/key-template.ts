import { types } from 'node:util';
import { CacheKeyGenerationError } from '../contract/errors.js';
import { labelOf, type MethodSite, misused } from './method-site.js';

/** A template, read: text, and between two texts a part of an argument. */
interface KeyTemplate {
  /** One more than there are placeholders. */
  readonly texts: readonly string[];
  /** Each is an index of an argument, and the names of parts inside it. */
  readonly paths: readonly (readonly string[])[];
  /** What inserted values must not contain as it is, so that other values never make the same key. */
  readonly reserved: ReadonlySet<string>;
}

const PLACEHOLDER = /\{([^{}]*)\}/;
const PATH = /^\d+(\.[^.]+)*$/;

/**
 * Reads `'profile:{0}'`, `'{0.id}:{1}'` and the like.
 *
 * @returns what fills it with the arguments of a call
 * @throws CacheConfigurationError when the template is none
 */
export function readTemplate(template: string, site: MethodSite): (args: readonly unknown[]) => string {
  const parsed = parse(template, site);
  return (args) => fill(parsed, args, site);
}

function parse(template: string, site: MethodSite): KeyTemplate {
  const pieces = template.split(new RegExp(PLACEHOLDER, 'g'));
  const texts = pieces.filter((_, index) => index % 2 === 0);
  const placeholders = pieces.filter((_, index) => index % 2 === 1);
  const separators = texts.slice(1, -1);
  const wrong = (problem: string): Error => misused(site, `the key ${JSON.stringify(template)} ${problem}`);
  for (const placeholder of placeholders) {
    if (!PATH.test(placeholder)) throw wrong(`has {${placeholder}}: write {0}, or {0.id} for a part of it`);
  }
  if (texts.some((text) => /[{}%]/.test(text))) {
    throw wrong('has a brace without its partner, or a %: make it with a function of the arguments');
  }
  if (separators.includes('')) throw wrong('has two placeholders with nothing in between');
  if (template === '') throw wrong('is empty');
  const firsts = separators.map((text) => String.fromCodePoint(text.codePointAt(0) ?? 0));
  return {
    texts,
    paths: placeholders.map((path) => path.split('.')),
    reserved: new Set(['%', ':', ...firsts]),
  };
}

function fill({ texts, paths, reserved }: KeyTemplate, args: readonly unknown[], site: MethodSite): string {
  const inserted = paths.map((path) => escape(textAt(args, path, site), reserved));
  return texts.map((text, index) => text + (inserted[index] ?? '')).join('');
}

function textAt(args: readonly unknown[], path: readonly string[], site: MethodSite): string {
  let part: unknown = args;
  for (const name of path)
    part = part === null || part === undefined ? undefined : Reflect.get(Object(part), name);
  if (typeof part === 'string') return part;
  if (typeof part === 'number' || typeof part === 'bigint' || typeof part === 'boolean') return String(part);
  if (types.isDate(part) && !Number.isNaN(part.getTime())) return part.toISOString();
  throw new CacheKeyGenerationError(
    `No key can be made of the arguments of ${labelOf(site)}: {${path.join('.')}} is ${kindOf(part)}, and only a string, ` +
      'number, bigint, boolean or Date can be inserted. Name a part of it, or make the key with a function.',
  );
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return types.isDate(value) ? 'an invalid Date' : `of type ${typeof value}`;
}

/** A reserved character becomes its bytes, as in an address: `%3A`. What follows a `%` is never taken for text. */
function escape(text: string, reserved: ReadonlySet<string>): string {
  let escaped = '';
  for (const character of text) escaped += reserved.has(character) ? bytesOf(character) : character;
  return escaped;
}

function bytesOf(character: string): string {
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
