import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict, CachePut } from '@spakky/nestjs-redis-cache';
import { from, Observable, tap } from 'rxjs';

export interface Book {
  readonly id: string;
  readonly title: string;
  readonly shelf: string;
}

@Injectable()
export class BooksService {
  readonly #table = new Map<string, Book>([
    ['1', { id: '1', title: 'Emma', shelf: 'novels' }],
    ['2', { id: '2', title: 'Walden', shelf: 'essays' }],
  ]);

  /** A book that does not exist is an answer too, but not one to keep. */
  @Cacheable({ key: 'book:{0}', ttl: '5m', tags: ['books'], unless: (book) => book === null })
  async find(id: string): Promise<Book | null> {
    console.log(`  (reading book ${id})`);
    return this.#table.get(id) ?? null;
  }

  @Cacheable({
    key: 'shelf:{0}',
    ttl: '5m',
    tags: (titles, shelf) => ['books', `${titles.length} on ${shelf}`],
  })
  titlesOn(shelf: string): Observable<string> {
    const titles = [...this.#table.values()].filter((book) => book.shelf === shelf).map(({ title }) => title);
    return from(titles).pipe(tap((title) => console.log(`  (reading ${title})`)));
  }

  @CachePut({ key: 'book:{0.id}', ttl: '5m', tags: ['books'] })
  @CacheEvict({ key: 'shelf:{0.shelf}' })
  async save(book: Book): Promise<Book> {
    this.#table.set(book.id, book);
    return book;
  }

  @CacheEvict({ tags: ['books'] })
  async removeAll(): Promise<void> {
    this.#table.clear();
  }
}
