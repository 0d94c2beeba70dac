import { randomBytes } from 'node:crypto';
import type { LeaseToken } from './cache-store.js';

/** Draws the token of one load: whoever shows it holds the lease. */
export function newLeaseToken(): LeaseToken {
  return randomBytes(16).toString('latin1');
}
