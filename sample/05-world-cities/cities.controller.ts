import { Controller, Delete, Get, HttpCode, ParseFloatPipe, Query } from '@nestjs/common';
import { CityAtlas, type NearbyCity } from './city-atlas.js';
import { NearestCitiesService } from './nearest-cities.service.js';

/** What `GET /cities/nearest` answers. */
export interface NearestCitiesReply {
  readonly hit: boolean;
  readonly computedAt: string;
  readonly ageInMilliseconds: number;
  readonly cities: readonly NearbyCity[];
}

@Controller('cities')
export class CitiesController {
  constructor(
    private readonly nearestCities: NearestCitiesService,
    private readonly atlas: CityAtlas,
  ) {}

  @Get()
  count(): { cities: number } {
    return { cities: this.atlas.size };
  }

  /** @param keepFor seconds */
  @Get('nearest')
  async nearest(
    @Query('latitude', ParseFloatPipe) latitude: number,
    @Query('longitude', ParseFloatPipe) longitude: number,
    @Query('keepFor', new ParseFloatPipe({ optional: true })) keepFor?: number,
  ): Promise<NearestCitiesReply> {
    const ttl = keepFor === undefined ? undefined : { seconds: keepFor };
    const { hit, answer } = await this.nearestCities.find({ latitude, longitude }, ttl);
    return {
      hit,
      computedAt: answer.computedAt.toISOString(),
      ageInMilliseconds: Date.now() - answer.computedAt.getTime(),
      cities: answer.cities,
    };
  }

  @Delete('nearest')
  @HttpCode(204)
  forget(): Promise<void> {
    return this.nearestCities.forget();
  }
}
