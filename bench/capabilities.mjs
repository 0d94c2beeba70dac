// What each capability costs beside the plain operation, in turn in one run: `npm run bench:capabilities`.
import process from 'node:process';
import { InMemoryCache, RedisCache } from '../dist/esm/index.js';
import { startRedisServer } from '../test/support/redis-server.ts';

const ROUNDS = Number(process.argv[2] ?? 21);
const WARM_UP = 3;
/** Calls under way at a time, and calls of a round. */
const CONCURRENCIES = [1, 100];
const CALLS = { 1: 200, 100: 3_000 };
const KEYS = 1_000;
const BATCH = 100;
const MILLION = 1_000_000;
/** In milliseconds. */
const MOST_TO_EVICT = 5;
const CHUNK = 10_000;
const VALUE = { id: 42, name: 'customer 42', email: 'customer42@example.com', active: true, score: 4.5 };
const TAGS = ['country:NL', 'plan:free'];
const nothing = () => undefined;

let fresh = 0;
const keyOf = (index) => `key:${index % KEYS}`;
const newKey = () => `new:${(fresh += 1)}`;
const batchOf = (index) => Array.from({ length: BATCH }, (_, offset) => keyOf(index * BATCH + offset));

/** Each case: the plain operation that it is measured beside, its call, and how many keys that concerns. */
const CASES = {
  'get, a hit': { beside: 'get, a hit', call: (cache, index) => cache.get(keyOf(index)) },
  'get of a tagged entry': {
    beside: 'get, a hit',
    call: (cache, index) => cache.get(`tagged:${keyOf(index)}`),
  },
  'get of a tagged entry, tags named': {
    beside: 'get, a hit',
    call: (cache, index) => cache.get(`tagged:${keyOf(index)}`, { tags: TAGS }),
  },
  'getOrSet, a hit': {
    beside: 'get, a hit',
    call: (cache, index) => cache.getOrSet(keyOf(index), nothing),
  },
  'getOrSet, a stale value while it is refreshed': {
    beside: 'get, a hit',
    call: (cache) => cache.getOrSet('stale', nothing, { ttl: 1, staleFor: '1h' }),
  },
  [`getMany of ${BATCH}, for each key`]: {
    beside: 'get, a hit',
    keys: BATCH,
    call: (cache, index) => cache.getMany(batchOf(index)),
  },
  set: { beside: 'set', call: (cache, index) => cache.set(keyOf(index), VALUE, { ttl: '1h' }) },
  'set with two tags': {
    beside: 'set',
    call: (cache, index) => cache.set(`tagged:${keyOf(index)}`, VALUE, { ttl: '1h', tags: TAGS }),
  },
  'getOrSet, a miss': {
    beside: 'set',
    call: (cache) => cache.getOrSet(newKey(), () => VALUE, { ttl: '1h' }),
  },
  writeThrough: {
    beside: 'set',
    call: (cache, index) => cache.writeThrough(keyOf(index), VALUE, nothing, { ttl: '1h' }),
  },
  writeBehind: {
    beside: 'set',
    // No more than may wait for their origins.
    most: 500,
    call: (cache, index) => cache.writeBehind(keyOf(index), VALUE, nothing, { ttl: '1h' }),
  },
  [`setMany of ${BATCH}, for each key`]: {
    beside: 'set',
    keys: BATCH,
    call: (cache, index) =>
      cache.setMany(
        batchOf(index).map((key) => [key, VALUE]),
        { ttl: '1h' },
      ),
  },
  'delete, nothing there': { beside: 'delete, nothing there', call: (cache) => cache.delete(newKey()) },
  [`deleteMany of ${BATCH}, nothing there, for each key`]: {
    beside: 'delete, nothing there',
    keys: BATCH,
    call: (cache) => cache.deleteMany(Array.from({ length: BATCH }, newKey)),
  },
  'evictTags, one tag': { beside: 'delete, nothing there', call: (cache) => cache.evictTags('nobody') },
};

async function prepare(cache) {
  for (let index = 0; index < KEYS; index += 1) {
    await cache.set(keyOf(index), VALUE, { ttl: '1h' });
    await cache.set(`tagged:${keyOf(index)}`, VALUE, { ttl: '1h', tags: TAGS });
  }
  await cache.getOrSet('stale', () => VALUE, { ttl: 1, staleFor: '1h' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  // A refresh that never ends: all the others are served what there is.
  const endless = { ttl: 1, staleFor: '1h', factoryTimeout: 0, loadFor: '20m' };
  await cache.getOrSet('stale', () => new Promise(nothing), endless);
}

/** Microseconds for each key of one round. */
async function measure(cache, { call, keys = 1, most = Infinity }, concurrency) {
  const calls = Math.min(most, Math.max(concurrency, Math.ceil(CALLS[concurrency] / keys)));
  let next = 0;
  const worker = async () => {
    while (next < calls) await call(cache, (next += 1));
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: Math.min(concurrency, calls) }, worker));
  return ((performance.now() - start) * 1_000) / (calls * keys);
}

function median(numbers) {
  return numbers.toSorted((left, right) => left - right)[numbers.length >> 1];
}

async function bench(title, cache) {
  await prepare(cache);
  for (const concurrency of CONCURRENCIES) {
    const times = Object.fromEntries(Object.keys(CASES).map((name) => [name, []]));
    for (let round = -WARM_UP; round < ROUNDS; round += 1) {
      for (const [name, one] of Object.entries(CASES)) {
        const time = await measure(cache, one, concurrency);
        if (round >= 0) times[name].push(time);
      }
      await cache.drain();
    }
    console.log(`\n${title}, ${concurrency === 1 ? 'one call at a time' : `${concurrency} calls at a time`}`);
    console.table(
      Object.entries(CASES).map(([name, { beside }]) => ({
        operation: name,
        µs: Number(median(times[name]).toFixed(2)),
        beside: beside === name ? '' : beside,
        times:
          beside === name
            ? ''
            : Number(median(times[name].map((time, round) => time / times[beside][round])).toFixed(2)),
      })),
    );
  }
}

/** What it takes to evict a tag, however many entries have it. */
async function benchEviction(cache) {
  const tags = Array.from({ length: 9 }, (_, index) => `tag:${index}`);
  for (let start = 0; start < MILLION; start += CHUNK) {
    const entries = Array.from({ length: CHUNK }, (_, offset) => [`of:${start + offset}`, 'value']);
    await cache.setMany(entries, { ttl: '1h', tags });
  }
  const { hit } = await cache.get('of:7');
  if (!hit) throw new Error('The entries are not there');
  const times = [];
  for (const tag of tags) {
    const start = performance.now();
    await cache.evictTags(tag);
    times.push(performance.now() - start);
  }
  if ((await cache.get('of:7')).hit) throw new Error('The entries are still there');
  if (median(times) > MOST_TO_EVICT) process.exitCode = 1;
  const sorted = times.toSorted((left, right) => left - right);
  console.log(
    `\nEvicting a tag of ${MILLION.toLocaleString('en')} entries in Redis: median ${median(times).toFixed(2)} ms, ` +
      `at most ${sorted.at(-1).toFixed(2)} ms`,
  );
}

const server = await startRedisServer();
const redis = new RedisCache({ host: server.host, port: server.port, keyPrefix: 'bench:' });
const memory = new InMemoryCache({ maxEntries: 1_000_000, maxBytes: 2 ** 30 });
try {
  await bench('In Redis', redis);
  await bench('In memory', memory);
  await benchEviction(redis);
} finally {
  await Promise.all([redis.close(), memory.close()]);
  await server.stop();
}
