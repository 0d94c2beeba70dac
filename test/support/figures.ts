/** The value in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Prints what was measured, so that a run tells more than that a bound was kept. */
export function printFigures(what: string, values: readonly number[], unit = 'ms'): void {
  const sorted = values.toSorted((one, other) => one - other).map((value) => value.toFixed(1));
  process.stdout.write(
    `${what}: median ${median(values).toFixed(1)} ${unit} of ${values.length} (${sorted.join(', ')})\n`,
  );
}
