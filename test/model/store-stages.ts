import type { Redis } from 'ioredis';
import type { CacheStore } from '../../lib/core/cache-store.js';
import { MemoryStore } from '../../lib/memory/memory-store.js';
import type { StoreStage } from './store-conformance.js';
import { pause } from './wire.js';

/** A store in memory whose clock is turned by hand. */
export function memoryStage(): StoreStage {
  let now = 0;
  const unit = 100;
  const store = new MemoryStore({ maxEntries: 100, maxBytes: 2 ** 20, clock: () => now });
  return {
    store,
    prefix: 'm:',
    unit,
    tolerance: 0,
    async until(units) {
      now = units * unit;
    },
    isPunctual: () => true,
  };
}

/** Milliseconds: a fifth of it is what the machine may be late, and that may be much while others use it too. */
const UNIT = 240;

/** A store in Redis, whose time passes by itself. */
export function redisStage(store: CacheStore, raw: Redis, prefix: string): StoreStage {
  const begun = performance.now();
  return {
    store,
    prefix,
    unit: UNIT,
    tolerance: UNIT / 4,
    async until(units) {
      const left = begun + units * UNIT - performance.now();
      if (left > 0) await pause(left);
    },
    isPunctual: (units) => performance.now() - begun - units * UNIT < UNIT / 5,
    async spoil(wholeKey, as) {
      if (as === 'list') await raw.multi().unlink(wholeKey).rpush(wholeKey, 'not ours').exec();
      else await raw.set(wholeKey, 'not ours');
    },
  };
}
