import type { CacheResult } from '@spakky/nestjs-redis-cache';
import { now } from './clock.js';
import { type Answer, judgeHit, judgeLoad, judgeMiss, type Look } from './judge.js';
import { isIn } from './key-name.js';
import type { KeyPlace, Ledger } from './ledger.js';
import type { StageSetup } from './protocol.js';
import type { StageWatch } from './stage-watch.js';
import type { Tally } from './tally.js';

/** Looks into the ledger around every question about a key, and brings the answers before the judge. */
export class Witness {
  constructor(
    private readonly setup: StageSetup,
    private readonly ledger: Ledger,
    private readonly tally: Tally,
    private readonly watch: StageWatch,
  ) {}

  look(place: KeyPlace): Look {
    return { record: this.ledger.record(place), epoch: this.ledger.epoch(place.stage), at: now() };
  }

  /** @param before when the question had not left */
  answer(place: KeyPlace, name: string, before: Look): Answer {
    const { mayGoBack } = this.setup;
    return {
      name,
      before,
      after: this.look(place),
      mayGoBack,
      fateOf: (sequence) => this.ledger.fate(place, sequence),
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

  judge(what: string, problem: string | undefined, { name, before, after }: Answer): void {
    this.tally.judged += 1;
    if (problem === undefined) return;
    const known = JSON.stringify({ before, after });
    this.watch.blame('wrong value', this.watch.weather, `${what} of ${name}: ${problem} ${known}`);
  }
}
