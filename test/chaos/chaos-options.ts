import { parseArgs } from 'node:util';

/** What a run is told. */
export interface ChaosOptions {
  readonly minutes: number;
  /** The same seed gives the same faults, in the same order. */
  readonly seed: string;
}

/** @throws with the usage when the arguments mean nothing */
export function readChaosOptions(args: readonly string[]): ChaosOptions {
  const usage = 'npm run chaos -- --minutes <more than 0, at most 120> --seed <any word>';
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' } },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 120) || values.seed === '') throw new Error(`Usage: ${usage}`);
  return { minutes, seed: values.seed };
}
