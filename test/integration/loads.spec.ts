import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { createCodec } from '../../lib/codec/codec.js';
import type { RedisCacheOptions } from '../../lib/config/redis-cache-options.js';
import { resolveRedisCacheOptions } from '../../lib/config/resolve-redis-cache-options.js';
import type { CacheStore, EntryExtras, Put, Slot } from '../../lib/core/cache-store.js';
import { newLeaseToken } from '../../lib/core/lease-token.js';
import { onlyOutcome } from '../../lib/core/only-outcome.js';
import { createTopology } from '../../lib/redis/create-topology.js';
import { RedisStore } from '../../lib/redis/redis-store.js';
import { now } from '../support/clock.js';
import { CallerProcess, useCallers } from '../support/caller-process.js';
import { median, printFigures } from '../support/figures.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { useCluster } from '../support/topology-fixtures.js';

jest.setTimeout(120_000);

const CALLERS = 250;

const callers = useCallers(4);
const stores: CacheStore[] = [];

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

function openStore(place: Place): CacheStore {
  const resolved = resolveRedisCacheOptions({ options: place.address, variable: () => undefined });
  const store = new RedisStore(createTopology(resolved, undefined));
  stores.push(store);
  return store;
}

/** A value as a load writes it. */
function putOf(store: CacheStore, key: string, value: string, ttl: number, extras?: EntryExtras): Put {
  return { key, ttl, extras, bytes: createCodec(undefined).encode(value, key, store.roomFor(extras)) };
}

async function slotIn(store: CacheStore, prefix: string, key: string): Promise<Slot> {
  return onlyOutcome(await store.execute({ op: 'read', prefix, keys: [key] }));
}

async function callsOf(raw: Redis, command: string): Promise<number> {
  const found = new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await raw.info('commandstats'));
  return Number(found?.[1] ?? 0);
}

/** Who holds the lease of a key. */
async function holderOf(store: CacheStore, prefix: string, key: string): Promise<string | undefined> {
  const slot = await slotIn(store, prefix, key);
  if (slot.state === 'lease') return slot.lease.token;
  return slot.state === 'entry' ? slot.refresh?.lease?.token : undefined;
}

interface Place {
  readonly address: RedisCacheOptions;
  newPrefix(): string;
}

/** Opens a cache under the same new prefix in every process, and tells which. */
async function openAt(place: Place): Promise<string> {
  const keyPrefix = place.newPrefix();
  await callers.open({ ...place.address, keyPrefix });
  return keyPrefix;
}

/** Kills the process whose factory begins first. */
async function killOwner(key: string): Promise<CallerProcess> {
  const owner = await Promise.race(
    callers.processes.map(async (each) => {
      await each.began(key);
      return each;
    }),
  );
  await owner.kill();
  return owner;
}

function describeLoads(name: string, place: Place, rounds: number): void {
  it(`calls the factory once for 250 callers in each of four processes, and the last one has the value within 50 ms of the write`, async () => {
    await openAt(place);
    const delays: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const report = await callers.call({ key: `key:${round}`, callers: CALLERS, making: { takes: 100 } });
      expect(report.errors).toEqual([]);
      expect(report.loads).toHaveLength(1);
      expect(report.answers).toEqual([expect.objectContaining({ count: 4 * CALLERS })]);
      delays.push(report.delay);
    }
    printFigures(`${name}: from the write until the last of 1,000 callers`, delays);
    expect(median(delays)).toBeLessThanOrEqual(50);
  });

  it('tells the own error of a factory to every caller of its process, and calls it once in each', async () => {
    await openAt(place);
    for (let round = 0; round < 5; round++) {
      const report = await callers.call({
        key: `key:${round}`,
        callers: CALLERS,
        making: { takes: 150, fails: true },
      });
      expect(report.answers).toEqual([]);
      expect(report.errors).toEqual(Array.from({ length: 4 }, () => 'Error: The origin is away'));
      expect(report.reports.map(({ loads }) => loads.length)).toEqual([1, 1, 1, 1]);
    }
  });

  it.each([
    ['600 ms', { leaseFor: 600 }, 3],
    ['the usual 3 s', undefined, 1],
  ])(
    'calls it once more when its owner is killed, after a lease of %s at the latest, and no other caller fails',
    async (_lease, options, kills) => {
      const lease = options?.leaseFor ?? 3_000;
      const delays: number[] = [];
      for (let round = 0; round < kills; round++) {
        await openAt(place);
        const key = `killed:${round}`;
        const calling = callers.call({ key, callers: CALLERS, making: { takes: 150 }, options });
        const dead = await killOwner(key);
        const diedAt = now();
        const report = await calling;
        callers.replace(dead);
        expect(report.errors).toEqual([]);
        expect(report.loads).toHaveLength(1);
        expect(report.answers).toEqual([expect.objectContaining({ count: 3 * CALLERS })]);
        delays.push(report.lastAt - diedAt);
      }
      printFigures(`${name}: from the owner's death until the last caller, of them 150 for the load`, delays);
      expect(Math.max(...delays)).toBeLessThan(lease + 150 + 150);
    },
  );
}

function describeReplacedLeases(place: Place): void {
  it.each<[string, EntryExtras | undefined]>([
    ['an absent key', undefined],
    ['an entry that is refreshed', { refresh: { staleFor: 60_000, loadTime: 1 } }],
  ])(
    'A38 refuses the holder of an expired lease of %s every step, and leaves the next one its lease',
    async (_of, extras) => {
      const store = openStore(place);
      const prefix = place.newPrefix();
      const [key, former, owner] = ['key', newLeaseToken(), newLeaseToken()];
      if (extras !== undefined) {
        await store.execute({ op: 'write', prefix, puts: [putOf(store, key, 'old', 1, extras)] });
        await delay(5);
      }
      const before = await slotIn(store, prefix, key);
      const seen = before.state === 'absent' ? undefined : before.writeId;
      const acquired = await store.execute({ op: 'acquire', prefix, key, token: former, lease: 50, seen });
      expect(acquired).toEqual({ outcome: 'granted' });
      await delay(60);
      const next = await store.execute({ op: 'acquire', prefix, key, token: owner, lease: 60_000, seen });
      expect(next).toEqual({ outcome: 'granted' });
      const held = await slotIn(store, prefix, key);

      const steps = {
        renew: await store.execute({ op: 'renew', prefix, key, token: former, lease: 1 }),
        release: await store.execute({ op: 'release', prefix, key, token: former, pause: 60_000 }),
        fulfil: await store.execute({
          op: 'fulfil',
          prefix,
          token: former,
          put: putOf(store, key, 'late', 60_000, extras),
        }),
      };

      expect(steps).toEqual({ renew: false, release: false, fulfil: false });
      const after = await slotIn(store, prefix, key);
      expect({ ...after, lease: undefined, refresh: undefined }).toEqual({
        ...held,
        lease: undefined,
        refresh: undefined,
      });
      expect(await holderOf(store, prefix, key)).toBe(owner);
      const put = putOf(store, key, 'new', 60_000, extras);
      expect(await store.execute({ op: 'fulfil', prefix, token: owner, put })).toBe(true);
    },
  );

  it.each([
    ['writes', false],
    ['fails and gives its lease back', true],
  ])(
    'A38 lets the next owner keep its lease when a process that was blocked past its own %s',
    async (_what, fails) => {
      const prefix = await openAt(place);
      const store = openStore(place);
      const [blocked, next, waiting] = callers.processes;
      if (!blocked || !next || !waiting) throw new Error('There are four processes');
      const key = 'key';
      const begun = blocked.began(key);
      const late = blocked.call({
        key,
        callers: 1,
        at: now(),
        making: { takes: 0, blocks: 700, fails },
        options: { leaseFor: 200 },
      });
      await begun;
      const others = [next, waiting].map((each) =>
        each.call({ key, callers: 10, at: now(), making: { takes: 1_000 }, options: { leaseFor: 5_000 } }),
      );
      await Promise.race([next.began(key), waiting.began(key)]);
      const holder = await holderOf(store, prefix, key);

      const lateReport = await late;

      expect(lateReport.loads).toHaveLength(1);
      expect(await holderOf(store, prefix, key)).toBe(holder);
      const reports = await Promise.all(others);
      expect(reports.flatMap(({ loads }) => loads)).toHaveLength(1);
      const [value] = [...new Set(reports.flatMap(({ answers }) => Object.keys(answers)))];
      const stored = await waiting.call({ key, callers: 1, at: now(), making: { takes: 0 } });
      expect(Object.keys(stored.answers)).toEqual([value]);
      expect(stored.loads).toEqual([]);
    },
  );
}

function describeStaleValues(name: string, place: Place, rounds: number): void {
  const [ttl, staleFor] = [100, 60_000];

  /** Puts an entry in place that is past its time to live. */
  async function makeStale(key: string): Promise<void> {
    await callers.processes[0]?.call({
      key,
      callers: 1,
      at: now(),
      making: { takes: 0 },
      options: { ttl, staleFor },
    });
    await delay(ttl + 20);
  }

  it('refreshes a stale value once for four processes, and everybody else has it at once', async () => {
    await openAt(place);
    const delays: number[] = [];
    const keys = Array.from({ length: rounds }, (_, round) => `key:${round}`);
    await Promise.all(keys.map((key) => makeStale(key)));
    for (const key of keys) {
      const report = await callers.call({
        key,
        callers: 25,
        making: { takes: 200 },
        options: { ttl: 60_000, staleFor },
      });
      expect(report.errors).toEqual([]);
      expect(report.loads).toHaveLength(1);
      expect(report.answers.map(({ count }) => count)).toEqual(expect.arrayContaining([1, 99]));
      const stale = report.answers.find(({ count }) => count === 99);
      delays.push((stale?.lastAt ?? Number.NaN) - report.at);
    }
    printFigures(`${name}: until the last of 99 callers had the stale value`, delays);
    expect(median(delays)).toBeLessThan(20);
  });

  it('starts failing refreshes no more often in four processes than the pause allows, and serves the stale value', async () => {
    await openAt(place);
    await makeStale('key');
    const pauseFor = 300;
    const beganAt: number[] = [];
    const end = now() + 2_000;
    while (now() < end) {
      const report = await callers.call({
        key: 'key',
        callers: 5,
        making: { takes: 10, fails: true },
        options: { ttl, staleFor, pauseFor },
      });
      expect(report.errors).toEqual([]);
      expect(report.answers).toEqual([expect.objectContaining({ count: 20 })]);
      beganAt.push(...report.loads.map((load) => load.beganAt));
    }
    beganAt.sort((one, other) => one - other);
    const gaps = beganAt.slice(1).map((at, index) => at - (beganAt[index] ?? 0));
    printFigures(`${name}: between refreshes that fail, with a pause of ${pauseFor} ms`, gaps);
    expect(gaps.length).toBeGreaterThanOrEqual(3);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(pauseFor);
  });

  it('serves the stale value while a process that refreshed is dead, and refreshes after its lease', async () => {
    await openAt(place);
    await makeStale('key');
    const options = { ttl: 60_000, staleFor, leaseFor: 600 };
    const calling = callers.call({ key: 'key', callers: 1, making: { takes: 150 }, options });
    const dead = await killOwner('key');
    const diedAt = now();
    await calling;
    let turns = 0;
    for (;;) {
      const report = await callers.call({ key: 'key', callers: 5, making: { takes: 0 }, options });
      expect(report.errors).toEqual([]);
      turns += 1;
      const [load] = report.loads;
      if (load === undefined) continue;
      const after = load.beganAt - diedAt;
      printFigures(`${name}: from a refresher's death until the next refresh`, [after]);
      expect(report.loads).toHaveLength(1);
      expect(after).toBeLessThan(options.leaseFor + 200);
      break;
    }
    callers.replace(dead);
    expect(turns).toBeGreaterThan(1);
  });
}

const HOURS = 2 * 60 * 60 * 1_000;

/** What one process loads is fresh, stale and gone for every process at the same time. */
async function expectRightTimes(writer: CallerProcess, all: readonly CallerProcess[]): Promise<void> {
  const key = `key:${all.indexOf(writer)}`;
  const options = { ttl: 500, staleFor: 500, leaseFor: 300 };
  const ask = (each: CallerProcess, fails = false) =>
    each.call({ key, callers: 5, at: now(), making: { takes: 200, fails }, options });

  // It takes longer than two thirds of a lease: whoever misjudged the lease would load a second time.
  const begun = writer.began(key);
  const own = ask(writer);
  await begun;
  const others = await Promise.all(all.filter((each) => each !== writer).map((each) => ask(each)));
  const reports = [await own, ...others];
  expect(reports.flatMap(({ loads }) => loads)).toHaveLength(1);
  expect(new Set(reports.flatMap(({ answers }) => Object.keys(answers))).size).toBe(1);

  const fresh = await Promise.all(all.map((each) => ask(each)));
  expect(fresh.flatMap(({ loads }) => loads)).toEqual([]);
  await delay(520);
  const stale = await Promise.all(all.map((each) => ask(each, true)));
  expect(stale.flatMap(({ loads }) => loads)).toHaveLength(1);
  expect(stale.flatMap(({ errors }) => Object.keys(errors))).toEqual([]);
  await delay(500);
  const [gone] = await Promise.all(all.slice(0, 1).map((each) => ask(each)));
  expect(gone?.loads).toHaveLength(1);
}

function describeWrongClocks(place: Place): void {
  it('keeps to the times of the server when the clocks of processes are wrong by two hours', async () => {
    const wrong = [new CallerProcess(HOURS), new CallerProcess(-HOURS)];
    try {
      await openAt(place);
      const options = { ...place.address, keyPrefix: place.newPrefix() };
      const right = callers.processes[0];
      const all = right === undefined ? wrong : [...wrong, right];
      await Promise.all(all.map((each) => each.open(options)));
      const [fast = 0, slow = 0] = await Promise.all(wrong.map((each) => each.order({ kind: 'date' })));
      expect(Math.round((fast - slow) / HOURS)).toBe(2);
      await Promise.all(all.map((writer) => expectRightTimes(writer, all)));
    } finally {
      await Promise.all(wrong.map((each) => each.end()));
    }
  });
}

describe('Where CLIENT and SUBSCRIBE are not allowed', () => {
  const redis = useRedisServer();

  async function openAsPoller(): Promise<void> {
    const [username, password] = ['poller', 'of-the-poller'];
    const rule = ['on', `>${password}`, '~*', '+@all', '-client', '-subscribe'];
    await redis.raw.call('ACL', 'SETUSER', username, ...rule);
    await callers.open({ ...redis.address, username, password, keyPrefix: redis.newPrefix() });
  }

  it.each([
    ['100 ms', 100, 10],
    ['1 s', 1_000, 4],
  ])(
    'everybody has a value that took %s to load soon after it is written, by asking now and then',
    async (_time, takes, rounds) => {
      await openAsPoller();
      const delays: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const report = await callers.call({ key: `key:${round}`, callers: CALLERS, making: { takes } });
        expect(report.errors).toEqual([]);
        expect(report.loads).toHaveLength(1);
        expect(report.answers).toEqual([expect.objectContaining({ count: 4 * CALLERS })]);
        delays.push(report.delay);
      }
      printFigures(
        `By polling, after a load of ${takes} ms: from the write until the last of 1,000 callers`,
        delays,
      );
      // The longest pause, and what a busy machine adds.
      expect(Math.max(...delays)).toBeLessThan(250 + 100);
    },
  );

  it('asks only a few times a second, however many callers wait in a process', async () => {
    await openAsPoller();
    const begun = Promise.race(callers.processes.map((each) => each.began('key')));
    const calling = callers.call({ key: 'key', callers: CALLERS, making: { takes: 1_200 } });
    await begun;
    await delay(200);
    const before = await callsOf(redis.raw, 'get');
    await delay(900);
    const looks = (await callsOf(redis.raw, 'get')) - before;
    expect((await calling).errors).toEqual([]);
    printFigures('Looks of three processes with 250 waiting callers each in 900 ms', [looks], '');
    expect(looks).toBeGreaterThan(3);
    expect(looks).toBeLessThan(3 * 20);
  });
});

describe('One server', () => {
  const redis = useRedisServer();
  describeLoads('One server', redis, 20);
  describeReplacedLeases(redis);
  describeStaleValues('One server', redis, 10);
  describeWrongClocks(redis);
});

describe('A cluster of six nodes', () => {
  const redis = useCluster();
  describeLoads('A cluster', redis, 8);
  describeReplacedLeases(redis);
  describeStaleValues('A cluster', redis, 5);
});
