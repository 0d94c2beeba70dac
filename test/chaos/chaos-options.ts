import { parseArgs } from 'node:util';

/** What a run is told. */
export interface ChaosOptions {
  readonly minutes: number;
  /** The same seed gives the same faults, in the same order. */
  readonly seed: string;
  /** Whether every cache has a near tier. */
  readonly near: boolean;
}

/** @throws with the usage when the arguments mean nothing */
export function readChaosOptions(args: readonly string[]): ChaosOptions {
  const usage = 'npm run chaos -- --minutes <more than 0, at most 120> --seed <any word> [--near]';
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      near: { type: 'boolean', default: false },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 120) || values.seed === '') throw new Error(`Usage: ${usage}`);
  return { minutes, seed: values.seed, near: values.near };
}
