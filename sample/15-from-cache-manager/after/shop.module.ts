import { Module } from '@nestjs/common';
import { RedisCacheModule } from '@spakky/nestjs-redis-cache';
import { ProductTable } from '../product-table.js';
import { ProductsController } from './products.controller.js';
import { ProductsService } from './products.service.js';

@Module({
  // No old key begins with this prefix: theirs begin with `shop::`.
  imports: [RedisCacheModule.forRoot({ keyPrefix: 'shop:cache:', ttl: '5m' })],
  controllers: [ProductsController],
  providers: [ProductsService, ProductTable],
})
export class ShopModule {}
