import type { ICache } from '../contract/cache.interface.js';
import { CacheKeyGenerationError, InvalidCacheKeyError } from '../contract/errors.js';
import { assertCacheKey } from '../core/cache-key.js';
import { canonicalArguments } from './canonical-arguments.js';
import { readTemplate } from './key-template.js';
import type { MethodCall } from './method-call.js';
import { answer } from './method-call.js';
import { labelOf, type MethodSite, misused } from './method-site.js';

/** A key as an option names it. */
export type KeyOption = string | ((...args: never) => string);

/** Makes the key of a call. */
export type KeyMaker = (call: MethodCall) => string;

/** Which classes have made keys from their names, for each cache. */
const titles = new WeakMap<ICache, Map<string, object>>();

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
  if (hasTwin(site)) {
    throw misused(site, 'another method has a symbol of the same description: give each a key of its own');
  }
  return ({ cache, instance, args }) => {
    const title = titleOf(cache, instance, site);
    return checkedKey(`${title}.${site.name}(${canonicalArguments(args, labelOf(site))})`, site);
  };
}

function hasTwin({ prototype, property }: MethodSite): boolean {
  if (typeof property === 'string') return false;
  const { description } = property;
  return Object.getOwnPropertySymbols(prototype).some(
    (other) => other !== property && other.description === description,
  );
}

/**
 * The class of the instance, and the one that declares the method where that is another: what derived classes inherit
 * is not the same, and a method that overrides one and calls it is not that one.
 */
function titleOf(cache: ICache, instance: object, site: MethodSite): string {
  const own = instance.constructor;
  const title = own.prototype === site.prototype ? own.name : `${own.name}:${site.owner}`;
  const known = titles.get(cache) ?? new Map<string, object>();
  titles.set(cache, known);
  const holder = known.get(title) ?? own;
  known.set(title, holder);
  if (holder === own) return title;
  throw new CacheKeyGenerationError(
    `Two classes are named ${own.name} and would share entries by the key of ${labelOf(site)}: ` +
      'give the decorators of one of them a key.',
  );
}
