/** What PTTL answers of a key without an expiry. */
export const FOR_EVER = -1;
/** What PTTL answers of a key that is not there. */
export const GONE = -2;

/**
 * Until when a key lives at least, on the clock of `performance.now()`.
 *
 * @param life what PTTL answered
 * @param askedAt when that was asked, on the same clock
 */
export function untilOf(life: number, askedAt: number): number {
  return life === FOR_EVER ? Number.POSITIVE_INFINITY : askedAt + life;
}
