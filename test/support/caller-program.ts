// What a process of callers runs: it does what it is told over the channel to its parent, and ends when that is closed.
import { setTimeout as delay } from 'node:timers/promises';
import { SpakkyCacheError } from '../../lib/contract/errors.js';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { now } from './clock.js';
import type {
  Answer,
  CallerAnswers,
  CallerOrder,
  Calling,
  CallReport,
  Making,
  Numbered,
} from './caller-protocol.js';
import { withNear } from './near-option.js';

let cache: RedisCache | undefined;

process.on('message', ({ id, body: order }: Numbered<CallerOrder>) => {
  void obey(order).then((body) => process.send?.({ id, body }));
});
process.on('disconnect', () => void cache?.close());

async function obey(order: CallerOrder): Promise<CallerAnswers[CallerOrder['kind']]> {
  if (order.kind === 'date') return Date.now();
  if (order.kind === 'open') {
    await cache?.close();
    cache = new RedisCache(withNear(order.options), { variable: () => undefined });
    return null;
  }
  if (cache === undefined) throw new Error('The first order is to open a cache');
  return order.kind === 'metrics' ? cache.metrics() : await call(cache, order.calling);
}

async function call(target: RedisCache, { key, callers, at, making, options }: Calling): Promise<CallReport> {
  const loads: { beganAt: number; endedAt?: number }[] = [];
  const answers: Record<string, Answer> = {};
  const errors: Record<string, Answer> = {};
  const factory = async (): Promise<string> => {
    const load: (typeof loads)[number] = { beganAt: now() };
    loads.push(load);
    process.send?.({ began: key });
    const value = await make(making);
    load.endedAt = now();
    return value;
  };
  const ask = async (): Promise<void> => {
    try {
      note(answers, String(await target.getOrSet(key, factory, options)));
    } catch (error) {
      note(errors, error instanceof SpakkyCacheError ? error.code : String(error));
    }
  };
  await delay(Math.max(0, at - now()));
  await Promise.all(Array.from({ length: callers }, ask));
  return { loads, answers, errors };
}

/** No two values are alike: each tells of one call of a factory. */
async function make({ takes, blocks = 0, fails = false }: Making): Promise<string> {
  const value = `made by ${process.pid} at ${now()}`;
  if (blocks > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blocks);
  await delay(takes);
  if (fails) throw new Error('The origin is away');
  return value;
}

function note(notes: Record<string, Answer>, what: string): void {
  notes[what] = { count: (notes[what]?.count ?? 0) + 1, lastAt: now() };
}
