import { Module } from '@nestjs/common';
import { RedisCacheModule } from '@spakky/nestjs-redis-cache';
import { RatesService, RateSource } from './rates.service.js';

class CentralBank extends RateSource {
  async fetch(currency: string): Promise<number> {
    const response = await fetch(`https://rates.example/${currency}`);
    return Number(await response.text());
  }
}

/** As in production, Redis included. */
@Module({
  imports: [RedisCacheModule.forRoot({ keyPrefix: 'rates:' })],
  providers: [RatesService, { provide: RateSource, useClass: CentralBank }],
})
export class RatesModule {}
