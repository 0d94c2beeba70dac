import { type HeadState, stateOfHead } from '../codec/frame-head.js';
import { FOR_EVER, GONE } from './key-life.js';

/** How many keys are under a prefix, by what they hold, as their first bytes tell. */
export interface SurveyedKeys {
  /** Values within their time to live, whether or not their tags still match. */
  readonly entries: number;
  /** Those of them that stay until they are removed. */
  readonly withoutEnd: number;
  /** Values past their time to live that may still be served. */
  readonly stale: number;
  /** Keys without a value that somebody is loading. */
  readonly leases: number;
  /** Versions of tags, the one that every eviction changes included. */
  readonly tags: number;
  /** What this version of the cache did not write. */
  readonly unreadable: number;
  /** Keys on their way to another node of a cluster, which were not looked at: only of one that is changing. */
  readonly moving: number;
  /** What the values of all these but tags and keys on their way take, headers included; absent where STRLEN is refused. */
  readonly bytes?: number;
}

/** What one key looks like from outside. */
export interface KeyLook {
  readonly head: Buffer | 'another type';
  /** What PTTL answered, in milliseconds. */
  readonly life: number;
  /** Of the value; absent where that is not told, or where it is of another type. */
  readonly bytes?: number;
}

/** Counts keys one after the other, and keeps none of them. */
export class KeyTally {
  readonly #counts = { entry: 0, stale: 0, lease: 0, over: 0, unreadable: 0 };
  #withoutEnd = 0;
  #tags = 0;
  #moving = 0;
  #bytes = 0;
  #isWeighed = true;

  addTag(): void {
    this.#tags += 1;
  }

  addMoving(): void {
    this.#moving += 1;
  }

  /** @param now by the server's clock, in milliseconds since the epoch */
  add({ head, life, bytes }: KeyLook, now: number): void {
    if (life === GONE) return;
    const state = stateOf(head, now);
    this.#counts[state] += 1;
    if (state === 'over') return;
    if (state === 'entry' && life === FOR_EVER) this.#withoutEnd += 1;
    if (bytes !== undefined) this.#bytes += bytes;
    else if (head !== 'another type') this.#isWeighed = false;
  }

  get keys(): SurveyedKeys {
    const { entry: entries, stale, lease: leases, unreadable } = this.#counts;
    const [withoutEnd, tags, moving] = [this.#withoutEnd, this.#tags, this.#moving];
    const counted = { entries, withoutEnd, stale, leases, tags, unreadable, moving };
    return this.#isWeighed ? { ...counted, bytes: this.#bytes } : counted;
  }
}

function stateOf(head: KeyLook['head'], now: number): HeadState {
  return head === 'another type' ? 'unreadable' : stateOfHead(head, now);
}
