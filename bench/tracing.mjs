// What the tracing channel costs while nobody listens: a plain get of this build beside one of the same build without
// the channel, in turn in one run: `npm run bench:tracing`.
import { cp, rm, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startRedisServer } from '../test/support/redis-server.ts';

const ROUNDS = Number(process.argv[2] ?? 401);
const WARM_UP = 40;
/** Two caches of one build differ a little, whatever they do: several of each are compared. */
const PAIRS = 4;
const CALLERS = 100;
/** Of each caller in a round: short rounds, so that a slow moment of the machine spoils few of them. */
const CALLS = 20;
const KEYS = 1_000;
const VALUE = 'v'.repeat(100);
/** The most that a get may take longer, in percent. */
const BAR = 2;

const traced = new URL('../dist/esm/', import.meta.url);
// Within the repository, so that it finds the same client.
const untraced = new URL('../build/untraced/', import.meta.url);

await rm(untraced, { recursive: true, force: true });
await cp(traced, untraced, { recursive: true });
await writeFile(new URL('core/publish-operations.js', untraced), 'export function publishOperations() {}\n');

const server = await startRedisServer();
const { host, port } = server;
const newCache = async (build) => {
  const { RedisCache } = await import(new URL('index.js', build).href);
  return new RedisCache({ host, port, keyPrefix: 'bench:' });
};
const pairs = [];
for (let index = 0; index < PAIRS; index += 1) {
  pairs.push({ plain: await newCache(untraced), published: await newCache(traced) });
}
const caches = pairs.flatMap(({ plain, published }) => [plain, published]);
const [{ plain, published }] = pairs;
if (plain.get === published.get) throw new Error('Both builds are the same');
for (let index = 0; index < KEYS; index += 1) await plain.set(`key:${index}`, VALUE);

async function call(cache, caller) {
  for (let index = 0; index < CALLS; index += 1) {
    const result = await cache.get(`key:${(caller * CALLS + index) % KEYS}`);
    if (!result.hit) throw new Error('A key is missing');
  }
}

/** In nanoseconds for each get. */
async function round(cache) {
  await nextTurn();
  const start = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(cache, caller)));
  return ((performance.now() - start) * 1e6) / (CALLERS * CALLS);
}

const times = new Map(caches.map((cache) => [cache, []]));
for (let index = -WARM_UP; index < ROUNDS; index += 1) {
  // Who comes first changes: whoever follows a collection of garbage has an advantage.
  const order = index % 2 === 0 ? caches : caches.toReversed();
  for (const cache of order) {
    const time = await round(cache);
    if (index >= 0) times.get(cache).push(time);
  }
}
await Promise.all(caches.map((cache) => cache.close()));
await server.stop();
await rm(untraced, { recursive: true, force: true });

function middle(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** By how many percent the second takes longer: the median over the rounds, each compared with itself. */
function longer(first, second) {
  const theirs = times.get(second);
  return (middle(times.get(first).map((time, index) => theirs[index] / time)) - 1) * 100;
}

const costs = pairs.map((pair) => longer(pair.plain, pair.published));
const cost = costs.reduce((sum, each) => sum + each, 0) / PAIRS;
const noise = Math.max(...pairs.slice(1).map((pair) => Math.abs(longer(plain, pair.plain))));
const report = (name, of) =>
  console.log(`${name}: ${middle(of.flatMap((cache) => times.get(cache))).toFixed(0)} ns for each get`);
report(
  'without the channel',
  pairs.map((pair) => pair.plain),
);
report(
  'with the channel, nobody listens',
  pairs.map((pair) => pair.published),
);
console.log(
  `longer by ${cost.toFixed(2)} % (each pair: ${costs.map((each) => each.toFixed(2)).join(', ')}; ` +
    `caches of the same build differ by up to ${noise.toFixed(2)} %); at most ${BAR} % are allowed, ` +
    `${CALLERS} callers, median of ${ROUNDS} rounds of ${CALLERS * CALLS} gets`,
);
if (cost > BAR) process.exitCode = 1;
