import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { isLoading, runAsLoad } from '../../lib/decorators/running-loads.js';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';

/** What goes on until the test ends. */
const kept: unknown[] = [];

/** Collects what nobody holds. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}

function hold(): Promise<void> {
  return new Promise(() => undefined);
}

/** A load that starts the next one when it has ended itself, as a poll does that a load has begun; the first cache. */
async function chain(length: number): Promise<WeakRef<InMemoryCache>> {
  const first = new InMemoryCache();
  let running: Promise<void> = Promise.resolve();
  const link = async (left: number, cache: InMemoryCache): Promise<void> => {
    await runAsLoad(cache, 'key', async () => {
      running = turn().then(() => (left > 0 ? link(left - 1, new InMemoryCache()) : hold()));
    });
  };
  await link(length, first);
  for (let count = 0; count < length + 2; count += 1) await turn();
  kept.push(running);
  return new WeakRef(first);
}

describe('A load', () => {
  it('is no part of what it is not in, and of nothing once it has ended', async () => {
    const [cache, other] = [new InMemoryCache(), new InMemoryCache()];
    let later: Promise<boolean> | undefined;
    await runAsLoad(cache, 'outer', async () => {
      await runAsLoad(cache, 'inner', async () => {
        expect([isLoading(cache, 'outer'), isLoading(cache, 'inner')]).toEqual([true, true]);
        expect([isLoading(cache, 'none'), isLoading(other, 'inner')]).toEqual([false, false]);
        later = turn().then(() => turn().then(() => isLoading(cache, 'inner')));
      });
      expect([isLoading(cache, 'outer'), isLoading(cache, 'inner')]).toEqual([true, false]);
    });
    expect(isLoading(cache, 'outer')).toBe(false);
    expect(await later).toBe(false);
  });

  it('is forgotten once it has ended, whatever it has left behind', async () => {
    const first = await chain(20);
    await turn();
    collectGarbage();
    expect(first.deref()).toBeUndefined();
  });
});
