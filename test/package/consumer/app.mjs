import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { CACHE, CacheClosedError, RedisCacheModule } from '@spakky/nestjs-redis-cache';
import exercise from './exercise.cjs';

await exercise({ NestFactory, RedisCacheModule, CACHE, CacheClosedError });
