import { isSupported, METHODS, type ResolvedCompression, ZSTD_NEEDS } from './compression.js';
import { kindOf, wholeNumber } from './option-values.js';
import type { CompressionAlgorithm } from './serializer.js';

const AT = 'serializer.compression';
const OPTIONS = ['algorithm', 'above', 'level'];
/** Below, unpacking takes longer than a network of 1 Gbit/s takes for what is saved. */
const DEFAULT_ABOVE = 4096;
const MOST_ABOVE = 2 ** 32 - 1;
/** Higher ones cost far more time than they save. */
const DEFAULT_LEVEL = 1;

/**
 * Checks the `serializer.compression` option.
 *
 * @param option as the application gave it
 * @param problems gets what is wrong
 * @returns undefined when nothing shall be compressed, or something is wrong
 */
export function resolveCompression(option: unknown, problems: string[]): ResolvedCompression | undefined {
  if (option === undefined) return undefined;
  if (typeof option !== 'object' || option === null) {
    problems.push(`${AT}: expected an object with ${OPTIONS.join(', ')}, found ${kindOf(option)}`);
    return undefined;
  }
  for (const name of Object.keys(option)) {
    if (!OPTIONS.includes(name))
      problems.push(`${AT}.${name}: there is no such option; expected ${OPTIONS.join(', ')}`);
  }
  const algorithm = resolveAlgorithm(Reflect.get(option, 'algorithm'), problems);
  const above = wholeNumber(
    `${AT}.above`,
    Reflect.get(option, 'above') ?? DEFAULT_ABOVE,
    0,
    MOST_ABOVE,
    problems,
  );
  if (algorithm === undefined || above === undefined) return undefined;
  const [least, most] = METHODS[algorithm].levels;
  const level = wholeNumber(
    `${AT}.level`,
    Reflect.get(option, 'level') ?? DEFAULT_LEVEL,
    least,
    most,
    problems,
  );
  return level === undefined ? undefined : { algorithm, above, level };
}

function resolveAlgorithm(value: unknown, problems: string[]): CompressionAlgorithm | undefined {
  if (!isAlgorithm(value)) {
    const expected = Object.keys(METHODS).join(', ');
    problems.push(`${AT}.algorithm: expected one of ${expected}, found ${kindOf(value)}`);
    return undefined;
  }
  if (isSupported(value)) return value;
  problems.push(`${AT}.algorithm: expected another one, as ${value} needs ${ZSTD_NEEDS}`);
  return undefined;
}

function isAlgorithm(value: unknown): value is CompressionAlgorithm {
  return typeof value === 'string' && Object.hasOwn(METHODS, value);
}
