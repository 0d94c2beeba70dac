import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { redisCacheConfig, RedisCacheModule } from '@spakky/nestjs-redis-cache';
import { settings } from './settings.js';

@Module({
  imports: [
    ConfigModule.forRoot({ load: [redisCacheConfig, settings] }),
    RedisCacheModule.forRootAsync({
      // ConfigModule is not global here, so the cache has to be given it.
      imports: [ConfigModule],
      inject: [ConfigService],
      // Only what this application decides: host, port and the rest come from the namespace SPAKKY_REDIS.
      useFactory: (config: ConfigService) => ({
        ttl: { minutes: config.getOrThrow<number>('quotes.minutes') },
      }),
    }),
  ],
})
export class ByFactoryModule {}
