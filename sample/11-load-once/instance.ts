// One instance of the service: it asks for a key with 250 callers whenever it is told to.
import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CACHE, type IStampedeProtectedCache, RedisCacheModule } from '@spakky/nestjs-redis-cache';

/** What one instance tells of what it was asked. */
export interface Tally {
  readonly answers: readonly string[];
  /** How often its database was asked. */
  readonly loads: number;
}

@Injectable()
class Reports {
  private loads = 0;

  constructor(@Inject(CACHE) private readonly cache: IStampedeProtectedCache<string>) {}

  find(key: string): Promise<string> {
    return this.cache.getOrSet(key, ({ signal }) => this.readFromDatabase(signal), { ttl: '1m' });
  }

  async ask(key: string): Promise<Tally> {
    this.loads = 0;
    const answers = await Promise.all(Array.from({ length: 250 }, () => this.find(key)));
    return { answers, loads: this.loads };
  }

  /** Stands for a query that takes its time; it ends when nobody waits for it any more. */
  private async readFromDatabase(signal: AbortSignal): Promise<string> {
    this.loads += 1;
    await delay(300, undefined, { signal });
    return `made by process ${process.pid}`;
  }
}

@Module({ imports: [RedisCacheModule.forRoot()], providers: [Reports] })
class ReportsModule {}

const app = await NestFactory.createApplicationContext(ReportsModule, { logger: ['warn', 'error'] });

async function answer(key: string): Promise<void> {
  process.send?.(await app.get(Reports).ask(key));
}

process.on('message', (key: string) => void answer(key));
process.once('disconnect', () => void app.close());
process.send?.('ready');
