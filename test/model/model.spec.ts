import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SpakkyCacheError } from '../../lib/contract/errors.js';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { started } from '../support/cache-fixture.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { newSeed, readModelOptions } from './model-options.js';
import { RedisStage } from './redis-stage.js';
import {
  checkMemoryStore,
  checkNearSchedules,
  checkNearSimulations,
  checkRedisStore,
  checkSchedules,
  checkSimulations,
  type Findings,
} from './suites.js';
import { pause } from './wire.js';

/** The first is always the same; what the other one finds comes again with `npm run model -- --seed`. It runs less. */
const SEEDS = [
  [1, 1],
  [newSeed(), 0.25],
] as const;
const PATIENCE = 60_000;

let server: RedisServer | undefined;
let stage: RedisStage | undefined;

beforeAll(async () => {
  server = await startRedisServer();
  stage = new RedisStage(server);
});
afterAll(async () => {
  await stage?.close();
  await server?.stop();
});

function newCache(keyPrefix: string): RedisCache<string> {
  const { host, port } = started(server);
  return new RedisCache<string>({ host, port, keyPrefix }, { variable: () => undefined });
}

/** Nothing is wrong, and most of it was judged. */
function expectSound({ runs, flaws, unjudged }: Findings): void {
  expect(flaws.slice(0, 3)).toEqual([]);
  expect(unjudged).toBeLessThan(runs / 2);
}

describe.each(SEEDS)('The model, with seed %d,', (seed, share) => {
  it('finds every step of a store in memory as the table of states has it', async () => {
    expectSound(await checkMemoryStore(seed, 2_000 * share));
  });

  it(
    'finds every script of a store in Redis as the table of states has it, foreign keys included',
    async () => {
      const { store, raw } = started(stage).ways;
      expectSound(await checkRedisStore(store, raw, seed, Math.ceil(150 * share)));
    },
    PATIENCE,
  );

  it(
    'finds the properties kept by processes over memory that die, wait, and lose answers',
    async () => {
      expectSound(await checkSimulations(seed, 2_000 * share));
    },
    PATIENCE,
  );

  it(
    'finds the properties kept by processes that keep what they read, and hear of changes late or never: what others have changed is seen within the bound, and what they change themselves at once',
    async () => {
      expectSound(await checkNearSimulations(seed, 1_600 * share));
    },
    PATIENCE,
  );

  it(
    'finds the properties kept by processes over Redis',
    async () => {
      expectSound(await checkSchedules(started(stage), seed, 120 * share));
    },
    PATIENCE,
  );

  it(
    'finds the properties kept by processes over Redis that keep what they read, while the connections that tell of changes are closed',
    async () => {
      expectSound(await checkNearSchedules(started(stage), seed, 80 * share));
    },
    PATIENCE,
  );
});

describe('A key that holds something else', () => {
  const foreign = ['text', 'a list'] as const;
  const operations: Readonly<Record<string, (cache: RedisCache<string>) => Promise<unknown>>> = {
    get: (cache) => cache.get('k'),
    getMany: (cache) => cache.getMany(['k', 'other']),
    getOrSet: (cache) => cache.getOrSet('k', () => 'loaded', { ttl: 50, staleFor: 50 }),
    getOrSetMany: (cache) => cache.getOrSetMany(['k'], () => [['k', 'loaded']]),
    delete: (cache) => cache.delete('k'),
    deleteMany: (cache) => cache.deleteMany(['k', 'other']),
    writeThrough: (cache) => cache.writeThrough('k', 'written', () => undefined),
  };
  const pairs = foreign.flatMap((what) => Object.keys(operations).map((name) => [what, name] as const));

  it.each(pairs)('(%s) is loud and left as it is: %s', async (what, name) => {
    const { raw } = started(stage).ways;
    await using cache = newCache(`foreign:${what}:${name}:`);
    const key = `${cache.location.prefix}k`;
    if (what === 'a list') await raw.rpush(key, 'not ours');
    else await raw.set(key, 'not ours');
    const before = await raw.dumpBuffer(key);
    const outcome = await operations[name]?.(cache).then(
      (value) => ({ value }),
      (error: unknown) => error,
    );
    expect(outcome).toBeInstanceOf(SpakkyCacheError);
    expect(await raw.dumpBuffer(key)).toEqual(before);
  });
});

describe('Refreshes that fail', () => {
  it('begin no more often than the pause allows, in whichever process', async () => {
    const caches = [1, 2, 3].map(() => newCache('storm:'));
    const options = { ttl: 20, staleFor: 20_000, pauseFor: 150 };
    const [first] = caches;
    await first?.getOrSet('k', () => 'old', options);
    await pause(40);
    const begun: number[] = [];
    const fail = (): never => {
      begun.push(performance.now());
      throw new Error('The origin is away.');
    };
    const end = performance.now() + 1_000;
    const callers = [...caches, ...caches].map(async (cache) => {
      while (performance.now() < end) {
        expect(await cache.getOrSet('k', fail, options)).toBe('old');
        await pause(3);
      }
    });
    await Promise.all(callers);
    await Promise.all(caches.map((cache) => cache.close()));
    const gaps = begun.slice(1).map((at, index) => at - (begun[index] ?? 0));
    expect(gaps.length).toBeGreaterThan(2);
    // The server's clock counts whole milliseconds.
    expect(Math.min(...gaps)).toBeGreaterThan(options.pauseFor - 2);
  });
});

describe('The options of the model', () => {
  it('are a time and a seed, which is drawn when none is given', () => {
    expect(readModelOptions(['--minutes', '0.5', '--seed', '7'])).toEqual({ minutes: 0.5, seed: 7 });
    expect(readModelOptions([])).toEqual({ minutes: 1, seed: expect.any(Number) });
  });

  it.each([
    ['--minutes', '0'],
    ['--minutes', 'soon'],
    ['--seed', 'x'],
    ['--hours', '1'],
  ])('refuse %s %s', (...args) => {
    expect(() => readModelOptions(args)).toThrow();
  });
});
