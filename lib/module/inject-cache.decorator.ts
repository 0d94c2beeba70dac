import { Inject } from '@nestjs/common';
import { getCacheToken } from './cache.tokens.js';

/**
 * Injects a cache by its name.
 *
 * @param name what the module was registered with; absent for the unnamed cache
 * @throws CacheConfigurationError where the class is declared, when the name is empty
 * @example
 * ```ts
 * @Injectable()
 * class Sessions {
 *   constructor(@InjectCache('sessions') private readonly cache: ICache<Session>) {}
 * }
 * ```
 */
export function InjectCache(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getCacheToken(name));
}
