import { SpakkyCacheError } from '../contract/errors.js';

/** What became of one key, where it is an error of the cache; any other error concerns more than the key, and is thrown. */
export function asFailure(error: unknown): SpakkyCacheError {
  if (error instanceof SpakkyCacheError) return error;
  throw error;
}
