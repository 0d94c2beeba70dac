// Options that are made when the application starts, from ConfigService: by a factory, or by a class.
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CACHE, type ICache, RedisCache } from '@spakky/nestjs-redis-cache';
import { ByClassModule } from './by-class.module.js';
import { ByFactoryModule } from './by-factory.module.js';

async function show(module: Type): Promise<void> {
  const app = await NestFactory.createApplicationContext(module, { logger: ['warn', 'error'] });
  const cache = app.get<ICache<string>>(CACHE);
  await cache.set('quote', 'Simplicity is prerequisite for reliability.');
  const quote = await cache.get('quote');
  const { address, prefix } = app.get(RedisCache).location;
  console.log(`${module.name}: ${quote.hit ? quote.value : 'a miss'} (at ${address}, under ${prefix})`);
  await app.close();
}

await show(ByFactoryModule);
await show(ByClassModule);
