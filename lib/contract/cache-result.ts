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
  /** Tells a hit from a miss. */
  readonly hit: true = true;

  /**
   * Made by a backend, or by the stub of one.
   *
   * @param value a copy of what the key holds
   */
  constructor(readonly value: T) {}
}

/**
 * What {@link ICache.get} answers when the key holds nothing fresh.
 *
 * There is one frozen instance, so a miss costs no allocation.
 *
 * @example
 * ```ts
 * const result = await cache.get('nobody');
 * console.log(result instanceof CacheMiss, result === CacheMiss.instance); // true true
 * ```
 */
export class CacheMiss {
  /** The only instance; a backend answers it for every miss. */
  static readonly instance: CacheMiss = Object.freeze(new CacheMiss());

  /** Tells a miss from a hit. */
  readonly hit: false = false;

  private constructor() {}
}

/** The answer of {@link ICache.get}: `result.hit` and `instanceof` both narrow it. */
export type CacheResult<T> = CacheHit<T> | CacheMiss;
