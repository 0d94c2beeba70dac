import { CacheBatchError, SpakkyCacheError } from '@spakky/nestjs-redis-cache';
import { OriginError } from './chaos-origin.js';
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
export type Outcome<Value> =
  | { readonly code: undefined; readonly value: Value }
  | {
      readonly code: string;
      /** By key, of an operation that named several. */
      readonly failures?: ReadonlyMap<string, SpakkyCacheError>;
    };

/** What to expect of an operation. */
export interface Expectations {
  /** How many round trips it may take, each with a deadline of its own. */
  readonly trips?: number;
  /** What it may take besides, in milliseconds. */
  readonly extra?: number;
  /** Whether it may find out late about what is over. */
  readonly isGuest?: boolean;
  /** Codes that it may fail with while nothing is wrong with the servers. */
  readonly pardons?: ReadonlySet<string>;
}

/** Watches what a worker does on one stage: every operation goes through here. */
export class StageWatch {
  weather = CALM;

  constructor(
    private readonly stage: string,
    private readonly tally: Tally,
  ) {}

  /** Runs an operation, counts it, and holds it to its deadline. */
  async observe<Value>(
    what: string,
    run: () => Promise<Value>,
    expectations: Expectations = {},
  ): Promise<Outcome<Value>> {
    const { trips = 1, extra = 0 } = expectations;
    const running = this.tally.begin(what, this.stage, this.weather, LIMIT * trips + extra);
    try {
      const value = await run();
      this.tally.settle(running);
      return { code: undefined, value };
    } catch (error) {
      const code = this.#judgeError(what, error, running.weather, expectations);
      this.tally.settle(running, code);
      return error instanceof CacheBatchError ? { code, failures: error.failures } : { code };
    }
  }

  /** @returns the code that says most of it */
  #judgeError(what: string, error: unknown, weather: string, expectations: Expectations): string {
    const { isGuest = false, pardons } = expectations;
    const errors = error instanceof CacheBatchError ? [...error.failures.values()] : [error];
    const codes = errors.map(codeOf);
    if (codes.length === 0 || codes.includes('untyped'))
      this.blame('untyped error', weather, `${what}: ${errors.join(', ')}`);
    const isCalm = weather === CALM && this.weather === CALM && !isGuest;
    const unpardoned = codes.find((code) => pardons?.has(code) !== true);
    if (isCalm && unpardoned !== undefined && unpardoned !== 'untyped')
      this.blame('error in calm', CALM, `${what}: ${unpardoned}, ${String(error)}`);
    return unpardoned ?? codes[0] ?? 'untyped';
  }

  /** Tells of what must never happen. */
  blame(kind: Offence['kind'], weather: string, details: string): void {
    this.tally.blame(kind, this.stage, weather, details);
  }
}

export function codeOf(error: unknown): string {
  if (error instanceof SpakkyCacheError) return error.code;
  return error instanceof OriginError ? OriginError.code : 'untyped';
}

/** What a write has come to, by its error. */
export function fateOf(code: string | undefined): 'done' | 'doubtful' | 'refused' {
  if (code === undefined) return 'done';
  return DOUBTFUL.has(code) ? 'doubtful' : 'refused';
}

/** What the write of one of several keys has come to. */
export function fateOfKey(outcome: Outcome<unknown>, key: string): 'done' | 'doubtful' | 'refused' {
  if (outcome.code === undefined || outcome.failures === undefined) return fateOf(outcome.code);
  return fateOf(outcome.failures.get(key)?.code);
}
