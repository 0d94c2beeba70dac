import { AsyncLocalStorage } from 'node:async_hooks';
import type { ICache } from '../contract/cache.interface.js';

/** A load that the running code is a part of. */
interface RunningLoad {
  readonly cache: ICache;
  readonly key: string;
  /** The load in which this one was started, unless it had ended. */
  readonly outer: RunningLoad | undefined;
  /** Timers and connections that the load has left behind are no part of it any more. */
  ended: boolean;
}

const running = new AsyncLocalStorage<RunningLoad>();

/** Whether the running code is what the key waits for: it would wait for itself. */
export function isLoading(cache: ICache, key: string): boolean {
  for (let load = notEnded(running.getStore()); load !== undefined; load = notEnded(load.outer)) {
    if (load.cache === cache && load.key === key) return true;
  }
  return false;
}

/** Runs what makes the value of a key. */
export function runAsLoad<Value>(cache: ICache, key: string, task: () => Promise<Value>): Promise<Value> {
  const load: RunningLoad = { cache, key, outer: notEnded(running.getStore()), ended: false };
  return running.run(load, async () => {
    try {
      return await task();
    } finally {
      load.ended = true;
    }
  });
}

/** The load itself, or the innermost around it that goes on. */
function notEnded(innermost: RunningLoad | undefined): RunningLoad | undefined {
  let load = innermost;
  while (load?.ended === true) load = load.outer;
  return load;
}
