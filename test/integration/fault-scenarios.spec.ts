import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CacheHit } from '../../lib/contract/cache-result.js';
import { RedisCacheError } from '../../lib/contract/redis-errors.js';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { started } from '../support/cache-fixture.js';
import type { Fault } from '../support/fault.js';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js';
import {
  fillFor,
  operationNamed,
  OPERATIONS,
  type OperationCase,
  Origin,
  writes,
} from '../support/operations.js';
import { PingProcess } from '../support/ping-process.js';
import { fillKeys, useFaultProxy } from '../support/proxied-fixture.js';
import { failuresOf, rejection } from '../support/rejection.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { startRedisServer } from '../support/redis-server.js';
import { eventually, timed } from '../support/waiting.js';

jest.setTimeout(30_000);

/** The socket timeout of these tests, and what "within the deadline" allows on top. */
const T = 300;
const WITHIN = Math.max(T * 1.1, T + 50);

/** How long a cache may take to work again. */
const RECOVERY = 2_000;

/** The commands by which operations change data. */
const WRITES = ['set', 'eval', 'unlink'] as const;

const redis = useRedisServer();
const way = useFaultProxy(redis, T);

afterEach(async () => {
  await redis.server.resume();
  if (redis.raw.status === 'end') await redis.restart();
  await redis.raw.flushall();
});

/** How often the server has carried a command out since its statistics were reset. */
async function callsOf(command: string): Promise<number> {
  const stats = await redis.raw.info('commandstats');
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

/** How a reply is lost, and the code of what was sent and may have changed data; then of what cannot have. */
const LOSSES: readonly (readonly [string, Fault, string, string])[] = [
  [
    'with its connection',
    { kind: 'drop-reply', afterwards: 'cut' },
    'REDIS_OUTCOME_UNKNOWN_LOST',
    'REDIS_CONNECTION_LOST',
  ],
  [
    'in silence',
    { kind: 'drop-reply', afterwards: 'silence' },
    'REDIS_OUTCOME_UNKNOWN_TIMEOUT',
    'REDIS_TIMEOUT',
  ],
];

/** The operations that change data at once, by which command, how often, and whether the key holds an entry afterwards. */
const CHANGES: readonly (readonly [string, string, number, number])[] = [
  ['set', 'set', 1, 1],
  ['delete', 'eval', 1, 0],
  ['clear', 'unlink', 1, 0],
  ['setMany', 'set', 2, 1],
  ['deleteMany', 'eval', 1, 0],
  ['evictTags', 'unlink', 1, 1],
  ['writeBehind', 'set', 1, 1],
];

describe.each(LOSSES)('A write whose reply is lost %s', (_, fault, doubtful, harmless) => {
  it.each(CHANGES)(
    'A15 %s is of unknown outcome, and the server carries its %s out once',
    async (name, command, times, isThere) => {
      const { run, effect, keys } = operationNamed(name);
      const keyPrefix = redis.newPrefix();
      const cache = way.newProxiedCache(keyPrefix);
      await (effect === 'stores' ? cache.ping() : fillFor(cache));
      await redis.raw.config('RESETSTAT');
      await way.proxy.inject(fault, { commands: WRITES, times: 1 });
      const origin = new Origin();
      const { outcome, milliseconds } = await timed(() => run(cache, origin));
      for (const failure of failuresOf(outcome, keys)) expect(failure).toMatchObject({ code: doubtful });
      expect(milliseconds).toBeLessThan(WITHIN);
      await eventually(RECOVERY, () => cache.ping());
      expect(await callsOf(command)).toBe(times);
      expect(await redis.raw.exists(`${keyPrefix}key`)).toBe(isThere);
      expect(origin.calls).toBe(0);
    },
  );

  it.each(OPERATIONS.filter(({ effect }) => effect === 'prepares'))(
    'A15 $name has changed nothing when that was its first, and has asked no origin',
    async ({ run, keys }) => {
      const keyPrefix = redis.newPrefix();
      const cache = way.newProxiedCache(keyPrefix);
      await fillFor(cache);
      const before = await redis.raw.getBuffer(`${keyPrefix}key`);
      await redis.raw.config('RESETSTAT');
      await way.proxy.inject(fault, { commands: WRITES, times: 1 });
      const origin = new Origin();
      const { outcome, milliseconds } = await timed(() => run(cache, origin));
      for (const failure of failuresOf(outcome, keys)) expect(failure).toMatchObject({ code: harmless });
      expect(milliseconds).toBeLessThan(WITHIN);
      await eventually(RECOVERY, () => cache.ping());
      expect(await callsOf('eval')).toBe(keys?.length ?? 1);
      expect(origin.calls).toBe(0);
      expect(await redis.raw.getBuffer(`${keyPrefix}key`)).toEqual(before);
    },
  );

  it('A15 getOrSet that lost the reply to its last step is of unknown outcome, and the value was stored once', async () => {
    const cache = way.newProxiedCache();
    await cache.ping();
    const strike = async (): Promise<string> => {
      await way.proxy.inject(fault, { commands: WRITES, times: 1 });
      return 'loaded';
    };
    const { outcome, milliseconds } = await timed(() => cache.getOrSet('key', strike));
    expect(outcome).toMatchObject({ code: doubtful });
    expect(milliseconds).toBeLessThan(WITHIN);
    expect(way.proxy.repeated).toEqual([]);
    await way.proxy.heal();
    expect(await eventually(RECOVERY, () => cache.get('key'))).toEqual(new CacheHit('loaded'));
  });

  it("A15 getOrSet gives what it has loaded all the same with 'load', and counts the failure", async () => {
    const cache = way.newProxiedCache();
    await cache.ping();
    const strike = async (): Promise<string> => {
      await way.proxy.inject(fault, { commands: WRITES, times: 1 });
      return 'loaded';
    };
    expect(await cache.getOrSet('key', strike, { whenUnavailable: 'load' })).toBe('loaded');
    expect(cache.metrics().errors).toEqual({ [doubtful]: 1 });
  });

  it('A15 writeThrough removes an entry that it may or may not have written, and counts the failure', async () => {
    const keyPrefix = redis.newPrefix();
    const cache = way.newProxiedCache(keyPrefix);
    await cache.set('key', 'old');
    const strike = (): Promise<void> => way.proxy.inject(fault, { commands: WRITES, times: 1 });
    const { outcome, milliseconds } = await timed(() => cache.writeThrough('key', 'new', strike));
    expect(outcome).toBeUndefined();
    expect(milliseconds).toBeLessThan(2 * WITHIN);
    expect(await redis.raw.exists(`${keyPrefix}key`)).toBe(0);
    expect(cache.metrics().errors).toEqual({ [doubtful]: 1 });
  });
});

describe('A server that goes away while an origin is written', () => {
  it.each<[string, Fault]>([
    ['refuses', { kind: 'refuse' }],
    ['is silent', { kind: 'black-hole', connections: 'all' }],
  ])(
    'leaves an entry that may be outdated, which is told, and the deadline twice: it %s',
    async (_, fault) => {
      const cache = way.newProxiedCache();
      await cache.set('key', 'old');
      const strike = (): Promise<void> => way.proxy.inject(fault);
      const { outcome, milliseconds } = await timed(() => cache.writeThrough('key', 'new', strike));
      expect(outcome).toMatchObject({ code: 'CACHE_WRITE_OUTDATED', key: 'key' });
      expect(Object(outcome).cause).toBeInstanceOf(RedisCacheError);
      expect(milliseconds).toBeLessThan(2 * WITHIN);
      await way.proxy.heal();
      expect(await eventually(RECOVERY, () => cache.delete('key'))).toBe(true);
    },
  );
});

/** A proxy that nobody else uses, and caches behind it. */
interface OwnWay {
  readonly proxy: FaultProxy;
  readonly newCache: () => RedisCache;
}

/** Goes through something with each operation, all at the same time; a test looks at what became of one of them. */
function useExperiences<Experience>(
  operations: readonly OperationCase[],
  goThrough: (operation: OperationCase, own: OwnWay) => Promise<Experience>,
): (operation: OperationCase) => Experience {
  const experiences = new Map<OperationCase, Experience>();
  beforeAll(async () => {
    await Promise.all(
      operations.map(async (operation) => {
        const proxy = await startFaultProxy(redis.address);
        const { host, port } = proxy;
        const newCache = () =>
          redis.newCacheAt({ host, port, keyPrefix: redis.newPrefix(), socketTimeout: T });
        experiences.set(operation, await goThrough(operation, { proxy, newCache }));
        await proxy.close();
      }),
    );
  });
  return (operation) => started(experiences.get(operation));
}

describe('An operation of several round trips', () => {
  const LATE = T * 0.7;
  const SEVERAL = ['clear', 'get with tags', 'set with tags', 'getOrSet', 'getOrSetMany', 'writeThrough'];

  const experienceOf = useExperiences(SEVERAL.map(operationNamed), async ({ run }, { proxy, newCache }) => {
    const cache = newCache();
    await fillFor(cache);
    await proxy.inject({ kind: 'delay-reply', milliseconds: LATE });
    return timed(() => run(cache));
  });

  it.each(SEVERAL)('A16 has the deadline for each of them: %s', (name) => {
    const { answer } = operationNamed(name);
    const { outcome, milliseconds, elapsed } = experienceOf(operationNamed(name));
    expect(outcome).toEqual(answer);
    expect(elapsed).toBeGreaterThan(WITHIN);
    expect(milliseconds).toBeLessThan(3 * LATE + WITHIN);
  });
});

describe('What could not be sent', () => {
  const experienceOf = useExperiences(OPERATIONS.filter(writes), async ({ run }, { proxy, newCache }) => {
    await proxy.inject({ kind: 'black-hole', connections: 'new' });
    const cache = newCache();
    const origin = new Origin();
    const attempt = await timed(() => run(cache, origin));
    await proxy.heal();
    await eventually(RECOVERY, () => cache.ping());
    await delay(T);
    const carried = [...WRITES, 'scan'].map((command) => proxy.carried(command));
    return { ...attempt, carried, asked: origin.calls };
  });

  it.each(OPERATIONS.filter(writes))(
    'A19 $name is never carried out later, when the server answers after all',
    (operation: OperationCase) => {
      const { outcome, milliseconds, carried, asked } = experienceOf(operation);
      for (const failure of failuresOf(outcome, operation.keys))
        expect(failure).toMatchObject({ code: 'REDIS_UNREACHABLE' });
      expect(asked).toBe(0);
      expect(milliseconds).toBeLessThan(WITHIN);
      expect(carried).toEqual([0, 0, 0, 0]);
    },
  );
});

describe('A server that freezes for a while', () => {
  it('A17 answers each of 100 gets with its own value when it thaws within the deadline', async () => {
    const cache = redis.newCache({ socketTimeout: T });
    const keys = await fillKeys(cache, 100);
    await redis.server.freeze();
    const reads = Promise.all(keys.map((key) => cache.get(key)));
    await delay(T / 3);
    await redis.server.resume();
    expect(await reads).toEqual(keys.map((key) => new CacheHit(key)));
  });

  it('A17 answers each of 100 gets with its own value after it thawed too late for 100 others', async () => {
    const cache = redis.newCache({ socketTimeout: T });
    const keys = await fillKeys(cache, 100);
    await redis.server.freeze();
    const late = await Promise.all(keys.map((key) => rejection(cache.get(key))));
    expect(late).toMatchObject(keys.map((key) => ({ code: 'REDIS_TIMEOUT', key })));
    await redis.server.resume();
    await eventually(RECOVERY, () => cache.ping());
    const reads = await Promise.all(keys.toReversed().map((key) => cache.get(key)));
    expect(reads).toEqual(keys.toReversed().map((key) => new CacheHit(key)));
  });

  it('A18 holds 10,000 calls for one deadline at most, and none once it is known to be away', async () => {
    const cache = redis.newCache({ socketTimeout: T });
    await cache.ping();
    await redis.server.freeze();
    const pending = new Set<Promise<unknown>>();
    const call10000Times = () => {
      for (let index = 0; index < 10_000; index++) {
        const call = rejection(cache.get('key')).finally(() => pending.delete(call));
        pending.add(call);
      }
    };
    const start = performance.now();
    const before = process.cpuUsage();
    call10000Times();
    expect(pending.size).toBe(10_000);
    await Promise.all(pending);
    // To make that many calls and that many errors is work, and not waiting.
    const { user, system } = process.cpuUsage(before);
    expect(performance.now() - start - (user + system) / 1_000).toBeLessThan(WITHIN);
    // The first one may still go out on the connection that is being given up.
    for (let attempt = 0; attempt < 2; attempt++) await rejection(cache.ping());
    call10000Times();
    await setImmediate();
    expect(pending.size).toBe(0);
    await redis.server.resume();
    await eventually(RECOVERY, () => cache.ping());
  });
});

describe('An error reply', () => {
  it.each([
    ['OOM command not allowed when used memory > maxmemory', 'REDIS_OUT_OF_MEMORY'],
    ["READONLY You can't write against a read only replica.", 'REDIS_READONLY'],
    ['MISCONF Redis is configured to save RDB snapshots', 'REDIS_PERSISTENCE'],
    ['BUSY Redis is busy running a script.', 'REDIS_BUSY'],
    ['LOADING Redis is loading the dataset in memory', 'REDIS_LOADING'],
    ['NOPERM this user has no permissions', 'REDIS_NO_PERMISSION'],
    ['NOAUTH Authentication required.', 'REDIS_CREDENTIALS'],
    ['WRONGTYPE Operation against a key', 'REDIS_WRONG_TYPE'],
    ['MASTERDOWN Link with MASTER is down', 'REDIS_ERROR_REPLY'],
    ['NOREPLICAS Not enough good replicas to write.', 'REDIS_ERROR_REPLY'],
    ['UNKILLABLE Sorry the script already executed write commands', 'REDIS_ERROR_REPLY'],
    ['EXECABORT Transaction discarded', 'REDIS_ERROR_REPLY'],
    ['ERR max number of clients reached', 'REDIS_ERROR_REPLY'],
    ['ERR unknown command', 'REDIS_ERROR_REPLY'],
    ['not even a code', 'REDIS_ERROR_REPLY'],
  ])('A24 is told by its code in every operation: %s', async (error, code) => {
    const cache = way.newProxiedCache();
    await fillFor(cache);
    await way.proxy.inject({ kind: 'error-reply', error });
    for (const { run, keys } of OPERATIONS) {
      const { outcome, milliseconds } = await timed(() => run(cache));
      for (const failure of failuresOf(outcome, keys)) {
        expect(failure).toMatchObject({ code, cause: { message: expect.stringMatching(/./) } });
        expect(String(failure)).not.toContain(error);
      }
      expect(milliseconds).toBeLessThan(WITHIN);
    }
    await way.proxy.heal();
    await eventually(RECOVERY, () => cache.ping());
  });

  it('A09 for the want of a password names the variable to set', async () => {
    await redis.raw.config('SET', 'requirepass', 'secret');
    const cache = redis.newCache({ socketTimeout: T });
    const error = await rejection(cache.get('key'));
    await redis.raw.config('SET', 'requirepass', '');
    expect(error).toMatchObject({ code: 'REDIS_CREDENTIALS', key: 'key' });
    expect(String(error)).toContain('SPAKKY_REDIS__PASSWORD');
  });
});

/** How many entries a clear is cut off from. */
const OWN = 30_000;

/** Seeds entries by a script: a hundred thousand take some 60 ms. */
async function seed(prefix: string, count: number): Promise<void> {
  const script = "for i = ARGV[1], ARGV[2] do redis.call('SET', KEYS[1] .. i, 'x') end";
  const step = 100_000;
  for (let first = 1; first <= count; first += step) {
    await redis.raw.eval(script, 1, prefix, first, Math.min(count, first + step - 1));
  }
}

/** Lets a clear remove a few pages, so that it has heard of the first. */
async function untilUnderWay(foreign = 0): Promise<void> {
  while ((await redis.raw.dbsize()) > OWN + foreign - 3_000) await delay(1);
}

describe('clear', () => {
  it('A30 of 1,000,000 keys leaves 200,000 foreign ones alone, and another client waits less than 50 ms', async () => {
    const keyPrefix = redis.newPrefix();
    await seed(`${keyPrefix}own:`, 1_000_000);
    await seed('foreign:', 200_000);
    const cache = redis.newCache({ keyPrefix });
    // In a process of its own: what this one is busy with itself is not Redis waiting.
    const pinging = await PingProcess.start(redis.server);
    await cache.clear();
    const { worst, count } = await pinging.end();
    expect(await redis.raw.dbsize()).toBe(200_000);
    expect(await redis.raw.exists('foreign:1', 'foreign:200000')).toBe(2);
    expect(count).toBeGreaterThan(100);
    expect(worst).toBeLessThan(50);
  });

  it('A31 that the end of its connection cuts off is of unknown outcome, says so, and may be repeated', async () => {
    const keyPrefix = redis.newPrefix();
    await seed(keyPrefix, OWN);
    await seed('foreign:', 10);
    const cache = way.newProxiedCache(keyPrefix);
    const cleared = timed(() => cache.clear());
    await untilUnderWay(10);
    await way.proxy.inject({ kind: 'cut-mid-reply' });
    const { outcome } = await cleared;
    expect(outcome).toMatchObject({ code: 'REDIS_OUTCOME_UNKNOWN_LOST' });
    expect(String(outcome)).toContain('Part of the entries is gone already: repeat it to remove the rest.');
    expect(await redis.raw.dbsize()).toBeGreaterThan(10);
    await way.proxy.heal();
    await eventually(RECOVERY, () => cache.clear());
    expect(await redis.raw.dbsize()).toBe(10);
  });

  it('A31 whose server is killed is of unknown outcome, and may be repeated', async () => {
    const keyPrefix = redis.newPrefix();
    await seed(keyPrefix, OWN);
    const cache = redis.newCache({ keyPrefix, socketTimeout: T });
    const cleared = timed(() => cache.clear());
    await untilUnderWay();
    await redis.server.kill('SIGKILL');
    expect((await cleared).outcome).toMatchObject({ code: 'REDIS_OUTCOME_UNKNOWN_LOST' });
    await redis.restart();
    await eventually(RECOVERY, () => cache.clear());
  });

  it('A31 resolves when somebody else flushes the server meanwhile', async () => {
    const keyPrefix = redis.newPrefix();
    await seed(keyPrefix, OWN);
    const cache = redis.newCache({ keyPrefix, socketTimeout: T });
    const cleared = cache.clear();
    await untilUnderWay();
    await redis.raw.flushall();
    expect(await cleared).toBeUndefined();
    expect(await redis.raw.dbsize()).toBe(0);
  });
});

describe('With the default deadline of 5 s', () => {
  const DEADLINE = 5_000;

  interface Outage {
    readonly name: string;
    readonly fault: Fault;
    /** How long it lasts, in milliseconds. */
    readonly length: number;
    /** What becomes of a get that is under way when it begins. */
    readonly expected: unknown;
  }

  const { answer } = operationNamed('get');
  const tooLate: unknown = expect.objectContaining({ code: 'REDIS_TIMEOUT' });
  const outages: readonly Outage[] = [
    {
      name: 'packets vanished for 3 s, and then arrived',
      fault: { kind: 'black-hole', connections: 'all' },
      length: 3_000,
      expected: answer,
    },
    {
      name: 'packets vanished for longer than the deadline, and then arrived',
      fault: { kind: 'black-hole', connections: 'all' },
      length: DEADLINE + 2_500,
      expected: tooLate,
    },
    {
      name: 'packets vanished for longer than the deadline, and the next attempt to connect with them',
      fault: { kind: 'black-hole', connections: 'all', healed: 'dead' },
      length: DEADLINE + 500,
      expected: tooLate,
    },
    {
      name: 'the server vanished without a word, and another took its place',
      fault: { kind: 'half-open' },
      length: DEADLINE,
      expected: tooLate,
    },
  ];
  const observed = new Map<string, { readonly outcome: unknown; readonly recovery: number }>();

  /** How long it takes until the cache works. */
  async function recoveryOf(cache: RedisCache): Promise<number> {
    return (await timed(() => eventually(3 * DEADLINE, () => cache.set('key', 'back')))).milliseconds;
  }

  async function goThrough({ name, fault, length }: Outage): Promise<void> {
    const own = await startFaultProxy(redis.address);
    const { host, port } = own;
    const cache = redis.newCacheAt({ host, port, keyPrefix: redis.newPrefix(), socketTimeout: DEADLINE });
    await fillFor(cache);
    await own.inject(fault);
    const [{ outcome }, recovery] = await Promise.all([
      timed(() => operationNamed('get').run(cache)),
      delay(length).then(async () => {
        await own.heal();
        return recoveryOf(cache);
      }),
    ]);
    observed.set(name, { outcome, recovery });
    await own.close();
  }

  /** How long a cache takes to work again after its server was away. */
  async function recoveryFromRestart(away: number): Promise<number> {
    const server = await startRedisServer();
    try {
      const { host, port } = server;
      const cache = redis.newCacheAt({ host, port, keyPrefix: redis.newPrefix(), socketTimeout: DEADLINE });
      await cache.ping();
      await server.kill('SIGKILL');
      await delay(away);
      await server.restart();
      return await recoveryOf(cache);
    } finally {
      await server.stop();
    }
  }
  let restarted = Number.NaN;

  beforeAll(async () => {
    const restart = recoveryFromRestart(3_000);
    await Promise.all(outages.map(goThrough));
    restarted = await restart;
  }, 30_000);

  it.each(outages)('A14 works again within 2 s when $name', ({ name, expected }) => {
    expect(observed.get(name)?.outcome).toEqual(expected);
    expect(observed.get(name)?.recovery).toBeLessThan(RECOVERY);
  });

  it('A14 works again within 2 s of the return of a server that was away for 3 s', () => {
    expect(restarted).toBeLessThan(RECOVERY);
  });
});
