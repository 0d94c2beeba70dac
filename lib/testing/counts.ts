import type { CacheMetricsSnapshot } from '../contract/cache-metrics.js';
import type { ContractStage } from './contract-stage.js';

/** What has changed while something was done: counts by their name, and errors by their code. */
export async function countsOf(
  stage: ContractStage,
  action: (stage: ContractStage) => Promise<unknown>,
): Promise<Partial<Record<string, number>>> {
  const before = flat(stage.counting.metrics());
  await action(stage);
  const changes: Partial<Record<string, number>> = {};
  for (const [name, count] of flat(stage.counting.metrics())) {
    const change = count - (before.get(name) ?? 0);
    if (change !== 0) changes[name] = change;
  }
  return changes;
}

/** Every count by its name; a near tier counts its own. */
export function flat({ errors, near: _near, ...counts }: CacheMetricsSnapshot): Map<string, number> {
  const named = Object.entries(errors).map(([code, count]): [string, number] => [`error ${code}`, count]);
  return new Map([...Object.entries(counts), ...named]);
}
