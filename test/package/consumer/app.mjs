import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { CACHE, CacheClosedError, RedisCacheModule } from '@spakky/nestjs-redis-cache';
import * as shop from './esm/shop.js';
import exercise from './exercise.cjs';
import exerciseShop from './exercise-shop.cjs';

await exercise({ NestFactory, RedisCacheModule, CACHE, CacheClosedError });
await exerciseShop({ NestFactory, ...shop });
