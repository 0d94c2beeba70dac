// A service that caches in Redis, tested without Redis: the cache in memory keeps the same contract,
// and its clock is turned by hand, so that no test waits.
import assert from 'node:assert/strict';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { CACHE, InMemoryCache, InMemoryCacheModule } from '@spakky/nestjs-redis-cache';
import { RatesModule } from './rates.module.js';
import { RatesService, RateSource } from './rates.service.js';

const HOUR = 3_600_000;

class CountingSource extends RateSource {
  calls = 0;

  async fetch(): Promise<number> {
    this.calls += 1;
    return 1.08;
  }
}

/** The service by itself, with the module for memory where production has the one for Redis. */
function aloneWithMemory(source: RateSource, clock: () => number): TestingModuleBuilder {
  return Test.createTestingModule({
    imports: [InMemoryCacheModule.forRoot({ clock })],
    providers: [RatesService, { provide: RateSource, useValue: source }],
  });
}

/** The module as it is in production, with nothing but the cache and the source replaced; Redis is never dialled. */
function wholeModule(source: RateSource, clock: () => number): TestingModuleBuilder {
  return Test.createTestingModule({ imports: [RatesModule] })
    .overrideProvider(CACHE)
    .useValue(new InMemoryCache<number>({ clock }))
    .overrideProvider(RateSource)
    .useValue(source);
}

async function asksTheSourceOncePerHour(setUp: typeof wholeModule): Promise<void> {
  let now = Date.parse('2030-01-01');
  const source = new CountingSource();
  const app = await (await setUp(source, () => now).compile()).init();
  const rates = app.get(RatesService);

  assert.equal(await rates.rate('USD'), 1.08);
  now += HOUR - 1;
  assert.equal(await rates.rate('USD'), 1.08);
  assert.equal(source.calls, 1);

  now += 1;
  await rates.rate('USD');
  assert.equal(source.calls, 2);

  await app.close();
  console.log(`✓ ${setUp.name}: asks the source once per hour`);
}

await asksTheSourceOncePerHour(aloneWithMemory);
await asksTheSourceOncePerHour(wholeModule);
