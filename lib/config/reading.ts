/** Why a value does not fit: what was expected, and what was found where that says more than the value itself. */
export interface Mismatch {
  /** Of what part of the value it speaks, such as `[2].port`; of all of it when absent. */
  readonly part?: string;
  readonly expected: string;
  readonly found?: string;
}

/** What became of a value that somebody configured. */
export type Reading<T> =
  | { readonly fits: true; readonly value: T }
  | { readonly fits: false; readonly mismatches: readonly Mismatch[] };

/** Turns what somebody configured into what the cache works with, or says what is wrong with it. */
export type Reader<T> = (value: unknown) => Reading<T>;

export function fits<T>(value: T): Reading<T> {
  return { fits: true, value };
}

export function mismatch(expected: string, found?: string): Reading<never> {
  return { fits: false, mismatches: [{ expected, found }] };
}

/**
 * Reads a value wherever it comes from; an accessor or a proxy that throws is a mismatch, and its error is not shown.
 *
 * @param describe says what was found where the mismatch does not
 * @returns `undefined` when nothing is set
 */
export function readSafely<T>(
  source: () => unknown,
  read: Reader<T>,
  describe: (value: unknown) => string,
): Reading<T> | undefined {
  try {
    const value = source();
    if (value === undefined) return undefined;
    const reading = read(value);
    if (reading.fits) return reading;
    const described = describe(value);
    const mismatches = reading.mismatches.map(({ part, expected, found = described }) => ({
      part,
      expected,
      found,
    }));
    return { fits: false, mismatches };
  } catch {
    return mismatch('a value that can be read', 'one that throws');
  }
}

/** @param label names the value, or a part of it */
export function sentencesOf(
  mismatches: readonly Mismatch[],
  label: (part?: string) => string,
): readonly string[] {
  return mismatches.map(
    ({ part, expected, found }) => `${label(part)} expects ${expected}, but found ${found}`,
  );
}
