// Two caches in one application, each with its own name, type of value, prefix and time to live.
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisCacheModule } from '@spakky/nestjs-redis-cache';
import { ShopService } from './shop.service.js';

@Module({
  imports: [
    RedisCacheModule.forRoot({ name: 'sessions', keyPrefix: 'shop:sessions:', ttl: '8h' }),
    RedisCacheModule.forRoot({ name: 'prices', keyPrefix: 'shop:prices:', ttl: { minutes: 10 } }),
  ],
  providers: [ShopService],
})
class ShopModule {}

const app = await NestFactory.createApplicationContext(ShopModule, { logger: ['warn', 'error'] });
const shop = app.get(ShopService);

await shop.open();
console.log(`at first        ${await shop.describe()}`);
await shop.forgetPrices();
console.log(`prices cleared  ${await shop.describe()}`);

await app.close();
