import { parseArgs } from 'node:util';

/** What a run is told. */
export interface ModelOptions {
  readonly minutes: number;
  /** The same seed gives the same schedules, in the same order. */
  readonly seed: number;
}

/** @throws with the usage when the arguments mean nothing */
export function readModelOptions(args: readonly string[]): ModelOptions {
  const usage = 'npm run model -- --minutes <more than 0, at most 1440> --seed <a whole number>';
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } },
  });
  const minutes = Number(values.minutes);
  const seed = values.seed === undefined ? newSeed() : Number(values.seed);
  if (!(minutes > 0 && minutes <= 1_440) || !Number.isSafeInteger(seed)) throw new Error(`Usage: ${usage}`);
  return { minutes, seed };
}

/** A seed that nobody has chosen. */
export function newSeed(): number {
  return Math.floor(Math.random() * 2 ** 30);
}
