import { setTimeout as delay } from 'node:timers/promises';

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

/** What became of an operation, and after how many milliseconds. */
export async function timed(
  operation: Promise<unknown>,
): Promise<{ readonly outcome: unknown; readonly milliseconds: number }> {
  const start = performance.now();
  const outcome = await operation.catch((error: unknown) => error);
  return { outcome, milliseconds: performance.now() - start };
}

/** How many sockets and timers keep this process alive. */
export function openHandles(): number {
  const resources = process.getActiveResourcesInfo();
  return resources.filter((kind) => kind === 'TCPSocketWrap' || kind === 'Timeout').length;
}
