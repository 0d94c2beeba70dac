import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CacheHit, CacheMiss, type CacheResult } from '../../lib/contract/cache-result.js';
import { CacheConfigurationError } from '../../lib/contract/errors.js';
import type { Command, Operation } from '../../lib/core/cache-store.js';
import { EPOCH } from '../../lib/core/cache-store.js';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';
import { FollowedStore, settled } from '../support/followed-store.js';
import { NEAR_PREFIX as prefix, NearCache, nearTier, OtherCache } from '../support/near-cache.js';
import { rejection } from '../support/rejection.js';

type Options = ConstructorParameters<typeof NearCache>[1];

/** A cache with a near tier, another process, and what is between them. */
function stage(options: Options = {}): {
  readonly store: FollowedStore;
  readonly cache: NearCache;
  readonly other: OtherCache;
} {
  const store = new FollowedStore();
  return { store, cache: new NearCache(store, options), other: new OtherCache(store) };
}

/** The same, and the key holds 1, which is kept. */
async function stageWithOne(options: Options = {}): Promise<ReturnType<typeof stage>> {
  const all = stage(options);
  await all.other.set('key', 1);
  await all.cache.get('key');
  return all;
}

/** How often the store was asked while a task ran. */
async function asking(store: FollowedStore, task: () => Promise<unknown>): Promise<number> {
  const before = store.asked.length;
  await task();
  return store.asked.length - before;
}

/** Time that a test turns by hand. */
function stopClock(): { now: number } {
  const clock = { now: Math.ceil(performance.now()) };
  Reflect.defineProperty(performance, 'now', { configurable: true, value: () => clock.now });
  return clock;
}

afterEach(() => {
  Reflect.deleteProperty(performance, 'now');
});

/** What only the value tells. */
function oneTag(): readonly string[] {
  return ['tag'];
}

/** The answer, which is a hit. */
function hitOf(result: CacheResult<unknown>): CacheHit<unknown> {
  if (!result.hit) throw new TypeError('This is no hit.');
  return result;
}

function withoutPrototype(value: object): object {
  return Object.setPrototypeOf(value, null);
}

/** Every object that a value is made of, itself included. */
function containersOf(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  const parts: unknown[] = value instanceof Map ? [...value.values()] : Object.values(value);
  return [value, ...(Buffer.isBuffer(value) ? [] : parts.flatMap(containersOf))];
}

describe('A near tier', () => {
  it('answers what was read before without asking again, each reader with a value of its own', async () => {
    const { store, cache, other } = stage();
    await other.set('key', { list: [1] });
    const first = await cache.get('key');
    expect(first).toEqual(new CacheHit({ list: [1] }));
    const asked = await asking(store, async () => {
      const second = await cache.get('key');
      expect(second).toEqual(first);
      expect(second).not.toBe(first);
      expect(await cache.getMany(['key'])).toEqual(new Map([['key', first]]));
      expect(await cache.getOrSet('key', () => 'loaded')).toEqual({ list: [1] });
    });
    expect(asked).toBe(0);
  });

  it('asks in one step for those of many keys that are not kept, and answers in the order of the keys', async () => {
    const { store, cache, other } = stage();
    await other.setMany(['a', 'b', 'c', 'd'].map((key) => [key, key]));
    await cache.getMany(['b', 'd']);
    const results = await cache.getMany(['a', 'b', 'none', 'c', 'd']);
    expect([...results].map(([key, result]) => [key, result.hit && result.value])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['none', false],
      ['c', 'c'],
      ['d', 'd'],
    ]);
    expect(store.asked.at(-1)).toEqual({ step: 'readToKeep', items: ['a', 'none', 'c'] });
  });

  it('drops what another process has changed', async () => {
    const { cache, other } = await stageWithOne();
    await other.set('key', 2);
    expect(await cache.get('key')).toEqual(new CacheHit(2));
    await other.delete('key');
    expect(await cache.get('key')).toBe(CacheMiss.instance);
    expect(cache.metrics().near).toMatchObject({ invalidations: 2 });
  });

  it('keeps bytes in memory of their own, not the reply that they came with', async () => {
    const store = new FollowedStore();
    const near = nearTier(store);
    await store.others.execute({ op: 'write', prefix, puts: [{ key: 'key', bytes: Buffer.from('value') }] });
    await near.execute({ op: 'read', prefix, keys: ['key'] });
    const kept = near.peek(prefix, 'key');
    expect(kept?.bytes.toString('utf8', kept.start)).toBe('value');
    expect(kept?.bytes.buffer.byteLength).toBe(5);
  });

  it('keeps nothing that may change by itself, nor what the store does not vouch for', async () => {
    const { store, cache, other } = stage();
    await other.getOrSet('refreshed', () => 1, { ttl: '1m', staleFor: '1m' });
    await other.set('plain', 1);
    store.isKeeping = false;
    for (const key of ['refreshed', 'plain', 'absent']) await cache.get(key);
    store.isKeeping = true;
    for (const key of ['refreshed', 'absent']) await cache.get(key);
    expect(cache.metrics().near).toMatchObject({ entries: 0, misses: 5 });
  });
});

describe('A read in flight', () => {
  it('is not kept when its key was changed meanwhile', async () => {
    const { store, cache, other } = stage();
    await other.set('key', 1);
    const release = store.hold('readToKeep', 'answer');
    const reading = cache.get('key');
    await settled();
    await other.set('key', 2);
    await release();
    expect(await reading).toEqual(new CacheHit(1));
    expect(await cache.get('key')).toEqual(new CacheHit(2));
  });

  it.each([false, true])('is not kept when anything may have changed meanwhile (%s)', async (isLate) => {
    const { store, cache, other } = stage();
    store.isVouchingLate = isLate;
    await other.set('key', 1);
    const release = store.hold('readToKeep', 'answer');
    const reading = cache.get('key');
    await settled();
    store.lose();
    await other.set('key', 2);
    await release();
    await reading;
    expect(await cache.get('key')).toEqual(new CacheHit(2));
  });

  it.each(['set', 'clear'] as const)('is not kept when this process sends a %s meanwhile', async (method) => {
    const { store, cache, other } = stage();
    await other.set('key', 1);
    store.holdNews();
    const reply = store.hold('readToKeep', 'answer');
    const reading = cache.get('key');
    await settled();
    const settle = store.hold(method === 'set' ? 'write' : 'clear', 'answer');
    const writing = method === 'set' ? cache.set('key', 2) : cache.clear();
    await reply();
    await reading;
    // Nobody has waited for the write, and yet it came first.
    expect(await cache.get('key')).toEqual(method === 'set' ? new CacheHit(2) : CacheMiss.instance);
    await settle();
    await writing;
  });

  it('is not kept when a write of this process settles meanwhile, done or not', async () => {
    for (const isLost of [false, true]) {
      const { store, cache, other } = stage();
      await other.set('key', 1);
      store.holdNews();
      const write = store.hold('write', 'command');
      if (isLost) store.failNext('write');
      const writing = cache.set('key', 2).catch(() => undefined);
      const reply = store.hold('readToKeep', 'answer');
      const reading = cache.get('key');
      await settled();
      await write();
      await writing;
      await reply();
      expect(await reading).toEqual(new CacheHit(1));
      expect(await cache.get('key')).toEqual(new CacheHit(2));
    }
  });

  it('is not kept when a later one was answered before it', async () => {
    const { store, cache, other } = stage();
    await other.set('key', 1);
    store.holdNews();
    const reply = store.hold('readToKeep', 'answer');
    const reading = cache.get('key');
    await settled();
    await other.set('key', 2);
    expect(await cache.get('key')).toEqual(new CacheHit(2));
    await reply();
    await reading;
    expect(await cache.get('key')).toEqual(new CacheHit(2));
  });

  it('does not keep later ones of the same key from being kept', async () => {
    const { store, cache, other } = stage();
    await other.set('key', 1);
    const reply = store.hold('readToKeep', 'answer');
    const reading = cache.get('key');
    await settled();
    await other.set('key', 2);
    await cache.get('key');
    expect(await asking(store, () => cache.get('key'))).toBe(0);
    await reply();
    await reading;
    expect(await cache.get('key')).toEqual(new CacheHit(2));
  });

  it('that fails leaves what is kept, and nothing behind', async () => {
    const { store, cache, other } = await stageWithOne();
    await other.set('other', 2);
    store.failNext('readToKeep');
    await rejection(cache.get('other'));
    await cache.get('other');
    expect(await asking(store, () => cache.getMany(['key', 'other']))).toBe(0);
  });
});

/** Every command that may change a key. */
const CHANGES: readonly Command[] = [
  { op: 'write', prefix, puts: [{ key: 'key', bytes: Buffer.from('new') }] },
  { op: 'remove', prefix, keys: ['key'] },
  { op: 'clear', prefix },
  { op: 'acquire', prefix, key: 'key', token: 'token', lease: 1_000 },
  { op: 'renew', prefix, key: 'key', token: 'token', lease: 1_000 },
  { op: 'fulfil', prefix, put: { key: 'key', bytes: Buffer.from('new') }, token: 'token' },
  { op: 'release', prefix, key: 'key', token: 'token', pause: 0 },
  { op: 'begin', prefix, key: 'key', token: 'token', lease: 1_000 },
  { op: 'settle', prefix, put: { key: 'key', bytes: Buffer.from('new') }, seen: 'seen' },
  { op: 'keep', prefix, key: 'key', writeId: 'writeId' },
];

describe.each(CHANGES.map((command): [Operation, Command] => [command.op, command]))(
  'The command %s of this process',
  (op, command) => {
    it.each([false, true])(
      'drops what is kept when it is sent and when it settles (lost: %s)',
      async (isLost) => {
        const store = new FollowedStore();
        const near = nearTier(store);
        const bytes = Buffer.from('old');
        await store.others.execute({
          op: 'write',
          prefix,
          puts: [
            { key: 'key', bytes },
            { key: 'beside', bytes },
          ],
        });
        const read = (): Promise<unknown> => near.execute({ op: 'read', prefix, keys: ['key', 'beside'] });
        await read();
        store.holdNews();
        const send = store.hold(op, 'command');
        if (isLost) store.failNext(op);
        const changing = near.execute(command).catch(() => undefined);
        expect(near.peek(prefix, 'key')).toBeUndefined();
        await read();
        expect(near.peek(prefix, 'key')).toBeDefined();
        await send();
        await changing;
        expect(near.peek(prefix, 'key')).toBeUndefined();
        expect(near.peek(prefix, 'beside') === undefined).toBe(op === 'clear');
      },
    );
  },
);

describe('What this process writes', () => {
  it('is never kept before it was read', async () => {
    const { store, cache, other } = stage();
    store.holdNews();
    await cache.set('key', 1);
    await other.set('key', 2);
    expect(await cache.get('key')).toEqual(new CacheHit(2));
  });

  it('clears a scope and nothing beside it', async () => {
    const { store, cache } = stage();
    const scope = cache.scope('scope:');
    await cache.set('key', 1);
    await scope.set('key', 2, { tags: ['tag'] });
    for (const each of [cache, scope]) await each.get('key');
    store.holdNews();
    await scope.clear();
    expect(await asking(store, () => cache.get('key'))).toBe(0);
    expect(await scope.get('key')).toBe(CacheMiss.instance);
    await scope.set('key', 3);
    await scope.get('key');
    await cache.clear();
    expect(await scope.get('key')).toBe(CacheMiss.instance);
    expect(cache.metrics().near).toMatchObject({ entries: 0, bytes: 0 });
  });

  it('is waited for by a read of what was kept, when it takes more than one step', async () => {
    const { store, cache } = await stageWithOne();
    const stamp = store.hold('stamp', 'answer');
    const writing = cache.set('key', 2, { tags: ['tag'] });
    const reading = cache.get('key');
    await stamp();
    await writing;
    expect(await reading).toEqual(new CacheHit(2));
  });
});

describe('What the store answers about a key', () => {
  it('drops what is kept when a watch shows another write, and leaves it when it is the same', async () => {
    const store = new FollowedStore();
    const near = nearTier(store);
    const write = (text: string): Promise<unknown> =>
      store.others.execute({ op: 'write', prefix, puts: [{ key: 'key', bytes: Buffer.from(text) }] });
    await write('old');
    await near.execute({ op: 'read', prefix, keys: ['key'] });
    await near.watch(prefix, 'key', () => undefined);
    expect(near.peek(prefix, 'key')).toBeDefined();
    store.holdNews();
    await write('new');
    await near.watch(prefix, 'key', () => undefined);
    expect(near.peek(prefix, 'key')).toBeUndefined();
  });

  it('replaces what is kept but may not serve', async () => {
    const { store, cache, other } = await stageWithOne();
    store.holdNews();
    await other.set('key', 2);
    store.isWarranted = false;
    expect(await cache.get('key')).toEqual(new CacheHit(2));
    store.isWarranted = true;
    expect(await cache.get('key')).toEqual(new CacheHit(2));
  });

  it('drops what is kept when there is nothing any more', async () => {
    const { store, cache, other } = await stageWithOne();
    store.holdNews();
    await other.delete('key');
    store.isWarranted = false;
    expect(await cache.get('key')).toBe(CacheMiss.instance);
    store.isWarranted = true;
    expect(await cache.get('key')).toBe(CacheMiss.instance);
  });
});

describe('A tagged entry', () => {
  it('is read without asking, once its versions are kept, until one of them is evicted', async () => {
    const { store, cache, other } = stage();
    await other.set('key', 1, { tags: ['a', 'b'] });
    await cache.get('key');
    expect(await asking(store, () => cache.get('key'))).toBe(0);
    await other.evictTags('b');
    expect(await cache.get('key')).toBe(CacheMiss.instance);
  });

  it('asks for those of its versions that are not kept, and no others', async () => {
    const { store, cache, other } = stage();
    await other.set('one', 1, { tags: ['a'] });
    await other.set('both', 1, { tags: ['a', 'b'] });
    await cache.get('one');
    await cache.get('both');
    expect(store.asked.at(-1)).toEqual({ step: 'versionsToKeep', items: ['b'] });
    const sure = nearTier(store);
    const tags = ['a', 'b'];
    await sure.execute({ op: 'versions', prefix, tags });
    await sure.execute({ op: 'versions', prefix, tags, sure: true });
    expect(store.asked.at(-1)).toEqual({ step: 'versionsToKeep', items: tags });
  });

  it.each(['get', 'getMany', 'getOrSet', 'naming its tags'])(
    'is a hit when the kept version is older than it (%s)',
    async (how) => {
      const { store, cache, other } = stage();
      await other.set('before', 1, { tags: ['tag'] });
      await cache.get('before');
      store.holdNews();
      await other.evictTags('tag');
      await other.set('key', 2, { tags: ['tag'] });
      const reads: Readonly<Record<string, () => Promise<unknown>>> = {
        get: () => cache.get('key'),
        getMany: async () => (await cache.getMany(['key'])).get('key'),
        getOrSet: async () => new CacheHit(await cache.getOrSet('key', () => 3, { tags: ['tag'] })),
        'naming its tags': () => cache.get('key', { tags: ['tag'] }),
      };
      expect(await reads[how]?.()).toEqual(new CacheHit(2));
    },
  );

  it.each(['get', 'getMany'])(
    'is read again when its tag was evicted and another process has written it anew (%s)',
    async (how) => {
      const { store, cache, other } = stage();
      await other.set('key', 1, { tags: ['tag'] });
      await cache.get('key');
      store.holdNews();
      await other.evictTags('tag');
      await other.set('key', 2, { tags: ['tag'] });
      // Now this process knows the new version, and still keeps the old entry.
      await cache.set('another', 3, { tags: ['tag'] });
      const result = how === 'get' ? await cache.get('key') : (await cache.getMany(['key'])).get('key');
      expect(result).toEqual(new CacheHit(2));
    },
  );

  it('is gone when this process has evicted its tag, whatever was on its way', async () => {
    for (const what of ['command', 'answer'] as const) {
      const { store, cache } = stage();
      await cache.set('key', 1, { tags: ['tag'] });
      await cache.get('key');
      store.holdNews();
      const evict = store.hold('evict', what);
      const evicting = cache.evictTags('tag');
      const look = store.hold('versionsToKeep', 'answer');
      const reading = cache.get('key');
      await settled();
      await evict();
      await evicting;
      await look();
      await reading;
      expect(await cache.get('key')).toBe(CacheMiss.instance);
    }
  });

  it('is gone when this process has evicted its tag after a version was read that is older', async () => {
    const { store, cache } = stage();
    await cache.set('key', 1, { tags: ['tag'] });
    store.holdNews();
    const evict = store.hold('evict', 'command');
    const evicting = cache.evictTags('tag');
    expect(await cache.get('key')).toEqual(new CacheHit(1));
    await evict();
    await evicting;
    expect(await cache.get('key')).toBe(CacheMiss.instance);
  });

  it('is never stamped with a version that is kept, and drops one that differs', async () => {
    const store = new FollowedStore();
    const near = nearTier(store);
    const tags = ['tag'];
    const stampOf = async (execute: typeof near.execute): Promise<unknown> =>
      (await execute({ op: 'stamp', prefix, tags, need: 1_000 }))[0];
    const first = await stampOf((command) => store.others.execute(command));
    await near.execute({ op: 'versions', prefix, tags });
    store.holdNews();
    await store.others.execute({ op: 'evict', prefix, tags: [EPOCH, ...tags] });
    const second = await stampOf((command) => near.execute(command));
    expect(second).not.toBe(first);
    expect(await near.execute({ op: 'versions', prefix, tags })).toEqual([second]);
  });

  it('whose tags only its value tells is not kept when any tag was evicted while it was loaded', async () => {
    const { store, cache, other } = stage();
    await cache.getOrSet('first', () => 1, { tags: oneTag });
    store.holdNews();
    const load = async (): Promise<number> => {
      await other.evictTags('tag');
      return 2;
    };
    await cache.getOrSet('second', load, { tags: oneTag });
    expect(await other.get('second')).toBe(CacheMiss.instance);
  });
});

describe('What is kept', () => {
  it('serves until it ends in the store, and not a moment longer', async () => {
    const { store, cache, other } = stage();
    await other.set('key', 1);
    const clock = stopClock();
    store.until = clock.now + 200;
    await cache.get('key');
    store.holdNews();
    await other.delete('key');
    clock.now += 199;
    expect(await cache.get('key')).toEqual(new CacheHit(1));
    clock.now += 1;
    expect(await cache.get('key')).toBe(CacheMiss.instance);
  });

  it('serves no longer than the application allows, from when it was asked for', async () => {
    const { store, cache, other } = stage({ ttl: 200 });
    await other.set('key', 1, { tags: ['tag'] });
    const clock = stopClock();
    const reply = store.hold('readToKeep', 'answer');
    const reading = cache.get('key');
    await settled();
    clock.now += 150;
    await reply();
    await reading;
    clock.now += 49;
    expect(await asking(store, () => cache.get('key'))).toBe(0);
    clock.now += 1;
    expect(await asking(store, () => cache.get('key'))).toBe(1);
    expect(store.asked.at(-1)).toEqual({ step: 'readToKeep', items: ['key'] });
  });

  it('is not kept at all when it has ended on its way', async () => {
    const { store, cache, other } = stage();
    await other.set('key', 1);
    store.until = performance.now() - 1;
    await cache.get('key');
    expect(cache.metrics().near).toMatchObject({ entries: 0 });
  });

  it('serves only while changes are told, and again when they only were late', async () => {
    const { store, cache } = await stageWithOne();
    store.isWarranted = false;
    expect(cache.metrics().near).toMatchObject({ isTrusted: false });
    store.failNext('readToKeep');
    await rejection(cache.get('key'));
    store.isWarranted = true;
    expect(await asking(store, () => cache.get('key'))).toBe(0);
    expect(cache.metrics().near).toMatchObject({ isTrusted: true, losses: 0 });
  });

  it('is kept only when changes were told up to its reply', async () => {
    const { store, cache, other } = stage();
    await other.set('key', 1);
    store.isWarranted = false;
    await cache.get('key');
    store.isWarranted = true;
    expect(await asking(store, () => cache.get('key'))).toBe(1);
  });

  it('is dropped, all of it, when a change may have been missed', async () => {
    const { store, cache } = await stageWithOne();
    await cache.set('tagged', 1, { tags: ['tag'] });
    await cache.get('tagged');
    store.lose();
    expect(cache.metrics().near).toMatchObject({ entries: 0, bytes: 0, losses: 1 });
    expect(await asking(store, () => cache.get('key'))).toBe(1);
  });

  it('is bounded in number, and the least recently used go first', async () => {
    const { store, cache, other } = stage({ maxEntries: 2 });
    await other.setMany(['a', 'b', 'c'].map((key) => [key, key]));
    for (const key of ['a', 'b', 'a', 'c']) await cache.get(key);
    expect(await asking(store, () => cache.getMany(['a', 'c']))).toBe(0);
    expect(cache.metrics().near).toMatchObject({ entries: 2 });
    expect(await asking(store, () => cache.get('b'))).toBe(1);
  });

  it('is bounded in bytes, and nothing is kept that is larger by itself', async () => {
    const { store, cache, other } = stage({ maxBytes: 40_000 });
    await other.setMany(Array.from({ length: 20 }, (_, index) => [`${index}`, 'x'.repeat(1_000)]));
    await other.set('large', 'x'.repeat(10_000));
    for (let index = 0; index < 20; index += 1) await cache.get(`${index}`);
    const { entries = 0, bytes = 0 } = cache.metrics().near ?? {};
    expect(entries).toBeGreaterThan(3);
    expect(bytes).toBeLessThanOrEqual(40_000);
    await cache.get('large');
    expect(await asking(store, () => cache.get('large'))).toBe(1);
    expect(cache.metrics().near).toMatchObject({ entries, bytes });
  });

  it('is gone when the cache is closed', async () => {
    const { cache } = await stageWithOne();
    await cache.close();
    expect(await rejection(cache.get('key'))).toMatchObject({ code: 'CACHE_CLOSED' });
    expect(cache.metrics().near).toMatchObject({ entries: 0 });
  });
});

describe('A store that refuses to tell of changes', () => {
  it('fails a ping, and from then on every operation, by its own word', async () => {
    const { store, cache } = await stageWithOne();
    const refusal = new CacheConfigurationError(['near expects a server that tells of changes']);
    store.refusal = refusal;
    const operations = [
      cache.ping(),
      cache.set('key', 1),
      cache.delete('key'),
      cache.getMany(['key']),
      cache.getOrSet('none', () => 1),
      cache.clear(),
      cache.evictTags('tag'),
    ];
    for (const operation of operations) {
      const error = await rejection(operation);
      expect(error instanceof Error && 'failures' in error ? refusal : error).toBe(refusal);
    }
    expect(await rejection(nearTier(store).watch(prefix, 'key', () => undefined))).toBe(refusal);
    expect(await rejection(cache.get('none'))).toBe(refusal);
  });

  it('is asked that while the store answers a ping, so that both take one deadline', async () => {
    const { store, cache } = stage();
    const answer = store.hold('ping', 'answer');
    const pinging = cache.ping();
    await settled();
    expect(store.asked.map(({ step }) => step).toSorted()).toEqual(['ping', 'ready']);
    await answer();
    await pinging;
  });

  it('fails a ping by what the store itself says, if that fails too', async () => {
    const { store, cache } = stage();
    store.failNext('ping');
    const answer = store.hold('ping', 'answer');
    const pinging = rejection(cache.ping());
    store.refusal = new CacheConfigurationError(['near expects a server that tells of changes']);
    await settled();
    await answer();
    expect(String(await pinging)).toContain('The answer was lost');
  });

  it('fails a ping that finds it out', async () => {
    const { store, cache } = stage();
    const asked = await asking(store, async () => {
      const pinging = cache.ping();
      store.refusal = new CacheConfigurationError(['near expects a server that tells of changes']);
      expect(await rejection(pinging)).toBe(store.refusal);
    });
    expect(asked).toBe(2);
  });
});

describe('Copied values', () => {
  const VALUES: readonly (readonly [string, unknown])[] = [
    [
      'an object',
      { id: 1, name: 'Ada', roles: ['admin', { of: 'all' }], none: null, gone: undefined, zero: -0 },
    ],
    [
      'an array of objects alike',
      Array.from({ length: 50 }, (_, id) => ({ id, half: id / 2, parts: [{ id }] })),
    ],
    ['an array with holes', [1, , { two: 2 }, undefined]], // oxlint-disable-line no-sparse-arrays
    ['an object without a prototype', withoutPrototype({ a: [1] })],
    [
      'what freezing does not guard',
      { at: new Date(0), by: new Map([['a', { b: 1 }]]), of: Buffer.from('a') },
    ],
    ['a text', 'text'],
  ];

  it.each(VALUES)('are exact, and each reader has one of its own: %s', async (_what, value) => {
    const { cache, other } = stage();
    await other.set('key', value);
    const found = [];
    for (let turn = 0; turn < 5; turn += 1) found.push(hitOf(await cache.get('key')).value);
    for (const one of found) expect(one).toStrictEqual(value);
    const containers = found.flatMap(containersOf);
    expect(new Set(containers).size).toBe(containers.length);
  });

  it('keep what is one object one object', async () => {
    const { cache, other } = stage();
    const part = { a: 1 };
    await other.set('key', { one: part, same: part });
    for (let turn = 0; turn < 4; turn += 1) {
      const { value } = hitOf(await cache.get('key'));
      expect(Reflect.get(Object(value), 'one')).toBe(Reflect.get(Object(value), 'same'));
    }
  });

  it('are not changed by what a reader does to its own', async () => {
    const { cache, other } = stage();
    await other.set('key', { list: [{ a: 1 }] });
    for (let turn = 0; turn < 4; turn += 1) {
      const { value } = hitOf(await cache.get('key'));
      expect(value).toEqual({ list: [{ a: 1 }] });
      for (const container of containersOf(value))
        for (const name of Object.keys(container)) Reflect.deleteProperty(container, name);
      expect(value).toEqual({});
    }
  });
});

describe('Frozen values', () => {
  it('are one for all readers, and frozen through and through', async () => {
    const { cache, other } = stage({ values: 'frozen' });
    const value = { list: [1, { deep: true }], self: undefined as unknown };
    value.self = value;
    await other.set('key', value);
    const first = await cache.get('key');
    expect(first).toEqual(new CacheHit(value));
    expect(await cache.get('key')).toBe(first);
    expect((await cache.getMany(['key'])).get('key')).toBe(first);
    const loaded = await cache.getOrSet('key', () => value);
    expect(first.hit && first.value).toBe(loaded);
    const [, nested] = Reflect.get(Object(loaded), 'list');
    expect(() => {
      nested.deep = false;
    }).toThrow(TypeError);
    expect(Object.isFrozen(first)).toBe(true);
  });

  it('are so as well when nothing is kept', async () => {
    const { store, cache, other } = stage({ values: 'frozen' });
    store.isKeeping = false;
    await other.set('key', [{}]);
    const result = await cache.get('key');
    expect(result.hit && Array.isArray(result.value) && result.value.every(Object.isFrozen)).toBe(true);
    expect(Object.isFrozen(result.hit && result.value)).toBe(true);
  });

  it.each([
    new Map([[1, {}]]),
    new Set([{}]),
    new Date(0),
    Buffer.from('bytes'),
    new Float64Array(2),
    new URL('https://example.com/'),
    /a/g,
    new Error('no'),
    { inside: [new Date(0)] },
  ])('are copies where freezing would not guard them: %p', async (value) => {
    const { store, cache, other } = stage({ values: 'frozen' });
    await other.set('key', value);
    const [first, second] = [await cache.get('key'), await cache.get('key')];
    expect(first).toEqual(new CacheHit(value));
    expect(second).toEqual(first);
    expect(first.hit && second.hit && first.value !== second.value).toBe(true);
    expect(Object.isFrozen(first.hit && first.value)).toBe(false);
    expect(store.count('readToKeep')).toBe(1);
  });

  it.each(['text', 5, 5n, null, undefined, true])('may be primitive: %p', async (value) => {
    const { cache, other } = stage({ values: 'frozen' });
    await other.set('key', value);
    await cache.get('key');
    expect(await cache.get('key')).toBe(await cache.get('key'));
    expect(await cache.get('key')).toEqual(new CacheHit(value));
  });

  it('leave what a factory has made to the application', async () => {
    const { cache } = stage({ values: 'frozen' });
    const made = { own: true };
    expect(await cache.getOrSet('key', () => made)).toBe(made);
    expect(Object.isFrozen(made)).toBe(false);
  });
});

describe('The counts', () => {
  it('tell hits near from reads of the store, and count both as hits of the cache', async () => {
    const { cache, other } = stage();
    await other.set('key', 'value');
    const scope = cache.scope('scope:');
    for (let count = 0; count < 3; count += 1) await cache.get('key');
    await scope.get('none');
    const { hits, misses, bytesIn, near } = scope.metrics();
    expect({ hits, misses }).toEqual({ hits: 3, misses: 1 });
    expect(near).toMatchObject({ hits: 2, misses: 2, entries: 1, invalidations: 0, losses: 0 });
    expect(bytesIn % 3).toBe(0);
    expect(bytesIn).toBeGreaterThan(0);
  });

  it('are the same for frozen values', async () => {
    const counts = await Promise.all(
      (['copied', 'frozen'] as const).map(async (values) => {
        const { cache } = await stageWithOne({ values });
        for (let count = 0; count < 3; count += 1) await cache.get('key');
        return cache.metrics();
      }),
    );
    expect(counts[0]).toEqual(counts[1]);
  });

  it('have nothing near in a cache that has no near tier', () => {
    expect(new InMemoryCache().metrics()).not.toHaveProperty('near');
  });

  it('leave changes out that concern nothing kept', async () => {
    const { store, cache, other } = await stageWithOne();
    await cache.set('key', 2);
    await other.set('key', 3);
    expect(store.count('readToKeep')).toBe(1);
    expect(cache.metrics().near).toMatchObject({ invalidations: 0 });
  });
});
