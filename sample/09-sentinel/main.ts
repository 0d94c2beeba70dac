// A service that lives through a failover: the sentinels choose another master, and the cache follows by itself.
// SPAKKY_REDIS__SENTINELS and …_SENTINEL_NAME, or the options `sentinels` and `sentinelName`, say where the master is.
import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CACHE, type ICache, RedisCacheModule, SpakkyCacheError } from '@spakky/nestjs-redis-cache';

@Injectable()
class Heart implements OnModuleDestroy {
  private isBeating = true;
  private lastWords = '';

  constructor(@Inject(CACHE) private readonly cache: ICache<number>) {}

  /** Writes five times a second, and tells when that begins to fail and when it works again. */
  async beat(): Promise<void> {
    for (let beats = 1; this.isBeating; beats++) {
      this.tell(await this.cache.set('heart', beats).then(() => 'beating', withoutMaster));
      await delay(200);
    }
  }

  onModuleDestroy(): void {
    this.isBeating = false;
  }

  private tell(words: string): void {
    if (words !== this.lastWords) console.log(words);
    this.lastWords = words;
  }
}

/** For the time until a new master is chosen, callers are told at once, and decide what to do without a cache. */
function withoutMaster(error: unknown): string {
  if (error instanceof SpakkyCacheError) return 'no master';
  throw error;
}

@Module({
  imports: [RedisCacheModule.forRoot({ keyPrefix: 'samples:', socketTimeout: '1s' })],
  providers: [Heart],
})
class HeartModule {}

const app = await NestFactory.createApplicationContext(HeartModule, { logger: ['error'] });
app.enableShutdownHooks();
await app.get(Heart).beat();
