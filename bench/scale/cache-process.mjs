// Some caches in a process of their own.
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisCache } from '../../dist/esm/index.js';
import { heldMemory, serve } from './serve.mjs';
import { Zipf } from './zipf.mjs';

const TTL = '1h';
const FILLERS = 100;
const MOST_ATTEMPTS = 50;
const TELLING_PATIENCE = 3_000;
let caches = [];
/** Goes on where it was: what is read after a warm-up is not what was read in it. */
let popularity;

export const valueOf = (index) => ({ id: index, name: `customer ${index}`, active: true });
const keyOf = (index) => `key:${index}`;
const tagsUpTo = (count) => Array.from({ length: count }, (_, index) => `tag:${index}`);

/** So many loops, each of which asks again when it was answered, until the time is over. */
async function loop(callers, milliseconds, call) {
  let calls = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + milliseconds;
  const caller = async (_, index) => {
    while (performance.now() < end) {
      calls += 1;
      await call(index, calls);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { calls, elapsed, processor: user + system };
}

/** The same for a number of calls. */
async function callTimes(callers, calls, call) {
  let next = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const caller = async () => {
    while (next < calls) {
      next += 1;
      await call(next);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { calls, elapsed, processor: user + system };
}

async function fillRange({ from, to, chunk, tags }) {
  const start = performance.now();
  for (let first = from; first < to; first += chunk) {
    const length = Math.min(chunk, to - first);
    const entries = Array.from({ length }, (_, offset) => [keyOf(first + offset), valueOf(first + offset)]);
    await caches[0].setMany(entries, { ttl: TTL, ...(tags > 0 && { tags: tagsUpTo(tags) }) });
  }
  return { elapsed: performance.now() - start };
}

function nearCounts() {
  const sum = { hits: 0, misses: 0, invalidations: 0, losses: 0, entries: 0, bytes: 0 };
  for (const cache of caches) {
    const { near } = cache.metrics();
    for (const name of Object.keys(sum)) sum[name] += near?.[name] ?? 0;
  }
  return sum;
}

/** What is read while the machine is too busy for heartbeats is not kept: it is read again. */
async function keepAll(cache, keys) {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const { misses } = cache.metrics().near;
    const found = await cache.getMany(keys);
    if (Array.from(found.values()).some(({ hit }) => !hit)) throw new Error('Some keys were not found');
    if (cache.metrics().near.misses === misses) return;
  }
  throw new Error('The near tier did not keep what it read: the machine is too busy');
}

serve({
  /** Answers what they take in memory here. */
  async open({ options, caches: number = 1 }) {
    const before = { held: await heldMemory(), resident: process.memoryUsage.rss() };
    caches = Array.from({ length: number }, () => new RedisCache(options));
    await Promise.all(caches.map((cache) => cache.ping()));
    return {
      held: (await heldMemory()) - before.held,
      resident: process.memoryUsage.rss() - before.resident,
    };
  },

  async close() {
    await Promise.all(caches.map((cache) => cache.close()));
    caches = [];
    popularity = undefined;
  },

  fill: ({ entries, from = 0, chunk, tags = 0 }) => fillRange({ from, to: from + entries, chunk, tags }),

  /** Evenly spread over all entries. */
  async readSome({ entries, reads }) {
    let hits = 0;
    const step = entries / reads;
    const read = async (index) => {
      if ((await caches[0].get(keyOf(Math.floor((index - 1) * step)))).hit) hits += 1;
    };
    const { elapsed } = await callTimes(FILLERS, reads, read);
    return { elapsed, hits };
  },

  /** Milliseconds for each tag. */
  async evict({ tags }) {
    const times = [];
    for (const tag of tagsUpTo(tags)) {
      const start = performance.now();
      await caches[0].evictTags(tag);
      times.push(performance.now() - start);
    }
    return times;
  },

  /** Each cache with so many callers that read or write keys in turn. */
  load({ kind, callers, milliseconds, keys }) {
    const all = callers * caches.length;
    return loop(all, milliseconds, (caller, call) => {
      const cache = caches[caller % caches.length];
      const index = (call * 7 + caller) % keys;
      return kind === 'set' ? cache.set(keyOf(index), valueOf(index), { ttl: TTL }) : cache.get(keyOf(index));
    });
  },

  /** The first so many caches keep every key, the others as many keys that nobody writes. */
  async track({ interested, keys }) {
    for (const [index, cache] of caches.entries()) {
      const shift = index < interested ? 0 : keys;
      await keepAll(
        cache,
        Array.from({ length: keys }, (_, at) => keyOf(at + shift)),
      );
    }
  },

  near: nearCounts,

  /** Waits until so many changes were told in all; answers whether they were. */
  async untilTold({ invalidations }) {
    const patience = performance.now() + TELLING_PATIENCE;
    while (nearCounts().invalidations < invalidations && performance.now() < patience) await delay(2);
    return nearCounts().invalidations === invalidations;
  },

  processor() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },

  /** Reads of keys, some of which are asked for far more often than others. */
  async readByPopularity({ keys, reads, callers }) {
    popularity ??= new Zipf(keys);
    const before = nearCounts();
    const asked = new Set();
    let hits = 0;
    const read = async () => {
      const rank = popularity.next();
      asked.add(rank);
      if ((await caches[0].get(keyOf(rank))).hit) hits += 1;
    };
    const result = await callTimes(callers, reads, read);
    if (hits !== reads) throw new Error(`${reads - hits} of ${reads} keys were not found`);
    const after = nearCounts();
    const different = asked.size;
    asked.clear();
    return {
      ...result,
      different,
      near: after,
      nearHits: after.hits - before.hits,
      held: await heldMemory(),
    };
  },

  held: heldMemory,
});
