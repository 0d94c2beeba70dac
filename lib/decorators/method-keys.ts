import type { ICache } from '../contract/cache.interface.js';
import { CacheKeyGenerationError, InvalidCacheKeyError } from '../contract/errors.js';
import { assertCacheKey } from '../core/cache-key.js';
import { canonicalArguments } from './canonical-arguments.js';
import { readTemplate } from './key-template.js';
import type { MethodCall } from './method-call.js';
import { answer } from './method-call.js';
import { labelOf, type MethodSite, misused, nameOf } from './method-site.js';

/** A key as an option names it. */
export type KeyOption = string | ((...args: never) => string);

/** Makes the key of a call. */
export type KeyMaker = (call: MethodCall) => string;

/** Whose name a default key is made of. */
interface NameHolder {
  /** The class of the instance. */
  readonly own: object;
  /** Where the method is declared. */
  readonly declaring: object;
}

/** Who has made default keys for each cache, by what these keys begin with. */
const holders = new WeakMap<ICache, Map<string, NameHolder>>();

/**
 * Reads how the keys of a method are made.
 *
 * @param key a template or a function of the arguments; absent: class, method and all arguments
 * @throws CacheConfigurationError when it is no template, or the method cannot be named
 */
export function readKey(key: KeyOption | undefined, site: MethodSite): KeyMaker {
  if (key === undefined) return readDefaultKey(site);
  const make = typeof key === 'string' ? readTemplate(key, site) : undefined;
  return ({ args }) => checkedKey(make === undefined ? answer(key, ...args) : make(args), site);
}

/**
 * Refuses what is no key, and tells which method has made it.
 *
 * @throws InvalidCacheKeyError unless `key` is a non-empty string of at most 1 KiB in UTF-8 without lone surrogates
 */
export function checkedKey(key: unknown, site: MethodSite): string {
  try {
    assertCacheKey(key);
    return key;
  } catch (error) {
    if (!(error instanceof InvalidCacheKeyError)) throw error;
    const { message, key: refused } = error;
    throw new InvalidCacheKeyError(`${site.decorator} of ${labelOf(site)} made what is no key. ${message}`, {
      key: refused,
    });
  }
}

function readDefaultKey(site: MethodSite): KeyMaker {
  if (hasTwin(site)) throw misused(site, `another method is ${site.name}, too: give each a key of its own`);
  return ({ cache, instance, args }) =>
    checkedKey(`${startOf(cache, instance, site)}(${canonicalArguments(args, labelOf(site))})`, site);
}

function hasTwin({ prototype, property, name }: MethodSite): boolean {
  return Reflect.ownKeys(prototype).some((other) => other !== property && nameOf(other) === name);
}

/**
 * The class of the instance, the one that declares the method where that is another, and the method: what derived
 * classes inherit is not the same, and a method that overrides one and calls it is not that one.
 */
function startOf(cache: ICache, instance: object, site: MethodSite): string {
  const [own, declaring] = [instance.constructor, site.prototype];
  const title = own.prototype === declaring ? own.name : `${own.name}:${site.owner}`;
  const start = `${title}.${site.name}`;
  const known = holders.get(cache) ?? new Map<string, NameHolder>();
  holders.set(cache, known);
  const holder = known.get(start) ?? { own, declaring };
  known.set(start, holder);
  if (holder.own === own && holder.declaring === declaring) return start;
  const name = holder.own === own ? site.owner : own.name;
  throw new CacheKeyGenerationError(
    `Two classes are named ${name} and would share entries by the key of ${labelOf(site)}: ` +
      'give the decorators of one of them a key.',
  );
}
