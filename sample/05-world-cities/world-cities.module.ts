import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { RedisCacheModule } from '@spakky/nestjs-redis-cache';
import { CacheErrorFilter } from './cache-error.filter.js';
import { CitiesController } from './cities.controller.js';
import { CityAtlas } from './city-atlas.js';
import { NearestCitiesService } from './nearest-cities.service.js';

@Module({
  imports: [RedisCacheModule.forRoot({ ttl: '10m' })],
  controllers: [CitiesController],
  providers: [CityAtlas, NearestCitiesService, { provide: APP_FILTER, useClass: CacheErrorFilter }],
})
export class WorldCitiesModule {}
