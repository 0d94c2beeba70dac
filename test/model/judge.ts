import { checkHits } from './check-hits.js';
import { checkLoads } from './check-loads.js';
import { checkReads, type Tolerance } from './check-reads.js';
import type { History } from './history.js';
import type { Program } from './program.js';

/** Everything that is wrong with what happened: one line each, beginning with the number of the property. */
export function judge(history: History, program: Program, tolerance: Tolerance): string[] {
  return [
    ...history.flaws,
    ...checkReads(history, tolerance),
    ...checkHits(history, program, tolerance),
    ...checkLoads(history, program, tolerance),
  ];
}
