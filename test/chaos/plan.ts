import { CLUSTER_FAULTS } from './cluster-stage.js';
import { DIRECT_FAULTS } from './direct-stage.js';
import { PROXIED_FAULTS } from './proxied-stage.js';
import { Random } from './random.js';
import { SENTINEL_FAULTS } from './sentinel-stage.js';
import type { DrawnFault, FaultKind } from './stage.js';

/** What happens on all stages at once, until everything comes to a rest. */
export type Act = readonly DrawnFault[];

/** By stage. */
export const FAULTS: Readonly<Record<string, readonly FaultKind[]>> = {
  direct: DIRECT_FAULTS,
  proxied: PROXIED_FAULTS,
  sentinel: SENTINEL_FAULTS,
  cluster: CLUSTER_FAULTS,
};

/** In milliseconds; the rest at its end included. */
const LENGTH_OF_ACT = 15_000;
const REST = 700;
const LONGEST_QUIET = 1_000;
const LEAST_QUIET = 200;

/**
 * Draws what will happen. The same seed gives the same faults in the same order; a longer run goes on where a shorter
 * one ends.
 */
export function drawPlan(seed: string, minutes: number): readonly Act[] {
  const acts = Math.max(1, Math.round((minutes * 60_000) / LENGTH_OF_ACT));
  const decks = Object.entries(FAULTS).map(
    ([stage, faults]) => new Deck(stage, faults, new Random(`${seed}/${stage}`)),
  );
  return Array.from({ length: acts }, () => decks.flatMap((deck) => deck.deal(LENGTH_OF_ACT - REST)));
}

/** The faults of one stage: each comes once before any of them comes again. */
class Deck {
  #cards: FaultKind[] = [];
  #next: { readonly kind: FaultKind; readonly drawn: DrawnFault } | undefined;

  constructor(
    private readonly stage: string,
    private readonly faults: readonly FaultKind[],
    private readonly random: Random,
  ) {}

  /** As many as fit into so many milliseconds. */
  deal(length: number): readonly DrawnFault[] {
    const dealt: DrawnFault[] = [];
    let left = length;
    for (;;) {
      const { kind, drawn } = (this.#next ??= this.#draw());
      left -= drawn.hold + kind.budget + drawn.quiet;
      if (left < 0) return dealt;
      dealt.push(drawn);
      this.#next = undefined;
    }
  }

  #draw(): { readonly kind: FaultKind; readonly drawn: DrawnFault } {
    if (this.#cards.length === 0) this.#cards = this.random.shuffle(this.faults);
    const kind = this.#cards.pop();
    if (kind === undefined) throw new Error(`${this.stage} has no faults`);
    const [least, most] = kind.hold;
    const hold = this.random.between(least, most);
    const dice = this.random.next();
    const quiet = this.random.between(LEAST_QUIET, LONGEST_QUIET);
    return { kind, drawn: { stage: this.stage, name: kind.name, hold, dice, quiet } };
  }
}
