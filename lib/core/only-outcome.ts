import { SpakkyCacheError } from '../contract/errors.js';
import type { Outcome } from './cache-store.js';

/**
 * The answer about the one key that a command named.
 *
 * @throws SpakkyCacheError when the command failed for that key
 */
export function onlyOutcome<Value>(outcomes: readonly Outcome<Value>[]): Value {
  for (const outcome of outcomes) {
    if (outcome instanceof SpakkyCacheError) throw outcome;
    return outcome;
  }
  throw new TypeError('The store answered nothing about the key.');
}
