/** A type, never the value itself. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}

/**
 * Checks a number.
 *
 * @param name of the option
 * @param value as the application gave it
 * @param least is allowed
 * @param most is allowed
 * @param problems gets what is wrong
 * @returns undefined when it is none
 */
export function wholeNumber(
  name: string,
  value: unknown,
  least: number,
  most: number,
  problems: string[],
): number | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
    return value;
  const found = typeof value === 'number' ? `${value}` : kindOf(value);
  problems.push(`${name}: expected a whole number from ${least} to ${most}, found ${found}`);
  return undefined;
}
