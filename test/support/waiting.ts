import { setTimeout as delay } from 'node:timers/promises';
import { LoopClock } from './loop-clock.js';

/** Tries again until it succeeds, for so many milliseconds; then it fails as the last attempt did. */
export async function eventually<Value>(within: number, attempt: () => Promise<Value>): Promise<Value> {
  const end = performance.now() + within;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await delay(10);
    }
  }
}

/**
 * What became of an operation that begins now, how many milliseconds have elapsed, and the same without those in which this process
 * waited for a processor: a machine that stands still keeps no deadline.
 */
export async function timed(
  begin: () => Promise<unknown>,
): Promise<{ readonly outcome: unknown; readonly milliseconds: number; readonly elapsed: number }> {
  const clock = new LoopClock();
  const start = clock.mark();
  const begun = performance.now();
  const outcome = await begin().catch((error: unknown) => error);
  clock.stop();
  return { outcome, milliseconds: clock.since(start), elapsed: performance.now() - begun };
}

/** How many sockets and timers keep this process alive. */
export function openHandles(): number {
  const resources = process.getActiveResourcesInfo();
  return resources.filter((kind) => kind === 'TCPSocketWrap' || kind === 'Timeout').length;
}
