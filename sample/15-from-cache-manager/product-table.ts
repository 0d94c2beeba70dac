import { Injectable } from '@nestjs/common';

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly since: Date;
}

/** Stands for a database, and says when it is asked. */
@Injectable()
export class ProductTable {
  readonly #rows = new Map<string, Product>([
    ['1', { id: '1', name: 'Chair', since: new Date('2019-03-01') }],
    ['2', { id: '2', name: 'Table', since: new Date('2021-09-15') }],
  ]);

  async find(id: string): Promise<Product | undefined> {
    console.log(`  (reading product ${id})`);
    return this.#rows.get(id);
  }

  async names(): Promise<readonly string[]> {
    console.log('  (reading all names)');
    return [...this.#rows.values()].map(({ name }) => name);
  }

  async rename(id: string, name: string): Promise<void> {
    const product = this.#rows.get(id);
    if (product !== undefined) this.#rows.set(id, { ...product, name });
  }
}
