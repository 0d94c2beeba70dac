/**
 * Refuses what cannot be called, before anything is sent.
 *
 * @param method that was given it
 * @param name of the argument
 * @throws TypeError unless `value` is a function
 */
export function assertFunction(value: unknown, method: string, name: string): void {
  if (typeof value === 'function') return;
  throw new TypeError(
    `${method}() expects a function as its ${name}, but found a value of type ${typeof value}.`,
  );
}
