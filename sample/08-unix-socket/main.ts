// A Redis on the same machine, without TCP: SPAKKY_REDIS__PATH, or the option `path`, names its socket.
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisCache, RedisCacheModule } from '@spakky/nestjs-redis-cache';

@Module({ imports: [RedisCacheModule.forRoot({ keyPrefix: 'samples:' })] })
class LocalModule {}

const app = await NestFactory.createApplicationContext(LocalModule, { logger: ['warn', 'error'] });
const cache = app.get<RedisCache<string>>(RedisCache);

await cache.set('profile:42', 'Ada');
const profile = await cache.get('profile:42');
console.log(`${profile.hit ? profile.value : 'a miss'}, by ${cache.location.address}`);

await app.close();
