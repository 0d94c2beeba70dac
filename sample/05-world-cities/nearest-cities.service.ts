import { Inject, Injectable } from '@nestjs/common';
import { CACHE, type Duration, type ICache } from '@spakky/nestjs-redis-cache';
import { CityAtlas, type NearbyCity, type Place } from './city-atlas.js';

/** What is cached: it comes out of Redis as it went in, the Date included. */
export interface NearestCities {
  readonly cities: readonly NearbyCity[];
  readonly computedAt: Date;
}

export interface FoundCities {
  readonly hit: boolean;
  readonly answer: NearestCities;
}

@Injectable()
export class NearestCitiesService {
  constructor(
    @Inject(CACHE) private readonly cache: ICache<NearestCities>,
    private readonly atlas: CityAtlas,
  ) {}

  /** @param ttl how long a new answer is kept; absent: as long as the module says */
  async find(place: Place, ttl?: Duration): Promise<FoundCities> {
    const key = nearestCitiesKey(place);
    const cached = await this.cache.get(key);
    if (cached.hit) return { hit: true, answer: cached.value };

    const answer = { cities: this.atlas.nearest(place), computedAt: new Date() };
    await this.cache.set(key, answer, { ttl });
    return { hit: false, answer };
  }

  /** Forgets every answer; what others keep in the same Redis stays. */
  forget(): Promise<void> {
    return this.cache.clear();
  }
}

export function nearestCitiesKey({ latitude, longitude }: Place): string {
  return `nearest:${latitude},${longitude}`;
}
