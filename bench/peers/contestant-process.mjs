// One contestant in a process of its own: what it costs in time, processor and memory is its own alone, and nobody's
// code is compiled for two. It does what the benchmark tells it, and only while it is its turn.
import { deepStrictEqual } from 'node:assert/strict';
import process from 'node:process';
import { GCProfiler } from 'node:v8';
import { BATCH, CASES, cellName } from './cases.mjs';
import { CONTESTANTS, openContestant } from './contestants.mjs';
import { Profile } from './profile.mjs';
import { makeKeys, makeValues } from './values.mjs';

/** Beyond so many calls one of so many is timed by itself: timing each would slow down the fast contestants. */
const FEW_CALLS = 5_000;
const TIMED_CALL = 17;
const MOST_LATENCIES = 4_000;
/** Calls of the least round, for each caller. */
const LEAST_WAVES = 3;
const FILLERS = 50;
/** Memory is weighed over some turns at once: what a heap grows or shrinks by itself then counts less. */
const WEIGHED_TURNS = 3;
const HEAP_NOISE = 2 ** 20;

const { SPAKKY_BENCH_PROFILE: folder } = process.env;
const profile = folder === undefined ? undefined : new Profile(folder);
let stage;
/** Never used twice, so that a key that nobody has asked for stays one. */
let nextCall = 0;

const orders = {
  async open({ contestant, value, host, port }) {
    const openOne = () => openContestant(contestant, { name: contestant, value, host, port });
    const cache = await openOne();
    if (cache.missing !== undefined) return { missing: cache.missing };
    const { prefix = '' } = cache;
    const { tier } = CONTESTANTS[contestant];
    stage = { tier, cache, prefix, keys: makeKeys(value, prefix), values: makeValues(value) };
    const { keys, values } = stage;
    await eachOf(keys, (key, index) => cache.set(key, values[index % values.length]));
    // Another one reads what is in Redis, and not what is still at hand here.
    const reader = tier === 'memory' ? cache : await openOne();
    const loss = await findLoss(stage, reader);
    if (reader !== cache) await reader.close();
    return { methods: Object.keys(cache), loss };
  },

  /** Finds how many calls take about so long, and lets the engine compile meanwhile. */
  async prepare({ cell, milliseconds }) {
    await profile?.end();
    const isNear = stage.tier === 'near' && cell.kind !== 'set' && cell.kind !== 'miss';
    if (isNear) await eachOf(stage.keys, (key) => stage.cache.get(key));
    const least = cell.concurrency * LEAST_WAVES;
    let calls = least;
    let { elapsed } = await run(cell, calls);
    while (elapsed < milliseconds / 2) {
      calls *= 2;
      ({ elapsed } = await run(cell, calls));
    }
    await profile?.begin(cellName(cell));
    return Math.max(least, Math.round((calls * milliseconds) / elapsed));
  },

  async measure({ cell, calls }) {
    const before = process.cpuUsage();
    const { elapsed, latencies } = await run(cell, calls);
    const { user, system } = process.cpuUsage(before);
    return { perSecond: (calls / elapsed) * 1_000, processor: (user + system) / calls, latencies };
  },

  /** The bytes that one call allocates, and those that are still there after all calls. */
  async weigh({ cell, calls }) {
    const count = calls * WEIGHED_TURNS;
    const held = await heldMemory();
    const profiler = new GCProfiler();
    const start = process.memoryUsage().heapUsed;
    profiler.start();
    await run(cell, count);
    const { statistics } = profiler.stop();
    const end = process.memoryUsage().heapUsed;
    const freed = statistics.reduce(
      (sum, { beforeGC, afterGC }) =>
        sum + beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize,
      0,
    );
    const grown = (await heldMemory()) - held;
    return { allocated: (end - start + freed) / count, kept: grown > HEAP_NOISE ? grown / count : 0 };
  },

  async close() {
    await profile?.end();
    await stage?.cache.close();
    stage = undefined;
  },
};

async function run({ kind, concurrency }, calls) {
  const { call, isRight } = CASES[kind];
  const [ask, check] = [call(stage), isRight(stage)];
  const end = nextCall + calls;
  const step = calls > FEW_CALLS ? TIMED_CALL : 1;
  const latencies = [];
  let wrong = 0;
  const caller = async () => {
    while (nextCall < end) {
      const index = nextCall;
      nextCall += 1;
      const start = index % step === 0 ? performance.now() : 0;
      const answer = await ask(index);
      if (start > 0) latencies.push(performance.now() - start);
      if (!check(answer)) wrong += 1;
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: Math.min(concurrency, calls) }, caller));
  const elapsed = performance.now() - start;
  if (wrong > 0) throw new Error(`${wrong} of ${calls} calls of ${kind} had a wrong answer`);
  return { elapsed, latencies: thin(latencies) };
}

function thin(latencies) {
  const step = Math.ceil(latencies.length / MOST_LATENCIES);
  return step > 1 ? latencies.filter((_, index) => index % step === 0) : latencies;
}

/** What the first collection finds to be free is given back beside the program, for the second one to see. */
async function heldMemory() {
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 5));
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function eachOf(items, action) {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      await action(items[index], index);
    }
  };
  await Promise.all(Array.from({ length: FILLERS }, worker));
}

/** Why the values that come back are not those that were stored, if so. */
async function findLoss({ keys, values }, cache) {
  const { unwrap = (answer) => answer } = cache;
  const found = [];
  // Twice: the second answer may come from a copy in the process.
  for (const key of [...keys.slice(0, 3), ...keys.slice(0, 3)]) found.push(unwrap(await cache.get(key)));
  const several = (await cache.getMany?.(keys.slice(0, BATCH))) ?? [];
  for (const answer of several.values()) found.push(unwrap(answer));
  const expected = [0, 1, 2, 0, 1, 2, ...Array.from(several, (_, index) => index)];
  try {
    deepStrictEqual(
      found,
      expected.map((index) => values[index % values.length]),
    );
    return undefined;
  } catch {
    return 'what comes back is not what was stored';
  }
}

process.on('message', ({ id, order, ...details }) => {
  Promise.resolve(orders[order](details))
    .then((answer) => process.send({ id, answer }))
    .catch((error) => process.send({ id, failure: error.stack }));
});

process.on('disconnect', () => process.exit());
