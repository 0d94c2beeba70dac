import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import type { CacheWriteErrorHandler } from '../../lib/contract/capabilities.js';
import { CacheClosedError } from '../../lib/contract/errors.js';
import { CacheWriteError } from '../../lib/contract/write-error.js';
import { CacheMeter } from '../../lib/core/cache-meter.js';
import { WriteBehind, type WriteBehindParts } from '../../lib/core/write-behind.js';
import { loudWriteErrors } from '../../lib/core/write-error-handlers.js';
import { pauseAfter, WRITE_LIMITS } from '../../lib/core/write-limits.js';
import { ObstinateStore } from '../support/obstinate-store.js';
import { rejection } from '../support/rejection.js';
import { eventually, openHandles, timed } from '../support/waiting.js';

const QUICK = { firstPause: 1, longestPause: 4 };

interface Report {
  readonly error: unknown;
  readonly key: string;
  readonly value: unknown;
  readonly attempts: number;
}

/** A promise that a test settles by hand. */
function gate(): { readonly opened: Promise<void>; open(): void; fail(error: unknown): void } {
  let open: (() => void) | undefined;
  let fail: ((error: unknown) => void) | undefined;
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { opened, open: () => open?.(), fail: (error) => fail?.(error) };
}

class Stage {
  readonly store = new ObstinateStore();
  readonly meter = new CacheMeter();
  readonly reports: Report[] = [];
  /** What the writers were called with, in that order. */
  readonly written: string[] = [];
  readonly behind: WriteBehind;

  constructor(parts: Partial<WriteBehindParts> = {}) {
    const onWriteError: CacheWriteErrorHandler = (error, write) => {
      this.reports.push({ error, ...write });
    };
    const { store, meter } = this;
    this.behind = new WriteBehind({ store, meter, onWriteError, drainFor: 1_000, limits: QUICK, ...parts });
  }

  accept(key: string, value: string, writer: () => unknown = () => undefined, prefix = 'p:'): Promise<void> {
    const write = (): unknown => {
      this.written.push(`${key}=${value}`);
      return writer();
    };
    return this.behind.accept({ prefix, put: { key, bytes: Buffer.from(value) }, value, write });
  }

  /** Somebody else writes the key. */
  async setElsewhere(key: string, value: string): Promise<void> {
    await this.store.execute({ op: 'write', prefix: 'p:', puts: [{ key, bytes: Buffer.from(value) }] });
  }

  entry(key: string): Promise<string | undefined> {
    return this.store.text(`p:${key}`);
  }

  codes(): readonly unknown[] {
    return this.reports.map(({ error }) => (error instanceof CacheWriteError ? error.code : error));
  }

  /** How often the store was asked to do this. */
  count(operation: string): number {
    return this.store.operations.filter((each) => each === operation).length;
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function failing(): never {
  throw new Error('the origin is down: secret value');
}

/** Fails so many times, then succeeds. */
function failingTimes(times: number): () => void {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls <= times) failing();
  };
}

/** The timer in whose callback a test begins counts until that is over. */
async function restingHandles(): Promise<number> {
  await nextTurn();
  return openHandles();
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('Writing behind', () => {
  it('writes the entry first and does not wait for the writer', async () => {
    const stage = new Stage();
    const writer = gate();
    await stage.accept('a', '1', () => writer.opened);
    expect(await stage.entry('a')).toBe('1');
    expect(stage.written).toEqual(['a=1']);
    writer.open();
    await stage.behind.drain();
    expect(await stage.entry('a')).toBe('1');
    expect(stage.reports).toEqual([]);
  });

  it('queues nothing when the entry cannot be written', async () => {
    const stage = new Stage();
    stage.store.failNext('write');
    expect(await rejection(stage.accept('a', '1'))).toMatchObject({ code: 'REDIS_UNREACHABLE' });
    await stage.behind.drain();
    expect(stage.written).toEqual([]);
    expect(stage.reports).toEqual([]);
  });

  it.each([
    ['answers no promise', () => 5],
    ['answers nothing', () => undefined],
    ['answers a promise', () => Promise.resolve()],
  ])('is content with a writer that %s', async (_name, writer) => {
    const stage = new Stage();
    await stage.accept('a', '1', writer);
    await stage.behind.drain();
    expect(stage.written).toEqual(['a=1']);
    expect(await stage.entry('a')).toBe('1');
  });

  it('runs the writers of one key one after the other, in the order of calls that nobody awaits', async () => {
    const stage = new Stage();
    let running = 0;
    const writer = async (): Promise<void> => {
      running += 1;
      expect(running).toBe(1);
      await delay(2);
      running -= 1;
    };
    await Promise.all(['1', '2', '3', '4'].map((value) => stage.accept('a', value, writer)));
    await stage.behind.drain();
    expect(stage.written).toEqual(['a=1', 'a=4']);
    expect(await stage.entry('a')).toBe('4');
    expect(stage.reports).toEqual([]);
  });

  it('keeps the order of the calls where the cache answers the earlier one later', async () => {
    const stage = new Stage();
    const answer = gate();
    stage.store.delayNext('write', answer.opened);
    const first = stage.accept('a', '1');
    await stage.accept('a', '2');
    await eventually(1_000, async () => expect(stage.written).toEqual(['a=2']));
    answer.open();
    await first;
    await stage.behind.drain();
    expect(stage.written).toEqual(['a=2']);
    expect(await stage.entry('a')).toBe('2');
  });

  it('puts a later value in the place of one that waits, not of one in progress', async () => {
    const stage = new Stage();
    const writer = gate();
    await stage.accept('a', '1', () => writer.opened);
    await stage.accept('a', '2');
    await stage.accept('a', '3');
    expect(stage.written).toEqual(['a=1']);
    writer.open();
    await stage.behind.drain();
    expect(stage.written).toEqual(['a=1', 'a=3']);
    expect(await stage.entry('a')).toBe('3');
  });

  it('lets a value whose entry was refused supersede nothing', async () => {
    const stage = new Stage();
    const writer = gate();
    await stage.accept('a', '1', () => writer.opened);
    await stage.accept('a', '2');
    stage.store.failNext('write');
    await rejection(stage.accept('a', '3'));
    writer.open();
    await stage.behind.drain();
    expect(stage.written).toEqual(['a=1', 'a=2']);
    expect(await stage.entry('a')).toBe('2');
  });

  it('takes keys of scopes that are the same key for one', async () => {
    const stage = new Stage();
    const writer = gate();
    await stage.accept('b:c', '1', () => writer.opened, 'a:');
    await stage.accept('c', '2', undefined, 'a:b:');
    expect(stage.written).toEqual(['b:c=1']);
    writer.open();
    await stage.behind.drain();
    expect(stage.written).toEqual(['b:c=1', 'c=2']);
    expect(await stage.store.text('a:b:c')).toBe('2');
  });

  it('runs sixteen writers at once, and the others in the order in which they came', async () => {
    const stage = new Stage();
    const writer = gate();
    const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
    await Promise.all(keys.map((key) => stage.accept(key, '1', () => writer.opened)));
    expect(stage.written).toEqual(keys.slice(0, 16).map((key) => `${key}=1`));
    writer.open();
    await stage.behind.drain();
    expect(stage.written).toEqual(keys.map((key) => `${key}=1`));
  });

  it('holds no writer back for keys that wait for another attempt', async () => {
    const stage = new Stage({ drainFor: 20, limits: { writers: 1, firstPause: 5_000 } });
    await stage.accept('a', '1', failing);
    await stage.accept('b', '1');
    await eventually(1_000, async () => expect(stage.written).toEqual(['a=1', 'b=1']));
    await stage.behind.close();
  });
});

describe('A full queue', () => {
  it('refuses the 1,001st write before anything is written, and takes some again later', async () => {
    const stage = new Stage();
    const writer = gate();
    for (let index = 0; index < WRITE_LIMITS.held; index += 1) {
      await stage.accept(`k${index}`, '1', () => writer.opened);
    }
    expect(await rejection(stage.accept('one more', '1'))).toMatchObject({
      code: 'CACHE_WRITE_QUEUE_FULL',
      key: 'one more',
    });
    expect(await stage.entry('one more')).toBeUndefined();
    expect(stage.count('write')).toBe(1_000);
    writer.open();
    await stage.behind.drain();
    await stage.accept('one more', '1');
    await stage.behind.drain();
    expect(stage.written).toHaveLength(1_001);
  });

  it('still takes a value in the place of one that waits', async () => {
    const stage = new Stage({ limits: { ...QUICK, held: 2 } });
    const writer = gate();
    await stage.accept('a', '1', () => writer.opened);
    await stage.accept('a', '2');
    await stage.accept('a', '3');
    expect(await rejection(stage.accept('b', '1'))).toMatchObject({ code: 'CACHE_WRITE_QUEUE_FULL' });
    writer.open();
    await stage.behind.drain();
    expect(stage.written).toEqual(['a=1', 'a=3']);
  });

  it('counts writes whose entry is still on its way', async () => {
    const stage = new Stage({ limits: { ...QUICK, held: 2 } });
    const outcomes = await Promise.allSettled(['1', '2', '3'].map((value) => stage.accept('a', value)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await stage.behind.drain();
    expect(await stage.entry('a')).toBe('2');
  });
});

describe('A failing writer', () => {
  it('is called again until it succeeds, and nobody is told', async () => {
    const stage = new Stage();
    await stage.accept('a', '1', failingTimes(4));
    await stage.behind.drain();
    expect(stage.written).toHaveLength(5);
    expect(await stage.entry('a')).toBe('1');
    expect(stage.reports).toEqual([]);
    expect(stage.meter.snapshot().writeFailures).toBe(0);
  });

  it.each([
    ['throws', failing],
    ['rejects', async () => failing()],
  ])(
    'that %s is given up after five attempts: the error is told and the entry removed',
    async (_, writer) => {
      const stage = new Stage();
      await stage.accept('a', '1', writer);
      await stage.behind.drain();
      expect(stage.written).toHaveLength(5);
      expect(stage.reports).toEqual([
        { error: new Error('the origin is down: secret value'), key: 'a', value: '1', attempts: 5 },
      ]);
      expect(await stage.entry('a')).toBeUndefined();
      expect(stage.meter.snapshot()).toMatchObject({ writeFailures: 1, errors: {} });
    },
  );

  it('that fails with nothing is a failure too', async () => {
    const stage = new Stage();
    await stage.accept('a', '1', () => Promise.reject());
    await stage.behind.drain();
    expect(stage.reports).toMatchObject([{ error: undefined, attempts: 5 }]);
    expect(await stage.entry('a')).toBeUndefined();
  });

  it('that is given up leaves nothing that was loaded meanwhile: it may have written', async () => {
    const stage = new Stage({ limits: { ...QUICK, attempts: 1 } });
    const writer = gate();
    await stage.accept('a', '1', () => writer.opened);
    await stage.setElsewhere('a', 'loaded');
    writer.fail(new Error('lost'));
    await stage.behind.drain();
    expect(await stage.entry('a')).toBeUndefined();
  });

  it('yields to a later value, which has all attempts before it', async () => {
    const stage = new Stage();
    const writer = gate();
    await stage.accept('a', '1', () => writer.opened);
    await stage.accept('a', '2', failing);
    writer.fail(new Error('lost'));
    await stage.behind.drain();
    expect(stage.written).toEqual(['a=1', ...Array.from({ length: 5 }, () => 'a=2')]);
    expect(stage.reports).toMatchObject([{ value: '2', attempts: 5 }]);
  });

  it('is replaced by a later value while it waits for another attempt, which the origin is not asked for sooner', async () => {
    const stage = new Stage({ limits: { firstPause: 100, longestPause: 100 } });
    await stage.accept('a', '1', failing);
    const start = performance.now();
    await stage.accept('a', '2');
    await eventually(1_000, async () => expect(stage.written).toEqual(['a=1', 'a=2']));
    expect(performance.now() - start).toBeGreaterThan(40);
    await stage.behind.drain();
    expect(stage.reports).toEqual([]);
    expect(await stage.entry('a')).toBe('2');
  });

  it('is given pauses that grow, are spread, and end at five seconds', () => {
    const ranges = [1, 2, 3, 4, 5, 100].map((failures) => {
      const pauses = Array.from({ length: 200 }, () => pauseAfter(failures, WRITE_LIMITS));
      return { shortest: Math.min(...pauses), longest: Math.max(...pauses) };
    });
    for (const [index, longest] of [100, 400, 1_600, 5_000, 5_000, 5_000].entries()) {
      expect(ranges[index]?.longest).toBeLessThanOrEqual(longest);
      expect(ranges[index]?.longest).toBeGreaterThan(longest * 0.9);
      expect(ranges[index]?.shortest).toBeGreaterThanOrEqual(longest / 2);
      expect(ranges[index]?.shortest).toBeLessThan(longest * 0.6);
    }
  });
});

describe('After the writer', () => {
  it('an entry that somebody else wrote meanwhile is removed', async () => {
    const stage = new Stage();
    const writer = gate();
    await stage.accept('a', '1', () => writer.opened);
    await stage.setElsewhere('a', 'loaded before the origin was written');
    writer.open();
    await stage.behind.drain();
    expect(await stage.entry('a')).toBeUndefined();
    expect(stage.reports).toEqual([]);
  });

  it('only the last value of a key looks whether its entry is there', async () => {
    const stage = new Stage();
    const writer = gate();
    await stage.accept('a', '1', () => writer.opened);
    await stage.accept('a', '2');
    writer.open();
    await stage.behind.drain();
    expect(stage.count('keep')).toBe(1);
    expect(stage.count('remove')).toBe(0);
    expect(await stage.entry('a')).toBe('2');
  });

  it('an entry on its way to the cache is not removed', async () => {
    const stage = new Stage();
    const [writer, answer] = [gate(), gate()];
    await stage.accept('a', '1', () => writer.opened);
    stage.store.delayNext('write', answer.opened);
    const second = stage.accept('a', '2');
    writer.open();
    await delay(20);
    expect(stage.count('keep')).toBe(0);
    answer.open();
    await second;
    await stage.behind.drain();
    expect(await stage.entry('a')).toBe('2');
  });

  it('and after a later entry that was refused, the key is settled all the same', async () => {
    const stage = new Stage();
    const [writer, answer] = [gate(), gate()];
    await stage.accept('a', '1', () => writer.opened);
    await stage.setElsewhere('a', 'loaded');
    stage.store.delayNext('write', answer.opened);
    const second = stage.accept('a', '2').catch(() => 'refused');
    writer.open();
    await delay(5);
    answer.fail(new Error('no answer'));
    expect(await second).toBe('refused');
    await stage.behind.drain();
    expect(stage.written).toEqual(['a=1']);
    expect(await stage.entry('a')).toBeUndefined();
  });

  it('a cache that cannot be reached is asked again', async () => {
    const stage = new Stage();
    stage.store.failNext('keep', 4);
    await stage.accept('a', '1');
    await stage.behind.drain();
    expect(stage.count('keep')).toBe(5);
    expect(stage.reports).toEqual([]);
    expect(await stage.entry('a')).toBe('1');
  });

  it('a cache that stays out of reach is told: the entry may be outdated', async () => {
    const stage = new Stage();
    stage.store.failNext('keep', 5);
    await stage.accept('a', '1');
    await stage.behind.drain();
    expect(stage.reports).toMatchObject([
      {
        error: { code: 'CACHE_WRITE_OUTDATED', key: 'a', cause: { code: 'REDIS_UNREACHABLE' } },
        attempts: 1,
      },
    ]);
    expect(stage.meter.snapshot()).toMatchObject({ writeFailures: 0, errors: { CACHE_WRITE_OUTDATED: 1 } });
  });

  it('an entry that cannot be removed is told beside the failure of the writer', async () => {
    const stage = new Stage();
    stage.store.failNext('remove', 5);
    await stage.accept('a', '1', failing);
    await stage.behind.drain();
    expect(stage.codes()).toEqual([expect.any(Error), 'CACHE_WRITE_OUTDATED']);
    expect(stage.meter.snapshot().writeFailures).toBe(1);
  });

  it('a later value ends the attempts to settle an earlier one', async () => {
    const stage = new Stage({ limits: { firstPause: 5_000 } });
    stage.store.failNext('keep');
    await stage.accept('a', '1');
    await eventually(1_000, async () => expect(stage.count('keep')).toBe(1));
    await stage.accept('a', '2');
    await eventually(1_000, async () => expect(stage.count('keep')).toBe(2));
    expect(await stage.entry('a')).toBe('2');
    expect(stage.written).toEqual(['a=1', 'a=2']);
    expect((await timed(() => stage.behind.close())).milliseconds).toBeLessThan(500);
    expect(stage.reports).toEqual([]);
  });

  it('a key is settled for each value that was written, one after the other', async () => {
    const stage = new Stage();
    const [answer, writer] = [gate(), gate()];
    stage.store.delayNext('keep', answer.opened);
    await stage.accept('a', '1');
    await eventually(500, async () => expect(stage.count('keep')).toBe(1));
    stage.store.failNext('write');
    await rejection(stage.accept('a', 'refused'));
    expect(stage.count('keep')).toBe(1);
    await stage.accept('a', '2', () => writer.opened);
    await stage.setElsewhere('a', 'loaded');
    writer.open();
    await delay(5);
    expect(stage.count('keep')).toBe(1);
    answer.open();
    await stage.behind.drain();
    expect(stage.count('keep')).toBe(2);
    expect(await stage.entry('a')).toBeUndefined();
    expect(stage.reports).toEqual([]);
  });
});

describe('Draining', () => {
  it('has nothing to wait for when nothing is held', async () => {
    const stage = new Stage();
    await stage.accept('a', '1');
    await stage.behind.drain();
    expect((await timed(() => stage.behind.drain())).milliseconds).toBeLessThan(50);
  });

  it('runs at once what waits for another attempt', async () => {
    const stage = new Stage({ limits: { firstPause: 60_000, longestPause: 60_000 } });
    await stage.accept('a', '1', failingTimes(1));
    stage.store.failNext('keep');
    await stage.accept('b', '1');
    await delay(5);
    expect((await timed(() => stage.behind.drain())).milliseconds).toBeLessThan(500);
    expect(stage.written).toEqual(['a=1', 'b=1', 'a=1']);
    expect(stage.reports).toEqual([]);
  });

  it('tells each write that did not end in time, removes its entry and never begins it afterwards', async () => {
    const stage = new Stage({ drainFor: 50, limits: { ...QUICK, writers: 2 } });
    const writer = gate();
    await stage.accept('hangs', '1', () => writer.opened);
    await stage.accept('hangs', '2');
    await stage.accept('hangs too', '1', never);
    await stage.accept('waits', '1');
    const { milliseconds, elapsed } = await timed(() => stage.behind.drain());
    expect(elapsed).toBeGreaterThan(45);
    expect(milliseconds).toBeLessThan(500);
    expect(stage.reports).toMatchObject([
      { error: { code: 'CACHE_WRITE_NOT_DRAINED', key: 'hangs' }, value: '1', attempts: 1 },
      { error: { code: 'CACHE_WRITE_NOT_DRAINED', key: 'hangs' }, value: '2', attempts: 0 },
      { error: { code: 'CACHE_WRITE_NOT_DRAINED', key: 'hangs too' }, value: '1', attempts: 1 },
      { error: { code: 'CACHE_WRITE_NOT_DRAINED', key: 'waits' }, value: '1', attempts: 0 },
    ]);
    expect(stage.meter.snapshot()).toMatchObject({
      writeFailures: 4,
      errors: { CACHE_WRITE_NOT_DRAINED: 4 },
    });
    for (const key of ['hangs', 'hangs too', 'waits']) {
      await eventually(500, async () => expect(await stage.entry(key)).toBeUndefined());
    }
    writer.open();
    await delay(20);
    expect(stage.written).toEqual(['hangs=1', 'hangs too=1']);
  });

  it('gives up what waits for another attempt when its time is over', async () => {
    const stage = new Stage({ drainFor: 30, limits: { firstPause: 60_000, longestPause: 60_000 } });
    await stage.accept('a', '1', failing);
    await stage.behind.drain();
    expect(stage.reports).toMatchObject([{ error: { code: 'CACHE_WRITE_NOT_DRAINED' }, attempts: 2 }]);
    await delay(20);
    expect(stage.written).toHaveLength(2);
    expect(await stage.entry('a')).toBeUndefined();
  });

  it('waits for a cache that does not answer no longer than that, and not again when it is closed', async () => {
    const stage = new Stage({ drainFor: 100 });
    const answer = gate();
    stage.store.delayNext('keep', answer.opened);
    await stage.accept('a', '1');
    await stage.behind.drain();
    expect((await timed(() => stage.behind.close())).milliseconds).toBeLessThan(80);
    expect(stage.reports).toEqual([]);
    answer.fail(new Error('closed'));
    await eventually(500, async () => expect(stage.codes()).toEqual(['CACHE_WRITE_OUTDATED']));
  });

  it('removes what was loaded meanwhile when a writer ends after it was told', async () => {
    const stage = new Stage({ drainFor: 20 });
    const writer = gate();
    await stage.accept('a', '1', () => writer.opened);
    await stage.behind.drain();
    await stage.setElsewhere('a', 'loaded before the writer ended');
    writer.open();
    await eventually(500, async () => expect(await stage.entry('a')).toBeUndefined());
    expect(stage.codes()).toEqual(['CACHE_WRITE_NOT_DRAINED']);
  });

  it('leaves alone what is accepted later, and accepts more until it is closed', async () => {
    const stage = new Stage({ drainFor: 30 });
    await stage.accept('a', '1', never);
    const drained = stage.behind.drain();
    const writer = gate();
    await stage.accept('b', '1', () => writer.opened);
    await drained;
    await stage.accept('c', '1');
    writer.open();
    await stage.behind.drain();
    expect(stage.written).toEqual(['a=1', 'b=1', 'c=1']);
    expect(stage.codes()).toEqual(['CACHE_WRITE_NOT_DRAINED']);
    expect([await stage.entry('b'), await stage.entry('c')]).toEqual(['1', '1']);
  });

  it('runs a later value only when the writer that hangs has ended', async () => {
    const stage = new Stage({ drainFor: 20 });
    const writer = gate();
    await stage.accept('a', '1', () => writer.opened);
    await stage.behind.drain();
    await stage.accept('a', '2');
    await delay(20);
    expect(stage.written).toEqual(['a=1']);
    writer.open();
    await stage.behind.drain();
    expect(stage.written).toEqual(['a=1', 'a=2']);
    expect(await stage.entry('a')).toBe('2');
  });

  it('rejects a write whose entry was still on its way, and removes it', async () => {
    const stage = new Stage({ drainFor: 20 });
    const answer = gate();
    stage.store.delayNext('write', answer.opened);
    const accepted = rejection(stage.accept('a', '1'));
    await stage.behind.drain();
    expect(stage.reports).toEqual([]);
    answer.open();
    expect(await accepted).toMatchObject({ code: 'CACHE_WRITE_NOT_DRAINED', key: 'a' });
    await eventually(500, async () => expect(await stage.entry('a')).toBeUndefined());
    expect(stage.written).toEqual([]);
  });
});

describe('Closing', () => {
  it('drains, then refuses, and leaves no timer behind', async () => {
    const handles = await restingHandles();
    const stage = new Stage({ drainFor: 30, limits: { firstPause: 60_000, longestPause: 60_000 } });
    await stage.accept('done', '1', failingTimes(1));
    await stage.accept('fails', '1', failing);
    await stage.accept('hangs', '1', never);
    stage.store.failNext('keep', 10);
    const closed = stage.behind.close();
    expect(await rejection(stage.accept('late', '1'))).toBeInstanceOf(CacheClosedError);
    await closed;
    await eventually(500, async () => expect(stage.reports).toHaveLength(3));
    expect(stage.reports.map(({ key }) => key).sort()).toEqual(['done', 'fails', 'hangs']);
    expect(stage.codes()).toEqual(expect.arrayContaining(['CACHE_WRITE_OUTDATED']));
    await eventually(500, async () => expect(openHandles()).toBe(handles));
    await stage.behind.close();
    expect(await stage.entry('late')).toBeUndefined();
  });

  it('leaves no timer behind after each time it drained', async () => {
    const stage = new Stage({ drainFor: 60_000 });
    const handles = await restingHandles();
    for (let round = 0; round < 20; round += 1) {
      await stage.accept('a', String(round));
      await stage.behind.drain();
    }
    expect(openHandles()).toBeLessThan(handles + 10);
  });

  it('keeps the process alive while something waits for another attempt', async () => {
    const handles = await restingHandles();
    const stage = new Stage({ drainFor: 60_000, limits: { firstPause: 60_000, longestPause: 60_000 } });
    await stage.accept('a', '1', failingTimes(1));
    await eventually(500, async () => expect(openHandles()).toBe(handles + 1));
    await stage.behind.close();
    expect(stage.reports).toEqual([]);
    await eventually(500, async () => expect(openHandles()).toBe(handles));
  });
});

describe('Telling what failed', () => {
  it.each<readonly [string, (...told: readonly unknown[]) => unknown]>([
    ['throws', () => failing()],
    ['rejects', async () => failing()],
  ])('goes on when onWriteError itself %s, and warns of both', async (_name, handler) => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const stage = new Stage({ onWriteError: (...told) => handler(...told) });
    await stage.accept('a', '1', failing);
    await stage.behind.drain();
    await eventually(500, async () => expect(warn).toHaveBeenCalledTimes(1));
    expect(warn.mock.calls[0]?.[0]).toContain('onWriteError itself failed with Error');
    expect(warn.mock.calls[0]?.[0]).toContain('"a"');
    expect(JSON.stringify(warn.mock.calls)).not.toContain('secret');
    expect(await stage.entry('a')).toBeUndefined();
    await stage.accept('a', '2');
    await stage.behind.drain();
    expect(await stage.entry('a')).toBe('2');
  });

  it('lets onWriteError queue the value again', async () => {
    const stage = new Stage({
      onWriteError: (_error, { key }) => {
        void stage.accept(key, 'again');
      },
    });
    await stage.accept('a', '1', failing);
    await eventually(1_000, async () => expect(stage.written.at(-1)).toBe('a=again'));
    await stage.behind.drain();
    expect(await stage.entry('a')).toBe('again');
  });

  it('warns the process where nobody listens, with the key and without the value', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const stage = new Stage({ onWriteError: undefined });
    await stage.accept('the key', 'secret', () =>
      Promise.reject(Object.assign(new Error('secret'), { code: 'EPIPE' })),
    );
    await stage.behind.drain();
    expect(warn.mock.calls).toEqual([[expect.stringContaining('"the key"'), { type: 'CacheWriteWarning' }]]);
    expect(warn.mock.calls[0]?.[0]).toContain('failed 5 times, the last time with Error (EPIPE)');
    expect(JSON.stringify(warn.mock.calls)).not.toContain('secret');
  });

  it('goes to a log where there is one, whatever was thrown', () => {
    const lines: string[] = [];
    const handler = loudWriteErrors({ warn: (line) => lines.push(line) });
    const unreadable = new Proxy(new Error('secret'), {
      get() {
        throw new Error('unreadable');
      },
    });
    const write = { key: 'k', value: 'secret', attempts: 5 };
    for (const error of ['secret', undefined, unreadable]) handler(error, write);
    handler(new CacheWriteError('CACHE_WRITE_OUTDATED', 'The entry of "k" may be outdated.'), write);
    expect(lines).toEqual([
      expect.stringContaining('with something of type string.'),
      expect.stringContaining('with something of type undefined.'),
      expect.stringContaining('with an error that cannot be read.'),
      'CACHE_WRITE_OUTDATED: The entry of "k" may be outdated.',
    ]);
    expect(lines.join('')).not.toContain('secret');
  });
});

describe('Whatever happens in whatever order', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b'),
    act: fc.constantFrom('write', 'write', 'write', 'load', 'pause', 'drain'),
    failures: fc.nat({ max: 3 }),
    lasts: fc.nat({ max: 3 }),
    cache: fc.constantFrom('well', 'well', 'write', 'keep', 'remove'),
  });

  it('the cache holds what the origin holds or nothing, in order, one writer at a time for a key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const stage = new Stage({ limits: { ...QUICK, attempts: 3, writers: 2 } });
        const origin = new Map<string, string>();
        const running = new Set<string>();
        const loads: Promise<void>[] = [];
        let number = 0;
        for (const { key, act, failures, lasts, cache } of steps) {
          if (cache !== 'well') stage.store.failNext(cache);
          if (act === 'write') {
            number += 1;
            const value = String(number);
            let left = failures;
            const writer = async (): Promise<void> => {
              expect(running.has(key)).toBe(false);
              running.add(key);
              expect(Number(value)).toBeGreaterThanOrEqual(Number(origin.get(key) ?? 0));
              if (lasts > 0) await delay(lasts);
              running.delete(key);
              left -= 1;
              // A writer that fails may have written: the last one of these has.
              if (left <= 0) origin.set(key, value);
              if (left >= 0) failing();
            };
            stage.accept(key, value, writer).catch(() => undefined);
          }
          // Somebody who finds nothing loads from the origin; a lease would end with the writes of others.
          if (act === 'load' && (await stage.entry(key)) === undefined) {
            const loaded = origin.get(key);
            if (loaded !== undefined) loads.push(stage.setElsewhere(key, loaded).catch(() => undefined));
          }
          if (act === 'pause') await delay(lasts);
          if (act === 'drain') await stage.behind.drain();
        }
        await Promise.all(loads);
        await stage.behind.drain();
        for (const key of ['a', 'b']) {
          const outdated = stage.reports.some(
            ({ key: told, error }) =>
              told === key && error instanceof CacheWriteError && error.code === 'CACHE_WRITE_OUTDATED',
          );
          if (!outdated) expect([undefined, origin.get(key)]).toContain(await stage.entry(key));
        }
        expect(running.size).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
