// Writes and reads one large value in a process of its own.
import { randomFillSync } from 'node:crypto';
import { Buffer } from 'node:buffer';
import { Redis } from 'ioredis';
import { RedisCache } from '../../dist/esm/index.js';
import { serve, watchMemory } from './serve.mjs';

const KEY = 'large';
const values = {};
let cache;

const ways = {
  own({ host, port, prefix }) {
    const own = new RedisCache({ host, port, keyPrefix: prefix });
    const set = (name) => own.set(KEY, values[name]);
    const get = async () => (await own.get(KEY)).value;
    return { ready: () => own.ping(), set, get };
  },

  bare({ host, port, prefix }) {
    const client = new Redis({ host, port });
    const set = (name) =>
      client.set(prefix + KEY, Buffer.isBuffer(values[name]) ? values[name] : JSON.stringify(values[name]));
    const get = async (name) =>
      Buffer.isBuffer(values[name])
        ? await client.getBuffer(prefix + KEY)
        : JSON.parse(await client.get(prefix + KEY));
    return { ready: () => client.ping(), set, get };
  },
};

function objectOf(index) {
  return {
    id: 100_000 + index,
    name: `customer ${100_000 + index}`,
    email: `customer${100_000 + index}@example.com`,
    active: true,
    score: 4.5,
    plan: null,
  };
}

/** Objects that take so many bytes as JSON. */
function makeArray(bytes) {
  const length = Math.round(bytes / (JSON.stringify(objectOf(0)).length + 1));
  return Array.from({ length }, (_, index) => objectOf(index));
}

/** The longest time in which nothing else could run. */
async function watchLoop(action) {
  let worst = 0;
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    worst = Math.max(worst, now - last - 1);
    last = now;
  };
  const timer = setInterval(look, 1);
  const answer = await action();
  look();
  clearInterval(timer);
  return { answer, stall: worst };
}

async function measure(action) {
  const { answer, elapsed, processor, peak } = await watchMemory(() => watchLoop(action));
  return { value: answer.answer, figures: { elapsed, processor, peak, stall: answer.stall } };
}

serve({
  async open({ way, bytes, ...place }) {
    cache = ways[way](place);
    values.buffer = randomFillSync(Buffer.alloc(bytes));
    values.array = makeArray(bytes);
    await cache.ready();
  },

  async round({ value: name }) {
    const set = await measure(() => cache.set(name));
    const get = await measure(() => cache.get(name));
    const isRight = Buffer.isBuffer(values[name])
      ? values[name].equals(get.value)
      : get.value.length === values[name].length && get.value.at(-1).id === values[name].at(-1).id;
    if (!isRight) throw new Error(`${name}: what came back is not what was stored`);
    return { set: set.figures, get: get.figures };
  },
});
