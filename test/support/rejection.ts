import { CacheBatchError } from '../../lib/contract/errors.js';

/** The reason that a promise rejects with; a promise that resolves fails the test. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('The operation was expected to fail, but it succeeded');
}

/** What a blocking call throws; one that returns fails the test. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('The call was expected to throw, but it returned');
}

/**
 * What an operation failed for: the error itself, or in the place of a batch's error what it tells of each key. It
 * fails the test when a key that was named together with others is not told of.
 *
 * @param keys those that the operation named together, if it did
 */
export function failuresOf(error: unknown, keys: readonly string[] = []): readonly unknown[] {
  if (!(error instanceof CacheBatchError)) return [error];
  const untold = keys.filter((key) => !error.failures.has(key));
  if (keys.length === 0 || untold.length > 0)
    throw new Error(`The error of a batch does not tell of ${untold.join(', ') || 'the keys of its caller'}`);
  return [...error.failures.values()];
}
