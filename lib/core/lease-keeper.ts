import type { CacheMeter } from './cache-meter.js';
import type { CacheStore, LeaseToken } from './cache-store.js';

/** A lease is renewed so many times before it would end. */
const RENEWALS = 3;

/** One lease that is held. */
export interface HeldKey {
  readonly prefix: string;
  readonly key: string;
  readonly token: LeaseToken;
  /** How long it lasts unless it is renewed, in milliseconds. */
  readonly leaseFor: number;
}

/**
 * Renews a lease while its owner works.
 *
 * @returns stops it
 */
export function keepLease(store: CacheStore, meter: CacheMeter, held: HeldKey): () => void {
  const { prefix, key, token, leaseFor: lease } = held;
  const timer = setInterval(() => {
    store.execute({ op: 'renew', prefix, key, token, lease }).then(
      (isHeld) => {
        if (!isHeld) clearInterval(timer);
      },
      // The next renewal may come through; if none does, the lease ends, and what was loaded is not written.
      (error: unknown) => meter.countError(error),
    );
  }, lease / RENEWALS);
  return () => clearInterval(timer);
}
