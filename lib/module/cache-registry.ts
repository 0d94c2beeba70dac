import type { ModulesContainer } from '@nestjs/core';
import type { ICache } from '../contract/cache.interface.js';
import { CacheConfigurationError } from '../contract/errors.js';
import { RedisCache } from '../redis/redis-cache.js';
import type { RedisCacheLocation } from '../redis/redis-location.js';

/** The caches that the modules of one application made, so that no two of them get in each other's way. */
export class CacheRegistry {
  static readonly #byApplication = new WeakMap<ModulesContainer, CacheRegistry>();

  readonly #caches = new Map<string | undefined, ICache>();

  /** The registry of the application that the container belongs to. */
  static of(application: ModulesContainer): CacheRegistry {
    const registry = this.#byApplication.get(application) ?? new CacheRegistry();
    this.#byApplication.set(application, registry);
    return registry;
  }

  /**
   * Adds a cache that was just made.
   *
   * @throws CacheConfigurationError when the name is taken, or when two caches would clear each other's entries
   */
  add<Cache extends ICache>(name: string | undefined, cache: Cache): Cache {
    if (this.#caches.has(name)) {
      throw new CacheConfigurationError([
        `${title(name)} is registered by two modules: import one of them where it is needed, or give them names`,
      ]);
    }
    if (cache instanceof RedisCache) this.#assertApart(name, cache.location);
    this.#caches.set(name, cache);
    return cache;
  }

  /** Whether a module made this cache; one that replaces it (`overrideProvider`) belongs to whoever made it. */
  has(cache: ICache): boolean {
    return [...this.#caches.values()].includes(cache);
  }

  /** Ends every cache: the application does not start, and nothing may keep its process alive. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#caches.values()].map((cache) => cache.close()));
  }

  #assertApart(name: string | undefined, location: RedisCacheLocation): void {
    for (const [otherName, other] of this.#caches) {
      if (!(other instanceof RedisCache) || !overlap(location, other.location)) continue;
      throw new CacheConfigurationError([
        `${title(name)} (keyPrefix "${location.prefix}") and ${title(otherName)} (keyPrefix "${other.location.prefix}") ` +
          `share ${location.address}, db ${location.db}, and one prefix begins with the other, ` +
          'so that each would clear entries of the other: give each a keyPrefix of its own ' +
          '(SPAKKY_REDIS__KEY_PREFIX is the prefix of every cache that has none in code)',
      ]);
    }
  }
}

function overlap(one: RedisCacheLocation, other: RedisCacheLocation): boolean {
  if (one.address !== other.address || one.db !== other.db) return false;
  return one.prefix.startsWith(other.prefix) || other.prefix.startsWith(one.prefix);
}

function title(name: string | undefined): string {
  return name === undefined ? 'the unnamed cache' : `the cache '${name}'`;
}
