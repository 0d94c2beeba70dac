import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { Cache } from 'cache-manager';
import { type RedisCache, SpakkyCacheError } from '@spakky/nestjs-redis-cache';

/** One thing that is asked of both caches. */
export interface Difference {
  readonly what: string;
  before(cache: Cache): Promise<unknown>;
  after(cache: RedisCache): Promise<unknown>;
}

/** What differs while Redis answers. */
export const DIFFERENCES: readonly Difference[] = [
  roundTrip('a Date', new Date(0)),
  roundTrip('a Map', new Map([['a', 1]])),
  roundTrip('a BigInt', 10n),
  {
    what: 'undefined that was kept',
    async before(cache) {
      await cache.set('key', undefined);
      return (await cache.get('key')) === undefined ? 'like a miss' : 'a hit';
    },
    async after(cache) {
      await cache.set('key', undefined);
      return (await cache.get('key')).hit ? 'a hit' : 'like a miss';
    },
  },
  {
    what: 'del of an absent key',
    before: (cache) => cache.del('absent'),
    after: (cache) => cache.delete('absent'),
  },
  {
    what: 'a time to live of -1',
    async before(cache) {
      const answer = await cache.set('short', 'value', -1);
      return `${answer}; kept: ${inspect(await cache.get('short'))}`;
    },
    after: (cache) => cache.set('short', 'value', { ttl: -1 }),
  },
  {
    what: 'deleted while it was loaded',
    async before(cache) {
      const loading = cache.wrap('loaded', () => delay(200, 'old'));
      await delay(100);
      await cache.del('loaded');
      await loading;
      return `kept: ${inspect(await cache.get('loaded'))}`;
    },
    async after(cache) {
      const loading = cache.getOrSet('loaded', () => delay(200, 'old'));
      await delay(100);
      await cache.delete('loaded');
      await loading;
      return `kept: ${inspect(await cache.get('loaded'))}`;
    },
  },
];

/** What differs while nobody answers. */
export const OUTAGE: Difference = {
  what: 'get when Redis is away',
  before: (cache) => Promise.race([cache.get('key'), delay(1_000, 'no answer within a second')]),
  after: (cache) => cache.get('key'),
};

/** What a call answers, or why it rejects, in a few words. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    const answer = await call;
    return typeof answer === 'string' ? answer : inspect(answer);
  } catch (error) {
    if (error instanceof SpakkyCacheError) return error.code;
    return error instanceof Error ? error.name : inspect(error);
  }
}

function roundTrip(what: string, value: unknown): Difference {
  return {
    what,
    async before(cache) {
      await cache.set('value', value);
      return inspect(await cache.get('value'));
    },
    async after(cache) {
      await cache.set('value', value);
      const cached = await cache.get('value');
      return cached.hit ? inspect(cached.value) : 'a miss';
    },
  };
}
