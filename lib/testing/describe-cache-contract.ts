import type { ICache } from '../contract/cache.interface.js';
import { pause } from './contract-assertions.js';
import { type CacheContractCapability, CONTRACT_GROUPS } from './contract-groups.js';
import { ContractStage } from './contract-stage.js';

/** What the suite needs to know of a test runner and of a backend. */
export interface CacheContractOptions {
  /**
   * Groups tests: the `describe` of Jest, Vitest, Mocha or `node:test`.
   *
   * @param name of the group
   * @param body declares its tests
   */
  readonly describe: (name: string, body: () => void) => unknown;
  /**
   * Declares a test: the `it` of the same runner.
   *
   * @param name of the test
   * @param body rejects when the test fails
   */
  readonly it: (name: string, body: () => Promise<void>) => unknown;
  /** Makes an empty cache with a key space of its own and no default time to live; the suite closes it. */
  readonly createCache: () => ICache | Promise<ICache>;
  /**
   * Lets time pass for the cache; by default the suite waits.
   *
   * @param milliseconds how much
   */
  readonly advance?: (milliseconds: number) => void | Promise<void>;
  /**
   * What the backend offers beside the plain contract: each adds its own tests, and so do some together. A backend that
   * lacks what is named here fails them. Default: nothing.
   */
  readonly capabilities?: readonly CacheContractCapability[];
}

/**
 * Declares the tests that every backend passes: what hit, miss, time to live, keys, copies and errors mean; and, for the
 * capabilities that are named, what loading, tags, batches, write policies, metrics, blocking calls and explanations mean.
 *
 * It asserts with `node:assert`, so that any runner can run it.
 *
 * @param options the runner's `describe` and `it`, how to make an empty cache, and what that offers
 * @example
 * ```ts
 * describeCacheContract({
 *   describe,
 *   it,
 *   createCache: () => new InMemoryCache(),
 *   capabilities: ['stampede', 'tags', 'batch', 'write-policy', 'metrics', 'sync', 'explain'],
 * });
 * ```
 */
export function describeCacheContract({
  describe,
  it,
  createCache,
  advance = pause,
  capabilities = [],
}: CacheContractOptions): void {
  const passTime = async (milliseconds: number): Promise<void> => {
    await advance(milliseconds);
  };
  for (const { title, needs, tests } of CONTRACT_GROUPS) {
    if (!needs.every((need) => capabilities.includes(need))) continue;
    describe(title, () => {
      for (const [name, test] of Object.entries(tests)) {
        it(name, async () => {
          const cache = await createCache();
          try {
            await test(new ContractStage(cache, passTime));
          } finally {
            await cache.close();
          }
        });
      }
    });
  }
}
