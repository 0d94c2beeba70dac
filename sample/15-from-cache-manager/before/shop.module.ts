import { createKeyv } from '@keyv/redis';
import { CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { ProductTable } from '../product-table.js';
import { ProductsController } from './products.controller.js';
import { ProductsService } from './products.service.js';

@Module({
  imports: [
    CacheModule.registerAsync({
      useFactory: () => {
        const { SPAKKY_REDIS__HOST: host = 'localhost', SPAKKY_REDIS__PORT: port = '6379' } = process.env;
        return { stores: [createKeyv(`redis://${host}:${port}`, { namespace: 'shop' })], ttl: 300_000 };
      },
    }),
  ],
  controllers: [ProductsController],
  providers: [ProductsService, ProductTable],
})
export class ShopModule {}
