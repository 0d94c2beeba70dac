import { expect, it } from '@jest/globals';
import { expectTypeOf } from 'expect-type';
import {
  CacheHit,
  type CacheLoadContext,
  type CacheLoadOptions,
  CacheMiss,
  type CacheResult,
  type CacheWriter,
  type Duration,
  type IBatchCache,
  type ICache,
  type ICacheMetrics,
  InMemoryCache,
  type IStampedeProtectedCache,
  type ISyncCache,
  type ITaggedCache,
  type IWritePolicyCache,
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
  expectTypeOf(requireCapability(cache, 'stampede')).toEqualTypeOf<IStampedeProtectedCache<Profile>>();
  expectTypeOf(requireCapability(cache, 'batch')).toEqualTypeOf<IBatchCache<Profile>>();
  expectTypeOf(requireCapability(cache, 'write-policy')).toEqualTypeOf<IWritePolicyCache<Profile>>();
  expectTypeOf(requireCapability(cache, 'metrics')).toEqualTypeOf<ICache<Profile> & ICacheMetrics>();
  expectTypeOf(requireCapability(cache, 'sync')).toEqualTypeOf<ISyncCache<Profile>>();
  // @ts-expect-error -- there is no such capability
  requireCapability(cache, 'telepathy');
}

export async function tags(cache: ITaggedCache<Profile>): Promise<void> {
  const list: readonly string[] = ['country:NL'];
  await cache.set('key', { name: 'Ada' }, { tags: list, ttl: '5m' });
  expectTypeOf(await cache.get('key', { tags: list })).toEqualTypeOf<CacheResult<Profile>>();
  await cache.evictTags();
  await cache.evictTags('a', ...list);
  // @ts-expect-error -- one by one, not as a list
  await cache.evictTags(list);
  // @ts-expect-error -- only a load knows a value before its tags
  await cache.set('key', { name: 'Ada' }, { tags: ({ name }) => [name] });
}

declare function factory(context: CacheLoadContext): Profile;

export async function loading(cache: IStampedeProtectedCache<Profile>): Promise<void> {
  expectTypeOf(await cache.getOrSet('key', factory)).toEqualTypeOf<Profile>();
  await cache.getOrSet('key', async () => ({ name: 'Ada' }), {
    ttl: '5m',
    staleFor: { hours: 1 },
    tags: (value) => {
      expectTypeOf(value).toEqualTypeOf<Profile>();
      return [value.name] as const;
    },
  });
  const list: readonly string[] = ['country:NL'];
  const options: CacheLoadOptions<Profile> = { tags: list, waitFor: '1s', whenUnavailable: 'load' };
  await cache.getOrSet('key', factory, options);
  const general: CacheLoadOptions = { ttl: 5, tags: (value) => [String(value)] };
  await cache.getOrSet('key', factory, general);
  // @ts-expect-error -- the factory makes what the entries hold
  await cache.getOrSet('key', () => 42);
  // @ts-expect-error -- there are two answers to an outage
  await cache.getOrSet('key', factory, { whenUnavailable: 'ignore' });
  // @ts-expect-error -- a typing error is none of the options
  await cache.getOrSet('key', factory, { stalefor: 5 });
  // @ts-expect-error -- tags of another type of value
  await cache.getOrSet('key', factory, { tags: (value: Date) => [value.toISOString()] });
}

export async function batches(cache: IBatchCache<Profile>): Promise<void> {
  const keys: readonly string[] = ['a', 'b'];
  expectTypeOf(await cache.getMany(keys)).toEqualTypeOf<Map<string, CacheResult<Profile>>>();
  expectTypeOf(await cache.getMany(new Set(keys))).toEqualTypeOf<Map<string, CacheResult<Profile>>>();
  expectTypeOf(await cache.deleteMany(keys)).toEqualTypeOf<number>();
  const entries: readonly (readonly [string, Profile])[] = [['a', { name: 'Ada' }]];
  await cache.setMany(entries, { ttl: '5m', tags: keys });
  await cache.setMany(new Map(entries));
  await cache.setMany([['a', { name: 'Ada' }]]);
  // @ts-expect-error -- the type of the entries holds
  await cache.setMany([['a', 42]]);
  const loaded = cache.getOrSetMany(keys, (missing) => {
    expectTypeOf(missing).toEqualTypeOf<readonly string[]>();
    return missing.map((key) => [key, { name: key }]);
  });
  expectTypeOf(await loaded).toEqualTypeOf<Map<string, Profile>>();
  await cache.getOrSetMany(keys, async () => new Map(entries), { tags: ({ name }) => [name] });
  // @ts-expect-error -- a pair for each key, not its value alone
  await cache.getOrSetMany(keys, () => [{ name: 'Ada' }]);
}

declare const writer: CacheWriter<Profile>;

export async function writePolicies(cache: IWritePolicyCache<Profile>): Promise<void> {
  await cache.writeThrough('key', { name: 'Ada' }, writer, { ttl: '5m', tags: ['a'] });
  await cache.writeBehind('key', { name: 'Ada' }, (value, key) => {
    expectTypeOf(value).toEqualTypeOf<Profile>();
    expectTypeOf(key).toEqualTypeOf<string>();
  });
  // @ts-expect-error -- the type of the entries holds
  await cache.writeThrough('key', 42, writer);
}

export function blocking(cache: ISyncCache<Profile>): void {
  const list: readonly string[] = ['country:NL'];
  expectTypeOf(cache.getSync('key')).toEqualTypeOf<CacheResult<Profile>>();
  expectTypeOf(cache.deleteSync('key')).toEqualTypeOf<boolean>();
  cache.setSync('key', { name: 'Ada' }, { ttl: '5m', tags: list });
  // One type of options for the caches and for the capability.
  expectTypeOf<RedisCache<Profile>['setSync']>().toEqualTypeOf<typeof cache.setSync>();
  expectTypeOf<InMemoryCache<Profile>['setSync']>().toEqualTypeOf<typeof cache.setSync>();
  // @ts-expect-error -- the type of the entries holds
  cache.setSync('key', 42);
  // @ts-expect-error -- no bare number where options belong
  cache.setSync('key', { name: 'Ada' }, 5_000);
}

export function metrics(cache: ICacheMetrics): void {
  const snapshot = cache.metrics();
  expectTypeOf(snapshot.hits).toEqualTypeOf<number>();
  expectTypeOf(snapshot.errors).toEqualTypeOf<Readonly<Record<string, number>>>();
  // @ts-expect-error -- a snapshot is what it was
  snapshot.hits = 0;
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

it('fits every backend into every capability that it offers', () => {
  type Offered = ITaggedCache<Profile> &
    IStampedeProtectedCache<Profile> &
    IBatchCache<Profile> &
    IWritePolicyCache<Profile> &
    ICacheMetrics &
    ISyncCache<Profile>;
  expectTypeOf<RedisCache<Profile>>().toExtend<Offered>();
  expectTypeOf<InMemoryCache<Profile>>().toExtend<Offered>();
  expectTypeOf<ScopedCache<Profile>>().toExtend<Offered>();
  const cache: Offered = new InMemoryCache<Profile>();
  expect(cache.metrics().hits).toBe(0);
});

it('fits every backend into the contract, with the type of its entries', () => {
  expectTypeOf<RedisCache<Profile>>().toExtend<ICache<Profile>>();
  expectTypeOf<InMemoryCache<Profile>>().toExtend<ICache<Profile>>();
  const scope = new InMemoryCache().scope<Profile>('profile:');
  expectTypeOf(scope).toEqualTypeOf<ScopedCache<Profile>>();
  expect(scope.closed).toBe(false);
});
