import assert from 'node:assert/strict';
import type { ICache } from '../contract/cache.interface.js';
import { CacheHit } from '../contract/cache-result.js';
import { SpakkyCacheError } from '../contract/errors.js';

/** Asserts that a key is a hit with this value. */
export async function assertHolds(cache: ICache, key: string, value: unknown): Promise<void> {
  assert.deepEqual(await cache.get(key), new CacheHit(value));
}

/** Asserts that a key is a miss. */
export async function assertMisses(cache: ICache, key: string): Promise<void> {
  assert.equal((await cache.get(key)).hit, false, `expected a miss for ${JSON.stringify(key)}`);
}

/** Asserts that an operation fails with an error of the cache. */
export async function assertFails(
  operation: Promise<unknown>,
  code: string,
  key?: string,
): Promise<SpakkyCacheError> {
  const error = await reasonOf(operation);
  assert.ok(error instanceof SpakkyCacheError, `expected ${code}, but found ${String(error)}`);
  assert.equal(error.code, code);
  if (key !== undefined) assert.equal(error.key, key);
  return error;
}

/** Asserts that an operation fails with an error of the application, as it was thrown. */
export async function assertFailsWith(operation: Promise<unknown>, error: Error): Promise<void> {
  assert.equal(await reasonOf(operation), error);
}

/** Asserts that something comes true soon. */
export async function assertSoon(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 3_000;
  while (!(await isTrue())) {
    assert.ok(performance.now() < end, 'it did not come true within 3 seconds');
    await pause(5);
  }
}

/** Waits, whatever clock the cache has. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Lets everything that was begun before reach the cache: answers about one key come in the order of the questions. */
export async function untilOthersHaveAsked(cache: ICache, key: string): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    await cache.get(key);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Why an operation has failed; nothing when it has not. */
export function reasonOf(operation: Promise<unknown>): Promise<unknown> {
  return operation.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}
