import { SpakkyCacheError } from '@spakky/nestjs-redis-cache';
import { CALM, LIMIT, type Offence } from './protocol.js';
import type { Tally } from './tally.js';

/** After these nobody can know what became of a write. */
const DOUBTFUL = new Set([
  'REDIS_OUTCOME_UNKNOWN_LOST',
  'REDIS_OUTCOME_UNKNOWN_TIMEOUT',
  'REDIS_UNEXPECTED_REPLY',
  'CACHE_CLOSED',
]);

/** What became of an operation. */
export type Outcome<Value> = { readonly code: undefined; readonly value: Value } | { readonly code: string };

/** Watches what a worker does on one stage: every operation goes through here. */
export class StageWatch {
  weather = CALM;

  constructor(
    private readonly stage: string,
    private readonly tally: Tally,
  ) {}

  /** Runs an operation, counts it, and holds it to its deadline; a guest may find out late about what is over. */
  async observe<Value>(
    what: string,
    run: () => Promise<Value>,
    { trips = 1, isGuest = false }: { readonly trips?: number; readonly isGuest?: boolean } = {},
  ): Promise<Outcome<Value>> {
    const running = this.tally.begin(what, this.stage, this.weather, LIMIT * trips);
    try {
      const value = await run();
      this.tally.settle(running);
      return { code: undefined, value };
    } catch (error) {
      const code = error instanceof SpakkyCacheError ? error.code : 'untyped';
      this.tally.settle(running, code);
      const isCalm = running.weather === CALM && this.weather === CALM;
      if (code === 'untyped') this.blame('untyped error', running.weather, `${what}: ${String(error)}`);
      else if (isCalm && !isGuest) this.blame('error in calm', CALM, `${what}: ${code}, ${String(error)}`);
      return { code };
    }
  }

  /** Tells of what must never happen. */
  blame(kind: Offence['kind'], weather: string, details: string): void {
    this.tally.blame(kind, this.stage, weather, details);
  }
}

/** What a write has come to, by its error. */
export function fateOf(code: string | undefined): 'done' | 'doubtful' | 'refused' {
  if (code === undefined) return 'done';
  return DOUBTFUL.has(code) ? 'doubtful' : 'refused';
}
