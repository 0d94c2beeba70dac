/** What is known about a failure besides its message. */
export interface CacheErrorDetails {
  /** The key of the operation, as the caller gave it. */
  readonly key?: string;
  /** What failed underneath; it never carries a password or a value. */
  readonly cause?: unknown;
}

/**
 * Every failure of the cache. `code` is stable: programs decide by it, people read `message`.
 *
 * @example
 * ```ts
 * await cache.set('profile:42', profile).catch((error: unknown) => {
 *   if (error instanceof SpakkyCacheError) console.error(error.code, error.key, error.message);
 *   throw error;
 * });
 * ```
 */
export abstract class SpakkyCacheError extends Error {
  /** Names the failure for programs; it never changes between versions. */
  abstract readonly code: string;
  /** The key of the operation, as the caller gave it; absent when the failure concerns no single key. */
  declare readonly key?: string;

  /**
   * Made by a cache; an application makes one in its tests.
   *
   * @param message what happened, to what, and what to do
   * @param details the key, and what failed underneath
   */
  constructor(message: string, details: CacheErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    if (details.key !== undefined) this.key = details.key;
  }
}

/**
 * The options, the environment or the registration of a cache cannot work; `problems` names every one of them.
 *
 * @example
 * ```ts
 * try {
 *   new RedisCache({ port: 0 });
 * } catch (error) {
 *   if (error instanceof CacheConfigurationError) console.error(error.problems.join('\n'));
 * }
 * ```
 */
export class CacheConfigurationError extends SpakkyCacheError {
  static {
    this.prototype.name = 'CacheConfigurationError';
  }

  readonly code = 'CACHE_CONFIGURATION';

  /**
   * Made by a cache; an application makes one in its tests.
   *
   * @param problems one sentence for each problem: what was named, what was expected, what was found; no secret
   * @param details the key, and what failed underneath
   */
  constructor(
    readonly problems: readonly string[],
    details?: CacheErrorDetails,
  ) {
    super(
      problems.length === 1
        ? `The cache configuration is wrong: ${problems[0]}`
        : `The cache configuration is wrong in ${problems.length} places:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
      details,
    );
  }
}

/**
 * The key is empty, longer than 1 KiB in UTF-8, no string, or has a lone surrogate.
 *
 * @example
 * ```ts
 * await cache.get('').catch((error: unknown) => console.log(error instanceof InvalidCacheKeyError)); // true
 * ```
 */
export class InvalidCacheKeyError extends SpakkyCacheError {
  static {
    this.prototype.name = 'InvalidCacheKeyError';
  }

  readonly code = 'CACHE_KEY_INVALID';
}

/**
 * The time to live is zero, negative, not a number, infinite, unreadable, or ends past the year 275760.
 *
 * @example
 * ```ts
 * const failing = cache.set('profile:42', profile, { ttl: 0 });
 * await failing.catch((error: unknown) => console.log(error instanceof InvalidCacheTtlError)); // true
 * ```
 */
export class InvalidCacheTtlError extends SpakkyCacheError {
  static {
    this.prototype.name = 'InvalidCacheTtlError';
  }

  readonly code = 'CACHE_TTL_INVALID';
}

/**
 * No key can be made of the arguments of a decorated method.
 *
 * @example
 * ```ts
 * const isOfArguments = (error: unknown) => error instanceof CacheKeyGenerationError; // as from @Cacheable
 * ```
 */
export class CacheKeyGenerationError extends SpakkyCacheError {
  static {
    this.prototype.name = 'CacheKeyGenerationError';
  }

  readonly code = 'CACHE_KEY_GENERATION';
}

/**
 * The backend does not offer the capability that was asked for.
 *
 * @example
 * ```ts
 * try {
 *   await requireCapability(cache, 'tags').evictTags('country:NL');
 * } catch (error) {
 *   if (error instanceof CacheBackendCapabilityError) await cache.clear();
 *   else throw error;
 * }
 * ```
 */
export class CacheBackendCapabilityError extends SpakkyCacheError {
  static {
    this.prototype.name = 'CacheBackendCapabilityError';
  }

  readonly code = 'CACHE_CAPABILITY_MISSING';
}

/**
 * The cache was closed before, or while, the operation ran.
 *
 * @example
 * ```ts
 * await cache.close();
 * await cache.get('profile:42').catch((error: unknown) => console.log(error instanceof CacheClosedError)); // true
 * ```
 */
export class CacheClosedError extends SpakkyCacheError {
  static {
    this.prototype.name = 'CacheClosedError';
  }

  readonly code = 'CACHE_CLOSED';
}

/**
 * Why a value could not be stored or read:
 * - `CACHE_VALUE_REFUSED`: it could not come back exactly as it is; nothing was sent
 * - `CACHE_VALUE_TOO_LARGE`: it is over the size limit; nothing was sent
 * - `CACHE_PAYLOAD_FOREIGN`: the stored bytes were not written by this cache
 * - `CACHE_PAYLOAD_DAMAGED`: the stored bytes are not what was written
 * - `CACHE_PAYLOAD_UNSUPPORTED`: they were written by a newer version, another serializer, or with a class that is not registered here
 */
export type CacheSerializationCode =
  | 'CACHE_VALUE_REFUSED'
  | 'CACHE_VALUE_TOO_LARGE'
  | 'CACHE_PAYLOAD_FOREIGN'
  | 'CACHE_PAYLOAD_DAMAGED'
  | 'CACHE_PAYLOAD_UNSUPPORTED';

/**
 * A value cannot be stored without loss, or stored bytes cannot be read back.
 *
 * @example
 * ```ts
 * const result = await cache.get('profile:42').catch((error: unknown) => {
 *   if (!(error instanceof CacheSerializationError)) throw error;
 *   return error.code === 'CACHE_PAYLOAD_UNSUPPORTED' ? CacheMiss.instance : Promise.reject(error);
 * });
 * ```
 */
export class CacheSerializationError extends SpakkyCacheError {
  static {
    this.prototype.name = 'CacheSerializationError';
  }

  /**
   * Made by a cache; an application makes one in its tests.
   *
   * @param code why
   * @param message what happened, to what, and what to do
   * @param details the key, and what failed underneath
   */
  constructor(
    readonly code: CacheSerializationCode,
    message: string,
    details?: CacheErrorDetails,
  ) {
    super(message, details);
  }
}

/**
 * A load did not end in time: another caller's within `waitFor`, or the caller's own within `loadFor`.
 *
 * @example
 * ```ts
 * const loading = cache.getOrSet('profile:42', () => database.read('42'), { waitFor: '2s' });
 * await loading.catch((error: unknown) => {
 *   throw error instanceof CacheLockTimeoutError ? new ServiceUnavailableException() : error;
 * });
 * ```
 */
export class CacheLockTimeoutError extends SpakkyCacheError {
  static {
    this.prototype.name = 'CacheLockTimeoutError';
  }

  readonly code = 'CACHE_LOCK_TIMEOUT';
}

/**
 * Some keys of a batch failed; `failures` tells which and why, the others succeeded.
 *
 * @example
 * ```ts
 * await cache.deleteMany(['profile:1', 'profile:2']).catch((error: unknown) => {
 *   if (!(error instanceof CacheBatchError)) throw error;
 *   for (const [key, failure] of error.failures) console.error(key, failure.code);
 * });
 * ```
 */
export class CacheBatchError extends SpakkyCacheError {
  static {
    this.prototype.name = 'CacheBatchError';
  }

  readonly code = 'CACHE_BATCH';

  /**
   * Made by a cache; an application makes one in its tests.
   *
   * @param message what happened, to what, and what to do
   * @param failures why, by key
   * @param details the key, and what failed underneath
   */
  constructor(
    message: string,
    readonly failures: ReadonlyMap<string, SpakkyCacheError>,
    details?: CacheErrorDetails,
  ) {
    super(message, details);
  }
}
