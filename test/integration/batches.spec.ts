import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CacheHit, CacheMiss } from '../../lib/contract/cache-result.js';
import { CacheBatchError } from '../../lib/contract/errors.js';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { printFigures } from '../support/figures.js';
import { LoopWatch } from '../support/loop-watch.js';
import { PingProcess } from '../support/ping-process.js';
import { useFaultProxy } from '../support/proxied-fixture.js';
import { useRedisServer } from '../support/redis-fixture.js';
import type { RedisServer } from '../support/redis-server.js';
import { rejection } from '../support/rejection.js';
import { useCluster } from '../support/topology-fixtures.js';
import { timed } from '../support/waiting.js';

jest.setTimeout(120_000);

/** In milliseconds; far more than the work for 1,000 keys takes on a busy machine. */
const WAY = 400;
/** The longest that anybody may have to wait while a batch is under way, in milliseconds. */
const SHORT = 50;
const MOST_TURNS = 6;

function keysOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `key:${index}`);
}

function entriesOf(keys: readonly string[]): (readonly [string, string])[] {
  return keys.map((key) => [key, `value of ${key}`]);
}

/** How long it was on its way; a machine that stood still meanwhile has not lengthened the way. */
async function travelOf(operation: () => Promise<unknown>): Promise<Travel> {
  const { outcome, milliseconds, elapsed } = await timed(operation);
  if (outcome instanceof Error) throw outcome;
  return { milliseconds, elapsed };
}

interface Travel {
  readonly milliseconds: number;
  readonly elapsed: number;
}

interface Waits {
  /** The longest that the event loop of this process did not turn. */
  readonly loop: number;
  /** The longest that another client waited for an answer of one of the servers. */
  readonly server: number;
}

function shortestOf(turns: readonly Waits[]): Waits {
  return {
    loop: Math.min(...turns.map(({ loop }) => loop)),
    server: Math.min(...turns.map(({ server }) => server)),
  };
}

function isShort({ loop, server }: Waits): boolean {
  return loop < SHORT && server < SHORT;
}

async function waitsDuring(
  servers: readonly RedisServer[],
  operation: () => Promise<unknown>,
): Promise<Waits> {
  const pings = await Promise.all(servers.map((server) => PingProcess.start(server)));
  const watch = new LoopWatch();
  await operation();
  const loop = watch.stop();
  const ended = await Promise.all(pings.map((ping) => ping.end()));
  return { loop, server: Math.max(0, ...ended.map(({ worst }) => worst)) };
}

/** Writes, reads and removes very many keys, and watches who has to wait meanwhile. */
async function expectToBlockNobody(
  name: string,
  cache: RedisCache<string>,
  servers: readonly RedisServer[],
  count: number,
): Promise<void> {
  const keys = keysOf(count);
  const entries = entriesOf(keys);
  const steps: readonly [string, () => Promise<unknown>][] = [
    ['setMany', () => cache.setMany(entries)],
    ['getMany', () => cache.getMany(keys)],
    ['setMany with tags', () => cache.setMany(entries, { tags: ['one', 'two', 'three'] })],
    ['getMany with tags', () => cache.getMany(keys)],
    ['deleteMany', () => cache.deleteMany(keys)],
    ['getMany of nothing', () => cache.getMany(keys)],
  ];
  for (const [step, run] of steps) {
    const turns: Waits[] = [];
    // Whatever else runs on the machine makes it longer, and never shorter; so does code that was not compiled yet.
    do turns.push(await waitsDuring(servers, run));
    while (turns.length < MOST_TURNS && !isShort(shortestOf(turns)));
    printFigures(
      `${name}: ${step} of ${count} keys, the event loop`,
      turns.map(({ loop }) => loop),
    );
    printFigures(
      `${name}: ${step} of ${count} keys, another client's worst PING`,
      turns.map(({ server }) => server),
    );
    const { loop, server } = shortestOf(turns);
    expect(loop).toBeLessThan(SHORT);
    expect(server).toBeLessThan(SHORT);
  }
}

describe('One server', () => {
  const redis = useRedisServer();
  const way = useFaultProxy(redis, 5_000);

  it('blocks neither the server nor this process with 100,000 keys', async () => {
    await expectToBlockNobody('One server', redis.newCache<string>(), [redis.server], 100_000);
  });

  describe('that is far away', () => {
    interface Step {
      readonly name: string;
      /** How often something should go there and back. */
      readonly trips: number;
      readonly travels: readonly Travel[];
    }

    const counts = [100, 1_000];
    const stepsWith = new Map<number, readonly Step[]>();

    async function takeStepsWith(count: number): Promise<void> {
      const proxy = await startFaultProxy(redis.address);
      const { host, port } = proxy;
      const cache = redis.newCacheAt({ host, port, keyPrefix: redis.newPrefix(), socketTimeout: 5_000 });
      const keys = keysOf(count);
      const entries = entriesOf(keys);
      const tags = ['one', 'two', 'three'];
      await cache.setMany(entries);
      await proxy.inject({ kind: 'delay-reply', milliseconds: WAY });
      const steps: readonly [string, number, () => Promise<unknown>][] = [
        ['setMany', 1, () => cache.setMany(entries)],
        ['getMany', 1, () => cache.getMany(keys)],
        ['deleteMany', 1, () => cache.deleteMany(keys)],
        ['setMany with tags', 2, () => cache.setMany(entries, { tags })],
        ['getMany with tags', 2, () => cache.getMany(keys)],
      ];
      const taken: Step[] = [];
      for (const [name, trips, run] of steps) {
        const travels = [await travelOf(run), await travelOf(run)];
        taken.push({ name, trips, travels });
      }
      stepsWith.set(count, taken);
      await cache.close();
      await proxy.close();
    }

    // Nearly all of their time is spent on the way, and so beside each other.
    beforeAll(async () => {
      await Promise.all(counts.map(takeStepsWith));
    });

    it.each(counts)('takes one round trip for %i keys, and one more for tags that are not known', (count) => {
      const steps = stepsWith.get(count) ?? [];
      expect(steps).toHaveLength(5);
      for (const { name, trips, travels } of steps) {
        const times = travels.map(({ milliseconds }) => milliseconds);
        printFigures(`${name} of ${count} keys, ${WAY} ms away`, times);
        // Half a trip more would be the beginning of another one.
        expect(Math.min(...times)).toBeLessThan((trips + 0.5) * WAY);
        for (const { elapsed } of travels) expect(elapsed).toBeGreaterThanOrEqual(trips * WAY - 1);
      }
    });
  });

  it('asks for the version of a tag once, however many entries of a piece have it', async () => {
    const cache = way.newProxiedCache();
    const keys = keysOf(100);
    await cache.setMany(entriesOf(keys), { tags: ['one', 'two', 'three'] });
    way.proxy.resetCounts();
    await cache.getMany(keys);
    expect([way.proxy.carried('mget'), way.proxy.carried('get')]).toEqual([1, 3]);
  });

  it('answers in the order of the keys, and writes a value as it was', async () => {
    const cache = redis.newCache<{ n: number }>();
    const keys = keysOf(2_500).toReversed();
    const values = new Map(keys.slice(0, 900).map((key, n) => [key, { n }]));
    const writing = cache.setMany(values);
    for (const value of values.values()) value.n = -1;
    await writing;
    const results = await cache.getMany(keys);
    expect([...results.keys()]).toEqual(keys);
    expect([...results.values()]).toEqual(
      keys.map((_, n) => (n < 900 ? new CacheHit({ n }) : CacheMiss.instance)),
    );
  });

  it('keeps the order of writes that nobody waited for', async () => {
    const cache = redis.newCache<string>();
    const keys = keysOf(900);
    const all = [
      cache.setMany(entriesOf(keys)),
      cache.set('key:899', 'later'),
      cache.delete('key:898'),
      cache.setMany([['key:897', 'later']], { tags: ['tag'] }),
    ];
    await Promise.all(all);
    expect(await cache.get('key:899')).toEqual(new CacheHit('later'));
    expect(await cache.get('key:898')).toBe(CacheMiss.instance);
    expect(await cache.get('key:897')).toEqual(new CacheHit('later'));
  });

  it('tells which keys failed in the middle of a batch, and does the others', async () => {
    const prefix = redis.newPrefix();
    const cache = redis.newCache<string>({ keyPrefix: prefix });
    const keys = keysOf(2_000);
    await cache.setMany(entriesOf(keys));
    const bad = ['key:7', 'key:777', 'key:1777'];
    for (const key of bad) {
      await redis.raw.del(`${prefix}${key}`);
      await redis.raw.rpush(`${prefix}${key}`, 'a list');
    }
    const reading = await rejection(cache.getMany(keys));
    expect(reading).toBeInstanceOf(CacheBatchError);
    expect(reading instanceof CacheBatchError && [...reading.failures.keys()]).toEqual(bad);
    const removing = await rejection(cache.deleteMany(keys));
    expect(removing instanceof CacheBatchError && [...removing.failures.keys()]).toEqual(bad);
    expect(await redis.raw.dbsize()).toBeGreaterThanOrEqual(bad.length);
    await cache.setMany(entriesOf(keys));
    expect([...(await cache.getMany(keys)).values()].every(({ hit }) => hit)).toBe(true);
  });
});

describe('A cluster of six nodes', () => {
  const redis = useCluster();

  it('does not block this process with 30,000 keys of all slots', async () => {
    // Its six servers have to share a machine here, and would wait for one another: it is this process that is watched.
    await expectToBlockNobody('A cluster', redis.newCache<string>(), [], 30_000);
  });

  it('writes, reads, removes and loads keys of every slot, in their order', async () => {
    const cache = redis.newCache<string>();
    const keys = keysOf(40_000);
    await cache.setMany(entriesOf(keys));
    const results = await cache.getMany(keys);
    expect([...results.keys()]).toEqual(keys);
    expect([...results].every(([key, result]) => result.hit && result.value === `value of ${key}`)).toBe(
      true,
    );
    const masters = await redis.servers.masters();
    const sizes = await Promise.all(masters.map((node) => redis.servers.client(node).dbsize()));
    expect(Math.min(...sizes)).toBeGreaterThan(keys.length / 6);
    expect(await cache.deleteMany(keys)).toBe(keys.length);
    const calls: number[] = [];
    const load = async (missing: readonly string[]) => {
      calls.push(missing.length);
      return entriesOf(missing);
    };
    const some = keys.slice(0, 2_500);
    await cache.setMany(entriesOf(some.slice(0, 500)));
    expect([...(await cache.getOrSetMany(some, load))]).toEqual(entriesOf(some));
    expect(calls).toEqual([500, 1_000, 500]);
    expect([...(await cache.getOrSetMany(some, load))]).toEqual(entriesOf(some));
    expect(calls).toHaveLength(3);
  });
});
