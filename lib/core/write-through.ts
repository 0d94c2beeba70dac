import { CacheWriteError } from '../contract/write-error.js';
import type { CacheRuntime } from './cache-runtime.js';
import type { Put, WriteId } from './cache-store.js';
import { keepLease } from './lease-keeper.js';
import { newLeaseToken } from './lease-token.js';

/** How soon others may load a key when the process that writes its origin has died, in milliseconds. */
const LEASE = 3_000;

/**
 * Writes an origin, then its entry: only if the entry is still the one that was there before, else the entry goes, so
 * that cache and origin never differ for good, however writers and loads overlap.
 *
 * @param put what the cache gets
 * @param write calls the application's writer
 * @returns whether the entry was written; otherwise the key holds none
 * @throws CacheWriteError when the origin is written and the entry is neither written nor removed
 */
export async function writeThrough(
  runtime: CacheRuntime,
  prefix: string,
  put: Put,
  write: () => unknown,
): Promise<boolean> {
  const { store, meter } = runtime;
  const { key } = put;
  const token = newLeaseToken();
  const seen = await store.execute({ op: 'begin', prefix, key, token, lease: LEASE });
  const stop = keepLease(store, meter, { prefix, key, token, leaseFor: LEASE });
  try {
    await write();
  } catch (error) {
    // The cache is left as it was; a lease that cannot be given back ends by itself.
    await store
      .execute({ op: 'release', prefix, key, token, pause: 0 })
      .catch((failure: unknown) => meter.countError(failure));
    throw error;
  } finally {
    stop();
  }
  return await settle(runtime, prefix, put, seen);
}

async function settle(
  { store, meter }: CacheRuntime,
  prefix: string,
  put: Put,
  seen: WriteId,
): Promise<boolean> {
  const { key } = put;
  try {
    return await store.execute({ op: 'settle', prefix, put, seen });
  } catch (error) {
    const isGone = await store.execute({ op: 'remove', prefix, keys: [key] }).then(
      ([outcome]) => typeof outcome === 'boolean',
      () => false,
    );
    if (!isGone) throw outdated(prefix, key, error);
    meter.countError(error);
    return false;
  }
}

function outdated(prefix: string, key: string, cause: unknown): CacheWriteError {
  return new CacheWriteError(
    'CACHE_WRITE_OUTDATED',
    `The origin of ${JSON.stringify(key)} (prefix "${prefix}") is written, but its entry could be neither written nor ` +
      'removed: it may show the old value until its time to live ends. Delete the key once the cache answers again.',
    { key, cause },
  );
}
