import { Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import {
  redisCacheConfig,
  RedisCacheModule,
  type RedisCacheOptions,
  type RedisCacheOptionsFactory,
} from '@spakky/nestjs-redis-cache';
import { settings } from './settings.js';

@Injectable()
class QuotesCacheOptions implements RedisCacheOptionsFactory {
  constructor(private readonly config: ConfigService) {}

  createRedisCacheOptions(): RedisCacheOptions {
    // What is said in code wins over what the environment says.
    return { keyPrefix: 'quotes:', ttl: { minutes: this.config.getOrThrow<number>('quotes.minutes') } };
  }
}

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [redisCacheConfig, settings] }),
    RedisCacheModule.forRootAsync({ useClass: QuotesCacheOptions }),
  ],
})
export class ByClassModule {}
