import { createCodec } from '../codec/codec.js';
import { collectProblems } from '../contract/collect-problems.js';
import { CacheConfigurationError } from '../contract/errors.js';
import { CoreCache } from '../core/core-cache.js';
import { loudWriteErrors, type WarningLog } from '../core/write-error-handlers.js';
import { type InMemoryCacheOptions, resolveInMemoryCacheOptions } from './in-memory-cache-options.js';
import { MemoryStore } from './memory-store.js';

/** How long writes to origins may take that still wait when the cache ends, in milliseconds: as with Redis by default. */
const DRAIN_FOR = 5_000;

/** What surrounds a cache in memory. */
export interface InMemoryCacheContext {
  /** Told what fails in the background, unless `onWriteError` is; Nest's `Logger` is one. */
  readonly logger?: WarningLog;
}

/**
 * The cache in this process alone: for tests, and for a service that runs once.
 *
 * It keeps encoded copies, so it refuses the same values as {@link RedisCache} and no caller can change an entry by
 * changing an object that it once passed in or got out.
 *
 * @typeParam T what the entries hold
 * @example
 * ```ts
 * const cache = new InMemoryCache<string>({ maxEntries: 1_000 });
 * await cache.set('profile:42', 'Ada', { ttl: '5m' });
 * ```
 */
export class InMemoryCache<T = unknown> extends CoreCache<T> {
  /**
   * Makes an empty cache.
   *
   * @param options bounds, default time to live, clock and serializer
   * @param context by default no log: the process is warned
   * @throws CacheConfigurationError that names every option that is wrong
   */
  constructor(options: InMemoryCacheOptions = {}, context: InMemoryCacheContext = {}) {
    const problems: string[] = [];
    const resolved = collectProblems(problems, () => resolveInMemoryCacheOptions(options));
    const codec = collectProblems(problems, () => createCodec(options?.serializer));
    if (resolved === undefined || codec === undefined) throw new CacheConfigurationError(problems);
    const { ttl, onWriteError = loudWriteErrors(context.logger) } = resolved;
    const place = { backend: 'InMemoryCache' };
    const store = new MemoryStore(resolved);
    super({ store, codec, place, prefix: '', ttl, drainFor: DRAIN_FOR, onWriteError });
  }
}
