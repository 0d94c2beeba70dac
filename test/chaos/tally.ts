import { LoopClock, type Mark } from '../support/loop-clock.js';
import { type Count, type Offence } from './protocol.js';

/** Details of more than so many offences of one kind help nobody. */
const MOST_DETAILS = 20;
/** What has not settled so long after its limit never will, in milliseconds. */
const HANGING = 2_000;

interface Running {
  readonly what: string;
  readonly stage: string;
  readonly weather: string;
  readonly limit: number;
  readonly mark: Mark;
}

/** Counts what a worker does and what becomes of it. */
export class Tally {
  readonly clock = new LoopClock();
  readonly #counts = new Map<string, Count>();
  readonly #offences: Offence[] = [];
  readonly #running = new Set<Running>();
  readonly #slowest = new Map<string, number>();
  #operations = 0;
  judged = 0;

  get operations(): number {
    return this.#operations;
  }

  get counts(): readonly Count[] {
    return [...this.#counts.values()];
  }

  get offences(): readonly Offence[] {
    return this.#offences;
  }

  get slowest(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#slowest);
  }

  /** What should have settled long ago. */
  get hanging(): readonly string[] {
    return [...this.#running]
      .filter((running) => this.clock.since(running.mark) > running.limit + HANGING)
      .map(({ what, stage, weather }) => `${what} on ${stage}, begun during ${weather}`);
  }

  /** @param limit in which it must settle, in milliseconds */
  begin(what: string, stage: string, weather: string, limit: number): Running {
    const running = { what, stage, weather, limit, mark: this.clock.mark() };
    this.#running.add(running);
    return running;
  }

  /** @param code of its error, if it has one */
  settle(running: Running, code?: string): void {
    const { what, stage, weather, limit } = running;
    const took = this.clock.since(running.mark);
    this.#running.delete(running);
    this.#operations += 1;
    this.#count('operation', stage, weather, what);
    if (code !== undefined) this.#count('error', stage, weather, code);
    this.#slowest.set(what, Math.max(this.#slowest.get(what) ?? 0, took));
    if (took <= limit) return;
    const details = `${what} took ${took.toFixed(1)} ms instead of ${limit} (${code ?? 'it succeeded'})`;
    this.blame('overdue', stage, weather, details);
  }

  blame(kind: Offence['kind'], stage: string, weather: string, details: string): void {
    this.#offences.push({
      kind,
      stage,
      weather,
      details: this.#offences.length < MOST_DETAILS ? details : '',
    });
  }

  #count(kind: Count['kind'], stage: string, weather: string, what: string): void {
    const name = `${kind}/${stage}/${weather}/${what}`;
    const count = (this.#counts.get(name)?.count ?? 0) + 1;
    this.#counts.set(name, { kind, stage, weather, what, count });
  }
}
