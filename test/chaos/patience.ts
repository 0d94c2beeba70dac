import { setTimeout as delay } from 'node:timers/promises';

/** Sentinels that had no processor for two seconds do nothing for half a minute: each wait lasts twenty seconds. */
const ATTEMPTS = 4;
const PAUSE = 1_000;

/** Waits for servers longer than tests do: how long they take to agree on a machine that is busy is not in question. */
export async function awaitPatiently<Value>(wait: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await wait();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await delay(PAUSE);
    }
  }
}
