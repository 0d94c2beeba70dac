import { Cache } from '@nestjs/cache-manager';
import { Injectable } from '@nestjs/common';
import { type Product, ProductTable } from '../product-table.js';

@Injectable()
export class ProductsService {
  constructor(
    private readonly cache: Cache,
    private readonly table: ProductTable,
  ) {}

  async find(id: string): Promise<Product | undefined> {
    const cached = await this.cache.get<Product>(`product:${id}`);
    // The type says Date, and JSON has made a string of it.
    if (cached !== undefined) return { ...cached, since: new Date(cached.since) };
    const product = await this.table.find(id);
    if (product !== undefined) await this.cache.set(`product:${id}`, product, 60_000);
    return product;
  }

  names(): Promise<readonly string[]> {
    return this.cache.wrap('names', () => this.table.names());
  }

  async rename(id: string, name: string): Promise<void> {
    await this.table.rename(id, name);
    await this.cache.mdel([`product:${id}`, 'names']);
  }

  async forgetAll(): Promise<void> {
    await this.cache.clear();
  }
}
