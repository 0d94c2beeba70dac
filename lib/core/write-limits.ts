/** What bounds the writing behind of one cache; durations in milliseconds. */
export interface WriteLimits {
  /** How many writes are held at once: from the call until the origin is written and the entry is settled. */
  readonly held: number;
  /** How many writers run at once, each for another key. */
  readonly writers: number;
  /** How often a writer is called, and how often an entry is settled, before that is given up. */
  readonly attempts: number;
  /** The pause after the first failure; every further one is four times as long. */
  readonly firstPause: number;
  readonly longestPause: number;
}

/** About seven seconds of patience with an origin: what fails longer than that is told, and not queued without end. */
export const WRITE_LIMITS: WriteLimits = Object.freeze({
  held: 1_000,
  writers: 16,
  attempts: 5,
  firstPause: 100,
  longestPause: 5_000,
});

/** How long to wait after so many failures in a row: spread, so that keys that failed together do not return together. */
export function pauseAfter(failures: number, { firstPause, longestPause }: WriteLimits): number {
  const longest = Math.min(longestPause, firstPause * 4 ** (failures - 1));
  return longest / 2 + (Math.random() * longest) / 2;
}
