// A file and a cache that are kept in step. writeThrough answers when both are written; writeBehind answers when the
// cache is, and the file follows in the background: what it has not got when the process crashes is lost.
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  CACHE,
  type CacheWriteErrorHandler,
  type IWritePolicyCache,
  RedisCache,
  RedisCacheModule,
  SpakkyCacheError,
} from '@spakky/nestjs-redis-cache';
import { StockFile } from './stock-file.js';

const file = await StockFile.create();

@Injectable()
class Stock {
  constructor(@Inject(CACHE) private readonly cache: IWritePolicyCache<number>) {}

  /** What must not be lost. */
  count(article: string, count: number): Promise<void> {
    return this.cache.writeThrough(article, count, () => file.write(article, count), { ttl: '1h' });
  }

  /** What comes so often that the file need not have every step of it. */
  estimate(article: string, count: number): Promise<void> {
    return this.cache.writeBehind(article, count, () => file.write(article, count), { ttl: '1h' });
  }

  async describe(article: string): Promise<string> {
    const [cached, filed] = await Promise.all([this.cache.get(article), file.read()]);
    return `${cached.hit ? cached.value : 'nothing'} in the cache, ${filed[article] ?? 'nothing'} in the file`;
  }
}

/** Here the value can still be saved: into a log, a queue, a table of its own. */
const onWriteError: CacheWriteErrorHandler = (error, { key, value }) => {
  const reason = error instanceof SpakkyCacheError ? error.code : String(error);
  console.log(`onWriteError: ${key} = ${String(value)} (${reason})`);
};

@Module({
  imports: [RedisCacheModule.forRoot({ socketTimeout: '1s', onWriteError })],
  providers: [Stock],
})
class StockModule {}

const app = await NestFactory.createApplicationContext(StockModule, { logger: ['warn', 'error'] });
const stock = app.get(Stock);

await stock.count('chairs', 12);
console.log(`counted: ${await stock.describe('chairs')}`);

file.isReadOnly = true;
await stock.count('chairs', 11).catch((error: Error) => console.log(`refused: ${error.message}`));
console.log(`refused: ${await stock.describe('chairs')}`);

file.isReadOnly = false;
const writes = file.writes;
await Promise.all([50, 49, 48, 47, 46].map((count) => stock.estimate('nails', count)));
await app.get(RedisCache).drain(); // only so that there is something to show: nobody need wait for the file
console.log(`5 estimates in ${file.writes - writes} writes: ${await stock.describe('nails')}`);

file.isReadOnly = true;
await stock.estimate('nails', 45);
await app.close(); // tries until the deadline, and tells what could not be written
await file.remove();
