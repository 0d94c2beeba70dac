import { Controller, Delete, Get, Param, Put } from '@nestjs/common';
import { Cacheable } from '@spakky/nestjs-redis-cache';
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
  @Cacheable({ key: 'count', ttl: '1m' })
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
