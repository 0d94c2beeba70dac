// Entries that are removed by what they belong to: nobody has to know their keys. Evicting a tag costs one round trip,
// for three entries and for a million.
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  CACHE,
  type IStampedeProtectedCache,
  type ITaggedCache,
  RedisCacheModule,
} from '@spakky/nestjs-redis-cache';

interface City {
  readonly name: string;
  readonly country: string;
}

/** What this service needs of a cache, and no more. */
type CityCache = IStampedeProtectedCache<City> & ITaggedCache<City>;

/** Stands for a database. */
const TABLE: ReadonlyMap<string, City> = new Map([
  ['1', { name: 'Amsterdam', country: 'NL' }],
  ['2', { name: 'Rotterdam', country: 'NL' }],
  ['3', { name: 'Gent', country: 'BE' }],
]);

@Injectable()
class Cities {
  constructor(@Inject(CACHE) private readonly cache: CityCache) {}

  /** The country is only known from what was loaded. */
  find(id: string): Promise<City> {
    return this.cache.getOrSet(`city:${id}`, () => readFromDatabase(id), {
      ttl: '1h',
      tags: (city) => ['cities', `country:${city.country}`],
    });
  }

  /** After a change of everything in a country. */
  forgetCountry(country: string): Promise<void> {
    return this.cache.evictTags(`country:${country}`);
  }

  forgetAll(): Promise<void> {
    return this.cache.evictTags('cities');
  }

  async cached(): Promise<string> {
    const found = await Promise.all([...TABLE.keys()].map((id) => this.cache.get(`city:${id}`)));
    const names = found.flatMap((result) => (result.hit ? [result.value.name] : []));
    return names.length === 0 ? 'nothing' : names.join(', ');
  }
}

async function readFromDatabase(id: string): Promise<City> {
  const city = TABLE.get(id);
  if (city === undefined) throw new Error(`There is no city ${id}`);
  return city;
}

@Module({ imports: [RedisCacheModule.forRoot()], providers: [Cities] })
class CitiesModule {}

const app = await NestFactory.createApplicationContext(CitiesModule, { logger: ['warn', 'error'] });
const cities = app.get(Cities);

await Promise.all([...TABLE.keys()].map((id) => cities.find(id)));
console.log(`loaded:             ${await cities.cached()}`);
await cities.forgetCountry('NL');
console.log(`without country:NL: ${await cities.cached()}`);
await cities.forgetAll();
console.log(`without cities:     ${await cities.cached()}`);

await app.close();
