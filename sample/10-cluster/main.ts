// A Redis Cluster: the entries are spread over all masters, and one `clear` empties all of them.
// SPAKKY_REDIS__CLUSTER, or the option `cluster`, names a few nodes; the others are found through them.
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CACHE, type ICache, RedisCacheModule } from '@spakky/nestjs-redis-cache';

@Injectable()
class Visits {
  private readonly pages = Array.from({ length: 1_000 }, (_, number) => `page:${number}`);

  constructor(@Inject(CACHE) private readonly cache: ICache<number>) {}

  async count(): Promise<void> {
    await Promise.all(this.pages.map((page, visits) => this.cache.set(page, visits, { ttl: '1h' })));
  }

  async describe(): Promise<string> {
    const results = await Promise.all(this.pages.map((page) => this.cache.get(page)));
    return `${results.filter((result) => result.hit).length} of ${this.pages.length} pages`;
  }

  forget(): Promise<void> {
    return this.cache.clear();
  }
}

@Module({ imports: [RedisCacheModule.forRoot({ keyPrefix: 'samples:' })], providers: [Visits] })
class VisitsModule {}

const app = await NestFactory.createApplicationContext(VisitsModule, { logger: ['warn', 'error'] });
const visits = app.get(Visits);

await visits.count();
console.log(`counted: ${await visits.describe()}`);
await visits.forget();
console.log(`cleared: ${await visits.describe()}`);

await app.close();
