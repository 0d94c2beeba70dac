import type { Logger, OnApplicationShutdown, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { ICache } from '../contract/cache.interface.js';
import { SpakkyCacheError } from '../contract/errors.js';
import { CoreCache } from '../core/core-cache.js';
import { RedisCache } from '../redis/redis-cache.js';
import type { CacheRegistry } from './cache-registry.js';

/** Ties a cache to the application: it is reachable before the application starts, and ends with it. */
export class CacheLifecycle implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  /**
   * @param cache of the module, or what replaces it
   * @param registry knows which caches are the application's to open and close
   * @param logger warned of what will go wrong later
   */
  constructor(
    private readonly cache: ICache,
    private readonly registry: CacheRegistry,
    private readonly logger: Logger,
  ) {}

  /** @throws RedisCacheError when Redis cannot be reached within the deadline: the application does not start */
  async onModuleInit(): Promise<void> {
    if (!(this.cache instanceof RedisCache) || !this.#owned || this.cache.lazy) return;
    try {
      await this.cache.ping();
    } catch (error) {
      await this.registry.closeAll();
      throw error;
    }
    await this.#warn(this.cache);
  }

  /** What waits for its origin is written while everything that the writers need is still there. */
  async onModuleDestroy(): Promise<void> {
    if (this.cache instanceof CoreCache && this.#owned) await this.cache.drain();
  }

  /** Only now: until here an HTTP request may be in progress, and it keeps its cache. */
  async onApplicationShutdown(): Promise<void> {
    if (this.#owned) await this.cache.close();
  }

  async #warn(cache: RedisCache): Promise<void> {
    try {
      for (const finding of await cache.inspectDeployment()) this.logger.warn(`${finding}.`);
    } catch (error) {
      // The server answered a moment ago: what goes wrong from now on is told by the operations.
      if (!(error instanceof SpakkyCacheError)) throw error;
    }
  }

  get #owned(): boolean {
    return this.registry.has(this.cache);
  }
}
