import type { CacheLoadOptions, TaggedWriteOptions } from '../contract/capabilities.js';
import { requireCapability } from '../contract/require-capability.js';
import { NotKept } from '../core/not-kept.js';
import type { CacheableMethod, CacheableOptions, CacheMethodDecorator } from './decorator-options.js';
import { decorateMethod } from './decorate-method.js';
import { type EntryRules, isKept, writeEntry } from './entry-rules.js';
import { type Advice, answer, type MethodCall } from './method-call.js';
import { readKey } from './method-keys.js';
import { type MethodSite, misused } from './method-site.js';
import { isLoading, runAsLoad } from './running-loads.js';

/** How `getOrSet` loads, as far as it is not decided for each result. */
type LoadRules = Omit<CacheLoadOptions, 'ttl' | 'tags'>;

/**
 * Answers a call from the cache, and calls the method only when the cache does not hold its result.
 *
 * The result is loaded once for all callers, as by `getOrSet`; only a `ttl` that is a function of the result gives that
 * up. `null` and `undefined` are results like any other. What an Observable emits is kept when it completes, and emitted
 * again on a hit. What the method throws is not kept.
 *
 * @param options key, time to live, tags, conditions, the name of the cache, and how to load
 * @throws CacheConfigurationError where the class is declared, when the decorator cannot work there; at the first call,
 *   when no container has made the instance
 * @throws CacheKeyGenerationError at a call, when its arguments make no key
 * @throws InvalidCacheKeyError at a call, when the key is empty or longer than 1 KiB
 * @example
 * ```ts
 * @Injectable()
 * class Profiles {
 *   @Cacheable({ key: 'profile:{0}', ttl: '5m', tags: (profile) => [`country:${profile.country}`] })
 *   async find(id: string): Promise<Profile> {
 *     return await database.read(id);
 *   }
 * }
 * ```
 */
export function Cacheable<Method extends CacheableMethod, const Template extends string = string>(
  options: CacheableOptions<Method, Template> = {},
): CacheMethodDecorator<Method> {
  const { key, cache, condition, returns, unless, ttl, tags, ...load } = options;
  const rules: EntryRules = { unless, ttl, tags };
  return decorateMethod('@Cacheable', { cache, condition, returns }, (site) => {
    const makeKey = readKey(key, site);
    const find =
      typeof ttl === 'function' ? readThenWrite(rules, load, site) : loadOnce({ ...rules, ttl }, load);
    return async (call) => {
      const callKey = makeKey(call);
      // A method that overrides another and calls it, under the same key, would wait for itself.
      return isLoading(call.cache, callKey) ? await call.proceed() : await find(call, callKey);
    };
  });
}

/** Finds the result of a call under a key. */
type Finder = (call: MethodCall, key: string) => ReturnType<Advice>;

function loadOnce(rules: EntryRules & Pick<TaggedWriteOptions, 'ttl'>, load: LoadRules): Finder {
  const { ttl, tags } = rules;
  return async (call, key) => {
    let own: { readonly notKept: NotKept; readonly result: unknown } | undefined;
    const factory = (): Promise<unknown> =>
      runAsLoad(call.cache, key, async () => {
        const result = await call.proceed();
        if (isKept(rules, result, call.args)) return call.toEntry(result);
        own = { notKept: new NotKept(), result };
        throw own.notKept;
      });
    const tagsOf = (entry: unknown): readonly string[] =>
      answer(tags, call.toResult(entry), ...call.args) ?? [];
    const named = typeof tags === 'function' ? tagsOf : tags;
    try {
      const entry = await requireCapability(call.cache, 'stampede').getOrSet(key, factory, {
        ...load,
        ttl,
        tags: named,
      });
      // With staleFor an old value serves in the place of a load that fails; this one has not.
      return own === undefined ? call.toResult(entry) : own.result;
    } catch (error) {
      if (!(error instanceof NotKept)) throw error;
      // What is not kept is nobody else's: whoever waited for it calls the method.
      return error === own?.notKept ? own.result : await call.proceed();
    }
  };
}

/** Only the result tells how long it stays, and `getOrSet` wants to know before. */
function readThenWrite(rules: EntryRules, load: LoadRules, site: MethodSite): Finder {
  const names = Object.entries(load).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (names.length > 0) {
    throw misused(site, `${names.join(', ')} need a ttl that is no function of the result`);
  }
  return async (call, key) => {
    const found = await call.cache.get(key);
    if (found.hit) return call.toResult(found.value);
    return await runAsLoad(call.cache, key, async () => {
      const result = await call.proceed();
      await writeEntry(rules, call, key, result);
      return result;
    });
  };
}
