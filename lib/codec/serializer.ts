/**
 * Turns values into bytes and back, synchronously. An application may bring its own (msgpack, protobuf, …);
 * the cache still frames, checksums and caps what it returns.
 *
 * @example
 * const json: CacheSerializer = {
 *   serialize: (value) => new TextEncoder().encode(JSON.stringify(value)),
 *   deserialize: (bytes): unknown => JSON.parse(new TextDecoder().decode(bytes)),
 * };
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
   */
  serialize(instance: T): D;
  /**
   * Builds the instance again.
   *
   * @param data a copy of what `serialize` returned
   */
  deserialize(data: D): T;
}

/** Options of the built-in serializer. */
export interface SerializerOptions {
  /** Classes whose instances may be stored; only their names are ever built when reading. */
  readonly classes?: readonly RegisteredClass[];
  /** The largest value in bytes, as stored and before any compression; 64 MiB when absent. */
  readonly maxBytes?: number;
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
 * class Money {
 *   constructor(readonly amount: bigint, readonly currency: string) {}
 * }
 * const money = registerClass(Money, {
 *   name: 'Money',
 *   serialize: (value) => [value.amount, value.currency] as const,
 *   deserialize: ([amount, currency]) => new Money(amount, currency),
 * });
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
