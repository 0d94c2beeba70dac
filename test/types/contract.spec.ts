import { expect, it } from '@jest/globals';
import { expectTypeOf } from 'expect-type';
import {
  CacheHit,
  CacheMiss,
  type CacheResult,
  type Duration,
  type ICache,
  InMemoryCache,
  type ITaggedCache,
  RedisCache,
  requireCapability,
  type ScopedCache,
} from '../../lib/index.js';

interface Profile {
  readonly name: string;
}

declare function result(): CacheResult<Profile>;

/** Never called: what matters is that it compiles. */
export function narrowing(): void {
  const byFlag = result();
  if (byFlag.hit) expectTypeOf(byFlag.value).toEqualTypeOf<Profile>();
  else expectTypeOf(byFlag).toEqualTypeOf<CacheMiss>();

  const byClass = result();
  if (byClass instanceof CacheHit) expectTypeOf(byClass.value).toEqualTypeOf<Profile>();
  else expectTypeOf(byClass).toEqualTypeOf<CacheMiss>();

  // @ts-expect-error -- the value is only there after a hit
  void result().value;
}

export async function contract(cache: ICache<Profile>): Promise<void> {
  expectTypeOf(await cache.get('key')).toEqualTypeOf<CacheResult<Profile>>();
  await cache.set('key', { name: 'Ada' }, { ttl: { minutes: 5 } });
  // @ts-expect-error -- the type of the entries holds
  await cache.set('key', 42);
  // @ts-expect-error -- no bare number where options belong
  await cache.set('key', { name: 'Ada' }, 5_000);
  // @ts-expect-error -- tags need a cache that has them
  await cache.set('key', { name: 'Ada' }, { tags: ['a'] });
  expectTypeOf(requireCapability(cache, 'tags')).toEqualTypeOf<ITaggedCache<Profile>>();
  // @ts-expect-error -- there is no such capability
  requireCapability(cache, 'telepathy');
}

export function durations(): Duration[] {
  const good: Duration[] = [
    5,
    '5ms',
    '1.5s',
    '5m',
    '2h',
    '1d',
    { minutes: 5 },
    { seconds: 1, milliseconds: 2 },
  ];
  // @ts-expect-error -- the units are ms, s, m, h and d
  const spelled: Duration = '5 minutes';
  // @ts-expect-error -- years have no fixed length
  const years: Duration = { years: 1 };
  return [...good, spelled, years];
}

it('fits every backend into the contract, with the type of its entries', () => {
  expectTypeOf<RedisCache<Profile>>().toExtend<ICache<Profile>>();
  expectTypeOf<InMemoryCache<Profile>>().toExtend<ICache<Profile>>();
  const scope = new InMemoryCache().scope<Profile>('profile:');
  expectTypeOf(scope).toEqualTypeOf<ScopedCache<Profile>>();
  expect(scope.closed).toBe(false);
});
