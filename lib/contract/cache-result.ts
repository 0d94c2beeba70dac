/**
 * What {@link ICache.get} answers when the key holds a fresh entry.
 *
 * The value may be anything that can be stored, `null` and `undefined` included.
 *
 * @example
 * ```ts
 * const result = await cache.get('profile:42');
 * if (result.hit) console.log(result.value);
 * ```
 */
export class CacheHit<T> {
  readonly hit: true = true;

  constructor(readonly value: T) {}
}

/**
 * What {@link ICache.get} answers when the key holds nothing fresh.
 *
 * There is one frozen instance, so a miss costs no allocation.
 */
export class CacheMiss {
  /** The only instance; a backend answers it for every miss. */
  static readonly instance: CacheMiss = Object.freeze(new CacheMiss());

  readonly hit: false = false;

  private constructor() {}
}

/** The answer of {@link ICache.get}: `result.hit` and `instanceof` both narrow it. */
export type CacheResult<T> = CacheHit<T> | CacheMiss;
