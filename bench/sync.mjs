// What blocking costs: getSync and setSync beside the awaited calls, each alone and one after another, in one run.
// `npm run bench:sync` starts a Redis server of its own for that.
import { InMemoryCache, RedisCache } from '../dist/esm/index.js';
import { startRedisServer } from '../test/support/redis-server.ts';

const calls = 3_000;
const rounds = 5;
const value = { id: 42, name: 'Ada Lovelace', roles: ['author', 'editor'], born: new Date(0) };

const cases = {
  'await get': (cache) => cache.get('key'),
  getSync: (cache) => cache.getSync('key'),
  'await set': (cache) => cache.set('key', value),
  setSync: (cache) => cache.setSync('key', value),
};

/** The kinds take turns, so that what the machine does meanwhile befalls all of them. */
async function measure(cache) {
  const times = new Map(Object.keys(cases).map((name) => [name, []]));
  await cache.set('key', value);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, call] of Object.entries(cases)) {
      for (let done = 0; done < calls; done += 1) {
        const start = performance.now();
        const result = call(cache);
        if (result instanceof Promise) await result;
        if (round > 0) times.get(name).push(performance.now() - start);
      }
    }
  }
  return times;
}

function percentile(times, part) {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length * part)] ?? Number.NaN;
}

async function report(title, cache, unit, scale) {
  const times = await measure(cache);
  console.log(`${title}, ${unit}: p50, p99 of ${calls * rounds} calls`);
  for (const [name, own] of times) {
    const [half, most] = [percentile(own, 0.5), percentile(own, 0.99)].map((time) =>
      (time * scale).toFixed(1),
    );
    console.log(`  ${name.padEnd(10)} ${half.padStart(7)} ${most.padStart(7)}`);
  }
}

async function firstCalls() {
  const times = [];
  for (let run = 0; run < 10; run += 1) {
    const cache = newCache();
    const start = performance.now();
    cache.getSync('key');
    times.push(performance.now() - start);
    await cache.close();
  }
  console.log(
    `first blocking call, thread and connection included: ${percentile(times, 0.5).toFixed(0)} ms (p50 of 10)`,
  );
}

const server = await startRedisServer();
const { host, port } = server;

function newCache(options) {
  return new RedisCache({ host, port, keyPrefix: 'bench:', sync: true, ...options });
}

const redis = newCache();
await report('over Redis', redis, 'microseconds', 1_000);
await redis.close();
const near = newCache({ near: true });
await near.ping();
await report('over Redis with a near tier', near, 'microseconds', 1_000);
await near.close();
await report('in memory', new InMemoryCache(), 'microseconds', 1_000);
await firstCalls();
await server.stop();
