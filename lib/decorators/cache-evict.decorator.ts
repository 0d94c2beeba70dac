import type { ICache } from '../contract/cache.interface.js';
import { requireCapability } from '../contract/require-capability.js';
import type { CacheableMethod, CacheEvictOptions, CacheMethodDecorator } from './decorator-options.js';
import { decorateMethod } from './decorate-method.js';
import { answer, type MethodCall } from './method-call.js';
import { checkedKey, readKey } from './method-keys.js';
import { type MethodSite, misused } from './method-site.js';

/**
 * Removes entries after the method has succeeded; when it fails, everything stays.
 *
 * When the method succeeds and an entry cannot be removed, the call rejects: what the method did is done, and the entry
 * may still be there.
 *
 * @param options `key` and `tags`, one or several of each, or `all: true`; a condition, and the name of the cache
 * @throws CacheConfigurationError where the class is declared, when the decorator cannot work there; at the first call,
 *   when no container has made the instance
 * @throws CacheKeyGenerationError at a call, before the method runs, when its arguments make no key
 * @throws InvalidCacheKeyError at a call, before the method runs, when a key is empty or longer than 1 KiB
 * @example
 * ```ts
 * @Injectable()
 * class Profiles {
 *   @CacheEvict({ key: ['profile:{0}', 'avatar:{0}'], tags: ['profiles'] })
 *   async remove(id: string): Promise<void> {
 *     await database.remove(id);
 *   }
 * }
 * ```
 */
export function CacheEvict<Method extends CacheableMethod, const Template extends string = string>(
  options: CacheEvictOptions<Method, Template>,
): CacheMethodDecorator<Method> {
  const { key, tags, all = false } = options;
  return decorateMethod('@CacheEvict', options, (site) => {
    if (key === undefined && tags === undefined && !all) {
      throw misused(site, 'it removes nothing: name a key, tags, or all: true');
    }
    const makeKeys = readKeys(key, site);
    return async (call) => {
      // First: arguments that make no key are refused before the method has done anything.
      const keys = makeKeys(call);
      const result = await call.proceed();
      if (all) await call.cache.clear();
      else await evict(call.cache, keys, answer(tags, result, ...call.args) ?? []);
      return result;
    };
  });
}

type EvictedKeys = string | readonly string[] | ((...args: never) => string | readonly string[]);

function readKeys(key: EvictedKeys | undefined, site: MethodSite): (call: MethodCall) => readonly string[] {
  if (typeof key === 'function') {
    return ({ args }) => listOf(answer(key, ...args)).map((made) => checkedKey(made, site));
  }
  const makers = listOf(key).map((template) => readKey(template, site));
  return (call) => makers.map((make) => make(call));
}

function listOf(keys: string | readonly string[] | undefined): readonly string[] {
  return typeof keys === 'string' ? [keys] : (keys ?? []);
}

/** What cannot be removed keeps nothing else in the cache. */
async function evict(cache: ICache, keys: readonly string[], tags: readonly string[]): Promise<void> {
  const outcomes = await Promise.allSettled([removeKeys(cache, keys), evictTags(cache, tags)]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function removeKeys(cache: ICache, keys: readonly string[]): Promise<void> {
  const [key] = keys;
  if (keys.length > 1) await requireCapability(cache, 'batch').deleteMany(keys);
  else if (key !== undefined) await cache.delete(key);
}

async function evictTags(cache: ICache, tags: readonly string[]): Promise<void> {
  if (tags.length > 0) await requireCapability(cache, 'tags').evictTags(...tags);
}
