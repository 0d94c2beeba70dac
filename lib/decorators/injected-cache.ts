import { Inject } from '@nestjs/common';
import type { ICache } from '../contract/cache.interface.js';
import { CacheConfigurationError } from '../contract/errors.js';
import { getCacheToken } from '../module/cache.tokens.js';
import { labelOf, type MethodSite } from './method-site.js';

/**
 * Asks the container to hand every instance of the class, and of those that derive from it, a cache: singletons,
 * controllers and request-scoped ones alike, before anybody can call them.
 *
 * The property is the token itself, so that Nest's own error names the cache that a module lacks.
 *
 * @param prototype of the class that declares a decorated method
 * @param name of the cache; absent for the unnamed one
 */
export function declareCache(prototype: object, name: string | undefined): void {
  const token = getCacheToken(name);
  // Nest 11 would look for it once for each decorator, whenever it makes an instance.
  if (Object.hasOwn(prototype, token)) return;
  Inject(token)(prototype, token);
  Object.defineProperty(prototype, token, {
    configurable: true,
    // Nest assigns. Nobody who copies, compares or prints the instance should come across the cache.
    set(this: object, cache: unknown) {
      Object.defineProperty(this, token, { value: cache, configurable: true, writable: true });
    },
  });
}

/**
 * The cache that the container has handed to an instance.
 *
 * @throws CacheConfigurationError when no container has made the instance
 */
export function cacheOf(instance: object, name: string | undefined, site: MethodSite): ICache {
  const cache: unknown = Reflect.get(Object(instance), getCacheToken(name));
  if (isCache(cache)) return cache;
  throw new CacheConfigurationError([
    `${labelOf(site)} has ${site.decorator}, but its instance was given no cache: Nest gives one to instances that ` +
      'it makes itself, after their constructor. This one was made with new (useFactory and useValue do so too), is ' +
      'still in its constructor, or the method was called without its instance. Let Nest make it: list the class ' +
      'in providers or controllers, or use useClass',
  ]);
}

function isCache(value: unknown): value is ICache {
  return typeof value === 'object' && value !== null;
}
