import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { ICache } from '../contract/cache.interface.js';
import { RedisCache } from '../redis/redis-cache.js';
import type { CacheRegistry } from './cache-registry.js';

/** Ties a cache to the application: it is reachable before the application starts, and ends with it. */
export class CacheLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly cache: ICache,
    private readonly registry: CacheRegistry,
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
  }

  /** Only now: until here an HTTP request may be in progress, and it keeps its cache. */
  async onApplicationShutdown(): Promise<void> {
    if (this.#owned) await this.cache.close();
  }

  get #owned(): boolean {
    return this.registry.has(this.cache);
  }
}
