import type { TaggedWriteOptions } from '../contract/capabilities.js';
import { CacheBackendCapabilityError, InvalidCacheTtlError } from '../contract/errors.js';
import { uniqueTags } from './cache-key.js';
import { resolveTimeToLive } from './time-to-live.js';

/** How entries are written, with every default filled in. */
export interface WritePlan {
  /** In whole milliseconds; absent: they stay until they are removed. */
  readonly ttl: number | undefined;
  readonly tags: readonly string[];
}

const NO_TAGS: readonly string[] = [];

/**
 * Checks the options of a write and fills in the defaults.
 *
 * @param method whose options they are, for messages
 * @param options what the caller wrote
 * @param ttlByDefault of the cache, in milliseconds
 * @param key for messages; absent for a batch
 * @throws InvalidCacheTtlError when the time to live is none
 * @throws InvalidCacheKeyError when a tag is none
 * @throws CacheBackendCapabilityError when `options` names what there is not
 */
export function planWrite(
  method: string,
  options: TaggedWriteOptions | undefined,
  ttlByDefault: number | undefined,
  key?: string,
): WritePlan {
  if (options === undefined) return { ttl: ttlByDefault, tags: NO_TAGS };
  refuseUnknown(method, options, key);
  return {
    ttl: options.ttl === undefined ? ttlByDefault : resolveTimeToLive(options.ttl, key ?? method),
    tags: options.tags === undefined ? NO_TAGS : uniqueTags(options.tags, key),
  };
}

function refuseUnknown(method: string, options: TaggedWriteOptions, key: string | undefined): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidCacheTtlError(
      `The last argument of ${method}() is an object of options, but it is of type ${typeof options}: write { ttl: … }.`,
      { key },
    );
  }
  for (const name of Object.keys(options)) {
    if (name === 'ttl' || name === 'tags' || Reflect.get(options, name) === undefined) continue;
    throw new CacheBackendCapabilityError(
      `This cache does not know the option "${name}" of ${method}(): leave it out. The options are ttl and tags.`,
      { key },
    );
  }
}
