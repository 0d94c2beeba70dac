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
