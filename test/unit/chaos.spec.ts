import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readChaosOptions } from '../chaos/chaos-options.js';
import { findFlaw, makeValue } from '../chaos/chaos-value.js';
import { now } from '../support/clock.js';
import { type Answer, judgeHit, judgeLoad, judgeMiss, judgeRemoval, type Look } from '../chaos/judge.js';
import { AREAS, isIn, KEYS, nameOf, tagOf } from '../chaos/key-name.js';
import { type KeyRecord, Ledger } from '../chaos/ledger.js';
import { LoopClock } from '../support/loop-clock.js';
import { OwnKey } from '../chaos/own-key.js';
import { drawPlan, FAULTS } from '../chaos/plan.js';

const PLACE = { stage: 1, owner: 1, key: 1 };

let folder: string;
let ledger: Ledger;
let key: OwnKey;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spakky-ledger-'));
  ledger = Ledger.create(join(folder, 'ledger'), { stages: 2, owners: 2, keys: 2 });
  key = new OwnKey(PLACE, ledger);
});

afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true });
});

/** What another process sees just now. */
function look(change: Partial<KeyRecord> = {}): Look {
  return { record: { ...ledger.record(PLACE), ...change }, epoch: ledger.epoch(1), at: now() };
}

/** An answer to a question that left then, and is here now. */
function since(before: Look, { mayGoBack = false, mayBeLate = 0 } = {}): Answer {
  return {
    name: 'key',
    before,
    after: look(),
    mayGoBack,
    mayBeLate,
    fateOf: (sequence) => ledger.fate(PLACE, sequence),
    confirmedAt: (sequence) => ledger.confirmedAt(PLACE, sequence),
  };
}

function store(fate: 'done' | 'doubtful' | 'refused' = 'done', ttl = 0): void {
  key.settle(key.begin('stored', ttl), fate);
}

function remove(fate: 'done' | 'doubtful' | 'refused' = 'done'): void {
  key.settle(key.begin('removed'), fate);
}

/** What the judge says of a value of this write that is read now. */
function judgeReadOf(
  sequence: number,
  options?: { readonly mayGoBack?: boolean; readonly mayBeLate?: number },
): string | undefined {
  return judgeHit(makeValue('key', sequence), since(look(), options));
}

/** Changes the origin, and lets the cache know. */
function changeOrigin(fate: 'done' | 'doubtful' = 'done'): void {
  const ticket = key.begin('removed');
  key.writeOrigin(ticket.sequence);
  key.settle(ticket, fate);
}

function judgeLoadOf(version: number, before = look(), options?: { mayGoBack: boolean }): string | undefined {
  return judgeLoad(makeValue('key', version), since(before, options));
}

describe('A value of the chaos run', () => {
  it('has no flaw where it belongs', () => {
    for (let sequence = 1; sequence < 200; sequence++) {
      expect(findFlaw(makeValue('key', sequence), 'key')).toBeUndefined();
    }
  });

  it.each([
    ['of another key', makeValue('other', 7), 'it belongs to other'],
    ['cut short', { ...makeValue('key', 7), filler: '' }, 'its filler is not what was written'],
    ['with the filler of another write', { ...makeValue('key', 7), sequence: 8 }, 'its filler is not'],
    ['without a number', { name: 'key', filler: '' }, 'it names no write'],
    ['of somebody else', 'text', 'it is no value of this run'],
  ])('is told from one %s', (_, value, flaw) => {
    expect(findFlaw(value, 'key')).toContain(flaw);
  });
});

describe('The judge of the chaos run, about a value', () => {
  it('accepts the last confirmed write, and one that is under way', () => {
    store();
    expect(judgeReadOf(1)).toBeUndefined();
    key.begin('stored');
    expect(judgeReadOf(2)).toBeUndefined();
  });

  it('refuses a write that nobody has begun', () => {
    store();
    expect(judgeReadOf(2)).toBe('write 2 was never begun');
  });

  it('refuses what was said to have changed nothing', () => {
    store();
    store('refused');
    expect(judgeReadOf(2)).toBe('write 2 was said to have changed nothing');
  });

  it('refuses what is older than a confirmed write, or than a confirmed removal', () => {
    store();
    store();
    expect(judgeReadOf(1)).toBe('write 1 came back after 2 (stored) was confirmed');
    remove();
    expect(judgeReadOf(2)).toBe('write 2 came back after 3 (removed) was confirmed');
  });

  it('accepts an older one when the question left before the newer one was confirmed', () => {
    store();
    const before = look();
    store();
    expect(judgeHit(makeValue('key', 1), since(before))).toBeUndefined();
  });

  it('accepts a write of unknown outcome at any later time', () => {
    store('doubtful');
    store();
    expect(judgeReadOf(1)).toBeUndefined();
  });

  it('accepts that servers go back only while they may have lost something', () => {
    store();
    store();
    expect(judgeReadOf(1, { mayGoBack: true })).toContain('came back');
    ledger.setEpoch(1, 1);
    expect(judgeReadOf(1, { mayGoBack: true })).toBeUndefined();
    ledger.setEpoch(1, 2);
    expect(judgeReadOf(1, { mayGoBack: true })).toBeUndefined();
    expect(judgeReadOf(1)).toContain('came back');
    store();
    expect(judgeReadOf(1, { mayGoBack: true })).toContain('came back');
  });

  it('accepts what is older only as long as nothing newer was confirmed too long ago to be unknown', () => {
    store();
    store();
    const late = look();
    store();
    const read = (sequence: number, mayBeLate: number): string | undefined =>
      judgeHit(makeValue('key', sequence), {
        ...since({ ...look(), at: late.at + 500 }, { mayBeLate }),
      });
    expect(read(1, 1_000)).toBeUndefined();
    expect(read(2, 1_000)).toBeUndefined();
    expect(read(1, 400)).toContain('came back');
    expect(read(2, 400)).toContain('came back');
    expect(judgeReadOf(2)).toContain('came back');
  });

  it('refuses what is past the end of its time to live', () => {
    store('done', 100);
    expect(judgeReadOf(1)).toBeUndefined();
    const late = look();
    expect(judgeHit(makeValue('key', 1), since({ ...late, at: late.at + 200 }))).toContain(
      'after the end of its time to live',
    );
  });

  it('says nothing of a key that was left for a new one meanwhile', () => {
    store();
    const before = look();
    key.renew();
    expect(judgeHit(makeValue('key', 9), since(before))).toBeUndefined();
  });
});

describe('The judge of the chaos run, about a value that was loaded', () => {
  it('accepts what the origin has, also before anyone changed it', () => {
    expect(judgeLoadOf(0)).toBeUndefined();
    changeOrigin();
    expect(judgeLoadOf(1)).toBeUndefined();
    expect(judgeLoad(makeValue('other', 1), since(look()))).toBe('it belongs to other');
  });

  it('refuses what the origin had before a change that was confirmed', () => {
    changeOrigin();
    const between = look();
    changeOrigin();
    expect(judgeLoadOf(1)).toBe('version 1 came back after 2 was confirmed');
    expect(judgeLoadOf(0)).toBe('version 0 came back after 2 was confirmed');
    expect(judgeLoadOf(1, between)).toBeUndefined();
  });

  it('accepts the version before a change that the cache may not have heard of', () => {
    changeOrigin();
    changeOrigin('doubtful');
    expect(judgeLoadOf(1)).toBeUndefined();
    expect(judgeLoadOf(2)).toBeUndefined();
  });

  it('refuses a version that the origin does not have, and one that its writer did not write', () => {
    changeOrigin();
    store('refused');
    expect(judgeLoadOf(2)).toBe('the origin never had version 2');
    changeOrigin();
    expect(judgeLoadOf(2, look({ floor: 1 }))).toBe('version 2 was not written');
  });

  it('accepts that servers go back only while they may have lost something', () => {
    changeOrigin();
    changeOrigin();
    ledger.setEpoch(1, 1);
    expect(judgeLoadOf(1, look(), { mayGoBack: true })).toBeUndefined();
    expect(judgeLoadOf(1)).toContain('came back');
  });
});

describe('The keys of the chaos run', () => {
  const AREA_NAMES = ['plain', 'shelf', 'tagged', 'origin', 'behind'] as const;

  it('have each one area, and those of the tagged ones their tag', () => {
    const places = Array.from({ length: KEYS }, (_, each) => ({ ...PLACE, key: each }));
    expect(Object.keys(AREAS)).toEqual(AREA_NAMES);
    for (const place of places) {
      expect(AREA_NAMES.filter((area) => isIn(area, place))).toHaveLength(1);
    }
    expect(new Set(places.map((place) => nameOf(place, 0).name)).size).toBe(KEYS);
    const tagged = places.filter((place) => tagOf(place) !== undefined);
    expect(tagged.map((place) => place.key)).toEqual([32, 33, 34, 35, 36, 37, 38, 39, 41, 43, 45, 47]);
  });
});

describe('The judge of the chaos run, about an empty key', () => {
  const GONE = 'write 1 was confirmed, and is gone';

  it('misses a confirmed write that nothing can have removed', () => {
    store();
    expect(judgeMiss(since(look()))).toBe(GONE);
    expect(judgeMiss(since(look({ floorTtl: 60_000 })))).toBe(GONE);
  });

  it.each([
    ['after a confirmed removal', () => remove()],
    ['after a removal of unknown outcome', () => remove('doubtful')],
    ['while a removal is under way', () => void key.begin('removed')],
    ['after a write of unknown outcome that expires', () => store('doubtful', 100)],
    ['once the servers have lost something', () => ledger.setEpoch(1, 2)],
    ['while the servers may lose something', () => ledger.setEpoch(1, 1)],
  ])('accepts it %s', (_, happen) => {
    store();
    happen();
    expect(judgeMiss(since(look()))).toBeUndefined();
  });

  it('accepts it near the end of a time to live', () => {
    store('done', 10);
    expect(judgeMiss(since(look()))).toBeUndefined();
  });

  it('accepts it of what was stored while everything was being cleared', () => {
    const clearing = key.beginClearing();
    store();
    key.settleClearing(clearing, 'done');
    expect(judgeMiss(since(look()))).toBeUndefined();
    store();
    expect(judgeMiss(since(look()))).toBe('write 3 was confirmed, and is gone');
  });
});

describe('The judge of the chaos run, about a removal', () => {
  it('knows whether there was something to remove', () => {
    store();
    const full = look();
    remove();
    expect(judgeRemoval(true, since(full))).toBeUndefined();
    expect(judgeRemoval(false, since(full))).toBe('write 1 was confirmed, and was not there to be removed');
    const empty = look();
    remove();
    expect(judgeRemoval(true, since(empty))).toBe('it removed an entry that cannot have been there');
    expect(judgeRemoval(false, since(empty))).toBeUndefined();
  });

  it('knows that an evicted entry may be there, which is none for a reader', () => {
    store();
    remove();
    const evicted = look();
    remove();
    expect(judgeRemoval(true, since(evicted), true)).toBeUndefined();
    store();
    const full = look();
    remove();
    expect(judgeRemoval(false, since(full), true)).toContain('was not there to be removed');
  });

  it('knows nothing after a write of unknown outcome', () => {
    remove();
    store('doubtful');
    remove();
    const before = look();
    remove();
    expect(judgeRemoval(true, since(before))).toBeUndefined();
  });
});

describe('The plan of the chaos run', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(drawPlan('7', 1)).toEqual(drawPlan('7', 1));
    expect(drawPlan('8', 1)).not.toEqual(drawPlan('7', 1));
  });

  it('goes on where a shorter one ends', () => {
    expect(drawPlan('7', 3).slice(0, 4)).toEqual(drawPlan('7', 1));
  });

  it('meets every fault within a minute', () => {
    const acts = drawPlan('1', 1);
    const met = new Set(acts.flatMap((act) => act.map(({ stage, name }) => `${stage}: ${name}`)));
    const all = Object.entries(FAULTS).flatMap(([stage, faults]) =>
      faults.map(({ name }) => `${stage}: ${name}`),
    );
    expect(all.filter((fault) => !met.has(fault))).toEqual([]);
  });
});

describe('The clock of a worker', () => {
  it('excuses the time in which the process did not run, and none in which it did', () => {
    const clock = new LoopClock();
    const waiting = clock.mark();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    expect(clock.since(waiting)).toBeLessThan(60);
    clock.stop();

    const other = new LoopClock();
    const working = other.mark();
    const end = process.cpuUsage().user + 200_000;
    while (process.cpuUsage().user < end);
    expect(other.since(working)).toBeGreaterThan(150);
    other.stop();
  });
});

describe('The options of the chaos run', () => {
  it('are a minute and a seed unless others are given', () => {
    expect(readChaosOptions([])).toEqual({ minutes: 1, seed: '1', near: false });
    expect(readChaosOptions(['--minutes', '0.5', '--seed', 'x', '--near'])).toEqual({
      minutes: 0.5,
      seed: 'x',
      near: true,
    });
  });

  it.each([
    ['--minutes', '0'],
    ['--minutes', 'ten'],
    ['--seed', ''],
  ])('are refused: %s %j', (...args) => {
    expect(() => readChaosOptions(args)).toThrow('Usage: npm run chaos');
  });
});
