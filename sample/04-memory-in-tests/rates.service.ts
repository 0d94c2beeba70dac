import { Inject, Injectable } from '@nestjs/common';
import { CACHE, type ICache } from '@spakky/nestjs-redis-cache';

/** Where exchange rates come from; a test puts its own in place. */
export abstract class RateSource {
  abstract fetch(currency: string): Promise<number>;
}

@Injectable()
export class RatesService {
  constructor(
    @Inject(CACHE) private readonly cache: ICache<number>,
    private readonly source: RateSource,
  ) {}

  async rate(currency: string): Promise<number> {
    const cached = await this.cache.get(currency);
    if (cached.hit) return cached.value;
    const rate = await this.source.fetch(currency);
    await this.cache.set(currency, rate, { ttl: '1h' });
    return rate;
  }
}
