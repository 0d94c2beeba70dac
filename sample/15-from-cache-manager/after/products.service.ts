import { Inject, Injectable } from '@nestjs/common';
import { CACHE, type CoreCache, type ScopedCache } from '@spakky/nestjs-redis-cache';
import { type Product, ProductTable } from '../product-table.js';

@Injectable()
export class ProductsService {
  /** A scope for each kind of value: its type is checked wherever it is written and read. */
  readonly #products: ScopedCache<Product | undefined>;
  readonly #lists: ScopedCache<readonly string[]>;

  constructor(
    @Inject(CACHE) private readonly cache: CoreCache,
    private readonly table: ProductTable,
  ) {
    this.#products = cache.scope('product:');
    this.#lists = cache.scope('list:');
  }

  async find(id: string): Promise<Product | undefined> {
    const cached = await this.#products.get(id);
    if (cached.hit) return cached.value;
    const product = await this.table.find(id);
    await this.#products.set(id, product, { ttl: '1m' });
    return product;
  }

  names(): Promise<readonly string[]> {
    return this.#lists.getOrSet('names', () => this.table.names());
  }

  async rename(id: string, name: string): Promise<void> {
    await this.table.rename(id, name);
    await this.cache.deleteMany([`product:${id}`, 'list:names']);
  }

  async forgetAll(): Promise<void> {
    await this.cache.clear();
  }
}
