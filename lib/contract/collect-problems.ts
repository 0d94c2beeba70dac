import { CacheConfigurationError } from './errors.js';

/**
 * Tries to configure one part, so that the problems of several parts can be told together.
 *
 * @param problems where those of this part are added
 * @returns what the part became, or `undefined` when it has problems
 */
export function collectProblems<Part>(problems: string[], configure: () => Part): Part | undefined {
  try {
    return configure();
  } catch (error) {
    if (!(error instanceof CacheConfigurationError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
