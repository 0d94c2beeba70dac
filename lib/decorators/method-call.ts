import type { ICache } from '../contract/cache.interface.js';

/** One call of a decorated method. */
export interface MethodCall {
  readonly cache: ICache;
  readonly instance: object;
  readonly args: readonly unknown[];
  /** Calls the method: what it resolves with, or the list of what its Observable emits until it completes. */
  readonly proceed: () => Promise<unknown>;
  /** What the cache keeps of a result. */
  readonly toEntry: (result: unknown) => unknown;
  /** The result that an entry was made of. */
  readonly toResult: (entry: unknown) => unknown;
}

/** What a decorator does with a call. */
export type Advice = (call: MethodCall) => Promise<unknown>;

/**
 * Asks a function of an option, which TypeScript has checked where it was written.
 *
 * @param option the function, or what is its answer for every call
 * @param args what it is given
 */
export function answer<Value>(
  option: Value | ((...args: never) => Value),
  ...args: readonly unknown[]
): Value {
  if (!isFunction(option)) return option;
  const value: Value = Reflect.apply(option, undefined, args);
  return value;
}

function isFunction<Value>(option: Value | ((...args: never) => Value)): option is (...args: never) => Value {
  return typeof option === 'function';
}
