import { CacheInterceptor, CacheKey, CacheTTL } from '@nestjs/cache-manager';
import { Controller, Delete, Get, Param, Put, UseInterceptors } from '@nestjs/common';
import { ProductTable } from '../product-table.js';
import { ProductsService } from './products.service.js';

@Controller()
export class ProductsController {
  constructor(
    private readonly products: ProductsService,
    private readonly table: ProductTable,
  ) {}

  @Get('products/:id')
  async find(@Param('id') id: string): Promise<string> {
    const product = await this.products.find(id);
    return product === undefined ? 'no product' : `${product.name}, since ${product.since.getUTCFullYear()}`;
  }

  @Get('names')
  async names(): Promise<string> {
    return (await this.products.names()).join(', ');
  }

  @Get('count')
  @UseInterceptors(CacheInterceptor)
  @CacheKey('count')
  @CacheTTL(60_000)
  async count(): Promise<string> {
    return `${(await this.table.names()).length} products`;
  }

  @Put('products/:id/:name')
  async rename(@Param('id') id: string, @Param('name') name: string): Promise<void> {
    await this.products.rename(id, name);
  }

  @Delete('cache')
  async forgetAll(): Promise<void> {
    await this.products.forgetAll();
  }
}
