import { CacheConfigurationError } from '../contract/errors.js';

const NAMESPACE = '@spakky/nestjs-redis-cache';

/**
 * The token of the unnamed cache.
 *
 * @example
 * ```ts
 * class Profiles {
 *   constructor(@Inject(CACHE) private readonly cache: ICache<Profile>) {}
 * }
 * ```
 */
export const CACHE: unique symbol = Symbol.for(`${NAMESPACE}:cache`);

/**
 * The token of a cache by its name.
 *
 * @param name what the module was registered with; absent for the unnamed cache, whose token is {@link CACHE}
 * @throws CacheConfigurationError when the name is empty
 * @example
 * ```ts
 * const sessions = app.get<ICache<Session>>(getCacheToken('sessions'));
 * ```
 */
export function getCacheToken(name?: string): symbol {
  if (name === undefined) return CACHE;
  if (name === '') throw new CacheConfigurationError(['name expects a text that is not empty']);
  // Registered by its text, so that the ESM and the CommonJS copy of this package agree.
  return Symbol.for(`${NAMESPACE}:cache:${name}`);
}
