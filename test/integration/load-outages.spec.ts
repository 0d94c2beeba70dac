import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Making } from '../support/caller-protocol.js';
import { type JointReport, useCallers } from '../support/caller-process.js';
import { printFigures } from '../support/figures.js';
import { useRedisServer } from '../support/redis-fixture.js';

jest.setTimeout(60_000);

/** The socket timeout of these caches, in milliseconds. */
const T = 500;
/** An operation settles by then: the deadline, a tenth of it, and the grace of the timer. */
const DEADLINE = T * 1.1 + 50;
/** What a busy machine may add, in milliseconds. */
const SLACK = 150;
/** Codes of errors by which a server cannot be reached. */
const UNAVAILABLE = /^REDIS_(?:UNREACHABLE|CONNECTION_LOST|TIMEOUT|OUTCOME_UNKNOWN_(?:LOST|TIMEOUT))$/;
const PROCESSES = 2;
const CALLERS = 50;

const redis = useRedisServer();
const callers = useCallers(PROCESSES);

afterEach(async () => {
  await redis.server.resume();
  if (!redis.server.isServing) await redis.restart();
});

type Choice = 'reject' | 'load';

async function open({ isConnected }: { readonly isConnected: boolean }): Promise<string> {
  const keyPrefix = redis.newPrefix();
  await callers.open({ ...redis.address, keyPrefix, socketTimeout: T });
  if (isConnected) await callers.call({ key: 'first', callers: 1, making: { takes: 0 } });
  return keyPrefix;
}

function call(whenUnavailable: Choice, making: Making): Promise<JointReport> {
  const options = { whenUnavailable, leaseFor: 600 };
  return callers.call({ key: 'key', callers: CALLERS, making, options });
}

async function unprotectedLoads(): Promise<number[]> {
  const metrics = await Promise.all(callers.processes.map((each) => each.order({ kind: 'metrics' })));
  return metrics.map((each) => each.unprotectedLoads);
}

const OUTAGES: readonly [string, boolean, () => Promise<void>][] = [
  ['is down', false, () => redis.server.kill()],
  ['has died', true, () => redis.server.kill()],
  ['is frozen', true, () => redis.server.freeze()],
  ['was never reached and is frozen', false, () => redis.server.freeze()],
];

describe('A load while the server cannot be reached', () => {
  it.each(OUTAGES)(
    'rejects within the deadline and calls no factory when the server %s',
    async (_what, isConnected, strike) => {
      await open({ isConnected });
      await strike();
      const report = await call('reject', { takes: 50 });
      expect(report.loads).toEqual([]);
      expect(report.answers).toEqual([]);
      expect(report.refused).toBe(PROCESSES * CALLERS);
      expect(report.errors).toEqual(report.errors.map(() => expect.stringMatching(UNAVAILABLE)));
      printFigures(`Until the last of ${PROCESSES * CALLERS} callers was refused`, [
        report.lastAt - report.at,
      ]);
      expect(report.lastAt - report.at).toBeLessThan(DEADLINE + SLACK);
      expect(await unprotectedLoads()).toEqual([0, 0]);
    },
  );

  it.each(OUTAGES)(
    "calls the factory once in each process, counts it and stores nothing with 'load' when the server %s",
    async (_what, isConnected, strike) => {
      const prefix = await open({ isConnected });
      await strike();
      const report = await call('load', { takes: 50 });
      expect(report.errors).toEqual([]);
      expect(report.reports.map(({ loads }) => loads.length)).toEqual([1, 1]);
      expect(report.answers.map(({ count }) => count)).toEqual([CALLERS, CALLERS]);
      printFigures(`Until the last of ${PROCESSES * CALLERS} callers had a value, of them 50 for the load`, [
        report.lastAt - report.at,
      ]);
      expect(report.lastAt - report.at).toBeLessThan(DEADLINE + 50 + SLACK);
      expect(await unprotectedLoads()).toEqual([1, 1]);
      await redis.server.resume();
      if (!redis.server.isServing) await redis.restart();
      await delay(50);
      expect(await redis.raw.exists(`${prefix}key`)).toBe(0);
    },
  );
});

/** Strikes while one process loads and the other waits. */
async function strikeDuring(whenUnavailable: Choice, strike: () => Promise<void>): Promise<JointReport> {
  await open({ isConnected: true });
  const begun = Promise.race(callers.processes.map((each) => each.began('key')));
  const calling = call(whenUnavailable, { takes: 300 });
  await begun;
  await delay(100);
  await strike();
  return await calling;
}

describe('A load during which the server goes away', () => {
  const GOINGS: readonly [string, () => Promise<void>][] = [
    ['dies', () => redis.server.kill()],
    ['freezes', () => redis.server.freeze()],
  ];

  it.each(GOINGS)('rejects every caller when the server %s', async (_what, strike) => {
    const report = await strikeDuring('reject', strike);
    expect(report.loads).toHaveLength(1);
    expect(report.answers).toEqual([]);
    expect(report.refused).toBe(PROCESSES * CALLERS);
    expect(report.errors).toEqual(report.errors.map(() => expect.stringMatching(UNAVAILABLE)));
    printFigures('Until the last caller was refused, of them 300 for the load', [report.lastAt - report.at]);
    expect(report.lastAt - report.at).toBeLessThan(600 + DEADLINE + SLACK);
    expect(await unprotectedLoads()).toEqual([0, 0]);
  });

  it.each(GOINGS)(
    "gives every caller a value with 'load' when the server %s, and calls the factory once in each process",
    async (_what, strike) => {
      const report = await strikeDuring('load', strike);
      expect(report.errors).toEqual([]);
      expect(report.reports.map(({ loads }) => loads.length)).toEqual([1, 1]);
      expect(report.answers.map(({ count }) => count)).toEqual([CALLERS, CALLERS]);
      printFigures('Until the last caller had a value, of them 300 for each load', [
        report.lastAt - report.at,
      ]);
      expect(report.lastAt - report.at).toBeLessThan(600 + DEADLINE + 300 + SLACK);
      expect(Math.max(...(await unprotectedLoads()))).toBe(1);
      expect(Math.min(...(await unprotectedLoads()))).toBe(0);
    },
  );
});
