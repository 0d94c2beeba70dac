import { isDeepStrictEqual } from 'node:util';
import { RedisCache } from '@spakky/nestjs-redis-cache';
import { CityAtlas } from '../city-atlas.js';
import { type NearestCities, nearestCitiesKey } from '../nearest-cities.service.js';
import { expectAnswer, showColumns } from './answers.js';
import { AMSTERDAM, type KnownPlace, PLACES } from './places.js';
import type { Stage } from './stage.js';

const CITIES = 135_233;

/** What one process computes, the other one answers from the cache. */
export async function showSharing(stage: Stage): Promise<void> {
  stage.report.title('1. One process computes, both answer');
  await checkAtlases(stage);
  await askBoth(stage);
  await checkStoredAnswers(stage);
}

async function checkAtlases({ report, applications }: Stage): Promise<void> {
  for (const application of applications) {
    const count = await application.countCities();
    report.check(
      count === CITIES,
      `process ${application.name} (pid ${application.pid}) knows ${count.toLocaleString('en-US')} cities`,
    );
  }
}

async function askBoth({ report, applications: [one, other] }: Stage): Promise<void> {
  showColumns(report);
  const misses: number[] = [];
  const hits: number[] = [];
  for (const place of PLACES) {
    misses.push(await expectAnswer(report, one, place, 'miss'));
    hits.push(await expectAnswer(report, other, place, 'hit'));
  }
  const [miss, hit] = [median(misses), median(hits)];
  report.check(hit < miss, `a miss takes ${miss.toFixed(1)} ms, a hit ${hit.toFixed(1)} ms (medians)`);
}

/** Reads the same entries outside Nest, and computes them once more. */
async function checkStoredAnswers({ report }: Stage): Promise<void> {
  await using cache = new RedisCache<NearestCities>();
  const atlas = new CityAtlas();
  const isRight = async (place: KnownPlace): Promise<boolean> => {
    const stored = await cache.get(nearestCitiesKey(place));
    return stored.hit && isDeepStrictEqual(stored.value.cities, atlas.nearest(place));
  };
  const right = (await Promise.all(PLACES.map(isRight))).filter(Boolean).length;
  report.check(
    right === PLACES.length,
    `${right} of ${PLACES.length} cached answers equal a fresh computation, digit by digit`,
  );
  const stored = await cache.get(nearestCitiesKey(AMSTERDAM));
  const computedAt: unknown = stored.hit ? stored.value.computedAt : undefined;
  const isDate = computedAt instanceof Date;
  report.check(
    isDate,
    `computedAt comes back as ${isDate ? `a Date: ${computedAt.toISOString()}` : 'no Date'}`,
  );
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;
}
