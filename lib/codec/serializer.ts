/**
 * Turns values into bytes and back, synchronously. An application may bring its own (msgpack, protobuf, …);
 * the cache still frames, checksums and caps what it returns.
 *
 * @example
 * ```ts
 * const json: CacheSerializer = {
 *   serialize: (value) => new TextEncoder().encode(JSON.stringify(value)),
 *   deserialize: (bytes): unknown => JSON.parse(new TextDecoder().decode(bytes)),
 * };
 * ```
 */
export interface CacheSerializer {
  /**
   * Turns a value into bytes.
   *
   * @param value what the application stores
   * @returns bytes of its own; they are copied at once
   * @throws whatever it likes when the value cannot be stored: the caller sees a `CacheSerializationError`
   */
  serialize(value: unknown): Uint8Array;
  /**
   * Turns bytes back into the value.
   *
   * @param bytes a copy of what `serialize` returned; it may be kept
   * @throws whatever it likes when the bytes cannot be read: the caller sees a `CacheSerializationError`
   */
  deserialize(bytes: Uint8Array): unknown;
}

/** A class, also one with a private constructor. */
export interface ClassOf<T> extends Function {
  /** Of its instances. */
  readonly prototype: T;
}

/** How instances of one class are taken apart when stored, and built when read. */
export interface RegisteredClass<T = unknown, D = unknown> {
  /** Stands for the class in the stored bytes: never change it, minifiers do not touch it. */
  readonly name: string;
  /** The class; instances of its subclasses are not covered. */
  readonly class: ClassOf<T>;
  /**
   * Takes an instance apart; what it returns is stored as exactly as any other value.
   *
   * @param instance an instance of the class
   * @returns what tells it from others of its class
   */
  serialize(instance: T): D;
  /**
   * Builds the instance again.
   *
   * @param data a copy of what `serialize` returned
   * @returns an instance of the class
   */
  deserialize(data: D): T;
}

/** How values may be compressed; zstd needs Node.js 22.15 or later. */
export type CompressionAlgorithm = 'deflate' | 'gzip' | 'brotli' | 'zstd';

/** Which values are compressed when stored, and how. Readers unpack whatever they find. */
export interface CompressionOptions {
  /** All readers must have it. */
  readonly algorithm: CompressionAlgorithm;
  /** Values of more bytes are compressed, and stored so when that makes them smaller; 4,096 when absent. */
  readonly above?: number;
  /** 1 to 9 for deflate and gzip, 0 to 11 for brotli, 1 to 22 for zstd; the quick 1 when absent. */
  readonly level?: number;
}

/** Options of the built-in serializer. */
export interface SerializerOptions {
  /** Classes whose instances may be stored; only their names are ever built when reading. */
  readonly classes?: readonly RegisteredClass[];
  /** The largest value in bytes, as stored and before any compression; 64 MiB when absent. */
  readonly maxBytes?: number;
  /** Compresses large values, on the thread of the caller; nothing is compressed when absent. */
  readonly compression?: CompressionOptions;
}

/** What an application may give as `serializer`: options of the built-in one, or its own. */
export type SerializerOption = SerializerOptions | CacheSerializer;

/**
 * Describes a class for `serializer.classes` and infers the types of both directions.
 *
 * @param type the class
 * @param how its stored name, how to take an instance apart, how to build it
 * @throws CacheConfigurationError later, when a cache is made with a registration that cannot work
 * @example
 * ```ts
 * class Money {
 *   constructor(readonly amount: bigint, readonly currency: string) {}
 * }
 * const money = registerClass(Money, {
 *   name: 'Money',
 *   serialize: (value) => [value.amount, value.currency] as const,
 *   deserialize: ([amount, currency]) => new Money(amount, currency),
 * });
 * await using prices = new RedisCache<Money>({ serializer: { classes: [money] } });
 * ```
 */
export function registerClass<T, D>(
  type: ClassOf<T>,
  how: Pick<RegisteredClass<T, D>, 'name' | 'serialize' | 'deserialize'>,
): RegisteredClass<T, D> {
  return {
    name: how.name,
    class: type,
    serialize: (instance) => how.serialize(instance),
    deserialize: (data) => how.deserialize(data),
  };
}
