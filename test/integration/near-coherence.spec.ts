import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { TRUST_BOUND } from '../../lib/redis/epoch.js';
import { now } from '../support/clock.js';
import { judge, type Verdict, type Window } from '../coherence/judge.js';
import type { Change, SharedKey, SharedValue } from '../coherence/protocol.js';
import { BOUND, type Run, runQuietly, runThroughFaults } from '../coherence/runs.js';
import { SilentWay } from '../coherence/silent-way.js';
import { CoherenceStage, foreignKeys } from '../coherence/stage.js';
import { percentile, printDistribution } from '../coherence/windows.js';
import { started } from '../support/cache-fixture.js';
import { createRawRedis } from '../support/raw-redis.js';
import { startRedisServer } from '../support/redis-server.js';
import { clientsOf } from '../support/server-clients.js';
import { eventually } from '../support/waiting.js';

jest.setTimeout(60_000);

/** A socket timeout by which nobody gives a silent connection up before the bound, in milliseconds. */
const PATIENT = 5_000;
/** The end of a connection is noticed far sooner than this, in milliseconds, on a busy machine too. */
const AT_ONCE = 250;

let running: CoherenceStage | undefined;

beforeAll(async () => {
  running = await CoherenceStage.start();
});
afterEach(() => running?.clear());
afterAll(() => running?.close());

function lengths({ windows }: Verdict): readonly number[] {
  return windows.map(({ length }) => length);
}

function expectCoherence({ verdict, seen, stored }: Run): void {
  expect(verdict.violations.slice(0, 20)).toEqual([]);
  expect(verdict.windows.filter(({ length }) => length > BOUND)).toEqual([]);
  for (const versions of seen) expect(versions).toEqual(stored);
}

/** Writes the next version of all keys. */
async function writeAll(
  cache: RedisCache<SharedValue>,
  keys: readonly SharedKey[],
  version: number,
): Promise<readonly Change[]> {
  const beganAt = now();
  await cache.setMany(keys.map(({ name, writer }) => [name, { version, writer }]));
  return changesOf(keys, version, beganAt, now());
}

function changesOf(
  keys: readonly SharedKey[],
  version: number,
  beganAt: number,
  endedAt: number,
): readonly Change[] {
  return keys.map(({ name }) => ({ key: name, version, what: 'set', beganAt, endedAt }));
}

describe('Four processes behind near tiers', () => {
  it('A39 see every write of the others within 5 ms, in 99 of 100 cases, and their own at once', async () => {
    const run = await runQuietly(started(running), 8_000);
    expectCoherence(run);
    expect(run.reports.map(({ errors }) => errors)).toEqual([{}, {}, {}, {}]);
    const kinds: readonly Window['after'][] = ['set', 'removal', 'eviction', 'expiry'];
    for (const kind of kinds) {
      const some = run.verdict.windows.filter(({ after }) => after === kind).map(({ awake }) => awake);
      // So many that the slowest of a hundred are more than one or two that the machine was busy for.
      expect(some.length).toBeGreaterThan(200);
      expect(percentile(some, 99)).toBeLessThanOrEqual(5);
    }
  });

  it('A39 see nothing outdated past the bound while connections are cut, fall silent and are killed, and the server is emptied and ends', async () => {
    const run = await runThroughFaults(started(running), 'faults');
    expectCoherence(run);
    for (const { near } of run.reports) expect(near.losses).toBeGreaterThan(3);
  });

  it('A39 see nothing outdated past the bound when the connections that listen are half-open', async () => {
    const stage = started(running);
    await using way = await SilentWay.open(stage.server);
    await stage.open(
      stage.members.map(() => way.address),
      PATIENT,
    );
    const keys = foreignKeys(8);
    const cache = stage.newCache();
    const first = await writeAll(cache, keys, 1);
    await stage.fill(keys);
    const loading = stage.load(keys, 1_800);
    way.silence();
    await eventually(1_000, async () => expect(way.silent).toBe(4));
    const second = await writeAll(cache, keys, 2);
    const reports = await loading;
    const verdict = judge({ keys, reports, foreign: [...first, ...second] });
    printDistribution('half-open, last read of the old value', lengths(verdict));
    expect(verdict.violations.slice(0, 20)).toEqual([]);
    expect(Math.max(...lengths(verdict))).toBeLessThanOrEqual(BOUND);
    // They did rely on what they were not told any more.
    expect(Math.min(...lengths(verdict))).toBeGreaterThan(TRUST_BOUND / 2);
    for (const versions of await stage.look(keys)) expect(new Set(versions)).toEqual(new Set([2]));
  });

  it.each(['reading', 'listening'])(
    'A39 empty their tiers when the connections for %s are cut',
    async (kind) => {
      const stage = started(running);
      await stage.open();
      const keys = foreignKeys(8);
      await writeAll(stage.newCache(), keys, 1);
      await stage.fill(keys);
      const own = await stage.raw.client('ID');
      for (const { id, isListening } of await clientsOf(stage.raw)) {
        if (id !== own && isListening === (kind === 'listening')) await stage.raw.client('KILL', 'ID', id);
      }
      for (const member of stage.members) {
        await eventually(AT_ONCE, async () => {
          const near = await member.order({ kind: 'near' });
          expect(near).toMatchObject({ losses: 1, entries: 0, bytes: 0 });
        });
      }
      await writeAll(stage.newCache(), keys, 2);
      for (const versions of await stage.look(keys)) expect(new Set(versions)).toEqual(new Set([2]));
      await stage.fill(keys);
    },
  );

  it('A39 see nothing any more at once when the server ends, and nothing of it when it is back', async () => {
    const stage = started(running);
    await stage.open();
    const keys = foreignKeys(8);
    const foreign = await writeAll(stage.newCache(), keys, 1);
    await stage.fill(keys);
    const loading = stage.load(keys, 1_200);
    await delay(200);
    const beganAt = now();
    await stage.server.kill();
    const wipe = { beganAt, endedAt: now() };
    await delay(200);
    const near = await Promise.all(stage.members.map((member) => member.order({ kind: 'near' })));
    await stage.server.restart();
    const reports = await loading;
    const verdict = judge({ keys, reports, foreign, wipes: [wipe] });
    printDistribution('server ended, last read', lengths(verdict));
    expect(verdict.violations.slice(0, 20)).toEqual([]);
    expect(verdict.windows).toHaveLength(4 * keys.length);
    expect(Math.max(...lengths(verdict))).toBeLessThanOrEqual(AT_ONCE);
    for (const each of near) expect(each).toMatchObject({ isTrusted: false, entries: 0 });
    for (const versions of await stage.look(keys)) expect(new Set(versions)).toEqual(new Set([0]));
    await eventually(5_000, () => stage.raw.ping());
  });

  it('A39 are as old as an old master behind a partition, as every read of it is, and no older once it has heard of the new one', async () => {
    const stage = started(running);
    await using master = await startRedisServer();
    await using replica = await startRedisServer({ replicaOf: master });
    const [rawMaster, rawReplica] = [createRawRedis(master), createRawRedis(replica)];
    await stage.open(stage.members.map(() => master));
    const keys = foreignKeys(8);
    const first = await writeAll(stage.newCache(master), keys, 1);
    await stage.fill(keys);
    await eventually(2_000, async () => expect(await stage.stored(keys, replica)).toContain(1));
    await rawReplica.replicaof('NO', 'ONE');
    const beganAt = now();
    await writeAll(stage.newCache(replica), keys, 2);
    const loading = stage.load(keys, 2_500);
    await delay(TRUST_BOUND);
    const behind = [...(await stage.look(keys)), await stage.stored(keys, master)];
    await rawMaster.replicaof('127.0.0.1', replica.port);
    await eventually(5_000, async () => expect(await stage.stored(keys, master)).not.toContain(1));
    const endedAt = now();
    const reports = await loading;
    const verdict = judge({
      keys,
      reports,
      foreign: [...first, ...changesOf(keys, 2, beganAt, endedAt)],
    });
    rawMaster.disconnect();
    rawReplica.disconnect();
    for (const versions of behind) expect(new Set(versions)).toEqual(new Set([1]));
    printDistribution('old master, last read of the old value once it is a replica', lengths(verdict));
    expect(verdict.violations.slice(0, 20)).toEqual([]);
    expect(verdict.windows).toHaveLength(4 * keys.length);
    expect(Math.max(...lengths(verdict))).toBeLessThanOrEqual(BOUND);
    for (const versions of await stage.look(keys)) expect(new Set(versions)).toEqual(new Set([2]));
  });
});
