import { expect } from '@jest/globals';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { fillFor, OPERATIONS } from './operations.js';
import { eventually, openHandles, timed } from './waiting.js';

/** Every operation answers there what it answers where nothing is special. */
export async function expectToServe(cache: RedisCache): Promise<void> {
  for (const { run, answer } of OPERATIONS) {
    await fillFor(cache);
    expect(await run(cache)).toEqual(answer);
  }
}

/**
 * A cache ends in time, twice at once, and leaves nothing that keeps the process alive.
 *
 * @param create makes the cache
 * @param arrange brings it, or its servers, into a state
 * @param deadline of its operations, in milliseconds
 */
export async function expectToEndQuietly(
  create: () => RedisCache,
  arrange: (cache: RedisCache) => Promise<unknown>,
  deadline: number,
): Promise<void> {
  const before = openHandles();
  const cache = create();
  await arrange(cache);
  const { outcome, milliseconds } = await timed(() => Promise.all([cache.close(), cache.close()]));
  expect(outcome).toEqual([undefined, undefined]);
  expect(milliseconds).toBeLessThan(deadline + 1_000);
  // A socket is destroyed a turn later; anything forgotten would stay far longer.
  await eventually(100, async () => expect(openHandles()).toBeLessThanOrEqual(before));
}
