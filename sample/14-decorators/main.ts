// Methods that are called only when the cache does not hold their result: of a service, of a controller, and of a
// provider that is made for each request. In brackets is what such a method says when it is called.
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InMemoryCacheModule, RedisCacheModule } from '@spakky/nestjs-redis-cache';
import { lastValueFrom, toArray } from 'rxjs';
import { BooksService } from './books.service.js';
import { LibraryController } from './library.controller.js';
import { Visitors } from './visitors.js';

@Module({
  imports: [RedisCacheModule.forRoot(), InMemoryCacheModule.forRoot({ name: 'greetings' })],
  providers: [BooksService, Visitors],
  controllers: [LibraryController],
})
class LibraryModule {}

const app = await NestFactory.create(LibraryModule, { logger: ['warn', 'error'] });
await app.listen(0, '127.0.0.1');
const books = app.get(BooksService);

async function show(what: string): Promise<void> {
  const [book, titles] = [
    await books.find('1'),
    await lastValueFrom(books.titlesOn('novels').pipe(toArray())),
  ];
  console.log(`${what}: ${book?.title ?? 'no book'}; novels: ${titles.join(', ')}`);
}

async function visit(path: string, visitor: string): Promise<void> {
  const response = await fetch(`${await app.getUrl()}/${path}`, { headers: { visitor } });
  console.log(`${path}: ${await response.text()}`);
}

await show('at first');
await show('again');
await books.save({ id: '1', title: 'Persuasion', shelf: 'novels' });
await show('saved');
await books.removeAll();
await show('removed');

for (const visitor of ['Ada', 'Ada', 'Grace']) await visit('greeting', visitor);
for (const days of ['3', '03']) await visit(`fine/${days}`, 'Ada');

await app.close();
