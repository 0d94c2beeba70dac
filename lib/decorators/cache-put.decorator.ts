import type { CacheableMethod, CacheMethodDecorator, CachePutOptions } from './decorator-options.js';
import { decorateMethod } from './decorate-method.js';
import { type EntryRules, writeEntry } from './entry-rules.js';
import { readKey } from './method-keys.js';

/**
 * Calls the method each time, and keeps what it answers.
 *
 * When the method succeeds and the cache cannot be written, the call rejects: what the method did is done, and the entry
 * is the old one.
 *
 * @param options key, time to live, tags, conditions and the name of the cache
 * @throws CacheConfigurationError where the class is declared, when the decorator cannot work there; at the first call,
 *   when no container has made the instance
 * @throws CacheKeyGenerationError at a call, before the method runs, when its arguments make no key
 * @throws InvalidCacheKeyError at a call, before the method runs, when the key is empty or longer than 1 KiB
 * @example
 * ```ts
 * @Injectable()
 * class Profiles {
 *   @CachePut({ key: 'profile:{0.id}', ttl: '5m' })
 *   async save(profile: Profile): Promise<Profile> {
 *     return await database.write(profile);
 *   }
 * }
 * ```
 */
export function CachePut<Method extends CacheableMethod, const Template extends string = string>(
  options: CachePutOptions<Method, Template> = {},
): CacheMethodDecorator<Method> {
  const { key, ttl, tags, unless } = options;
  const rules: EntryRules = { ttl, tags, unless };
  return decorateMethod('@CachePut', options, (site) => {
    const makeKey = readKey(key, site);
    return async (call) => {
      // First: arguments that make no key are refused before the method has done anything.
      const callKey = makeKey(call);
      const result = await call.proceed();
      await writeEntry(rules, call, callKey, result);
      return result;
    };
  });
}
