import type { CacheResult } from '@spakky/nestjs-redis-cache';
import { TRUST_BOUND } from '../../lib/redis/epoch.js';
import { now } from '../support/clock.js';
import { type Answer, judgeHit, judgeLoad, judgeMiss, type Look } from './judge.js';
import { isIn } from './key-name.js';
import type { KeyPlace, Ledger } from './ledger.js';
import type { StageSetup } from './protocol.js';
import type { StageWatch } from './stage-watch.js';
import type { Tally } from './tally.js';

/** What it takes to know what may be seen. */
export interface WitnessParts {
  readonly setup: StageSetup;
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly watch: StageWatch;
  /** Whether there is a near tier. */
  readonly near: boolean;
  /** Whose own cache is asked, which knows at once of what he has written; another cache does not. */
  readonly worker: number | undefined;
}

/** How long an answer of a near tier may be outdated, in milliseconds: servers tell of changes in their next cycle. */
const NEAR_BOUND = TRUST_BOUND + 100;

/** Looks into the ledger around every question about a key, and brings the answers before the judge. */
export class Witness {
  constructor(private readonly parts: WitnessParts) {}

  look(place: KeyPlace): Look {
    const { ledger } = this.parts;
    return { record: ledger.record(place), epoch: ledger.epoch(place.stage), at: now() };
  }

  /** @param before when the question had not left */
  answer(place: KeyPlace, name: string, before: Look): Answer {
    const { setup, ledger, near, worker } = this.parts;
    return {
      name,
      before,
      after: this.look(place),
      mayGoBack: setup.mayGoBack,
      mayBeLate: near && place.owner !== worker ? NEAR_BOUND : 0,
      fateOf: (sequence) => ledger.fate(place, sequence),
      confirmedAt: (sequence) => ledger.confirmedAt(place, sequence),
    };
  }

  judgeRead(what: string, place: KeyPlace, name: string, before: Look, result: CacheResult<unknown>): void {
    const answer = this.answer(place, name, before);
    if (isIn('origin', place)) {
      if (result.hit) this.judge(what, judgeLoad(result.value, answer), answer);
    } else this.judge(what, result.hit ? judgeHit(result.value, answer) : judgeMiss(answer), answer);
  }

  judgeLoaded(what: string, place: KeyPlace, name: string, before: Look, value: unknown): void {
    const answer = this.answer(place, name, before);
    this.judge(what, judgeLoad(value, answer), answer);
  }

  judge(what: string, problem: string | undefined, { name, before, after, mayBeLate }: Answer): void {
    const { tally, watch } = this.parts;
    tally.judged += 1;
    if (problem === undefined) return;
    const known = JSON.stringify({ before, after, mayBeLate });
    watch.blame('wrong value', watch.weather, `${what} of ${name}: ${problem} ${known}`);
  }
}
