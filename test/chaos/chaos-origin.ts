import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from './random.js';

/** What an origin of this run fails with now and then. */
export class OriginError extends Error {
  static readonly code = 'ORIGIN';
}

/** The likelihood that a call of an origin fails. */
const FAILURES = 0.03;
/** The longest that an origin takes, in milliseconds. */
export const ORIGIN_TAKES = 40;

/** Takes the time of an origin, and fails as one does. */
export async function pretendWork(random: Random): Promise<void> {
  await delay(random.between(0, ORIGIN_TAKES));
  if (random.happens(FAILURES)) throw new OriginError('The origin was made to fail');
}
