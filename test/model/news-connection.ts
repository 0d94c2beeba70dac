import type { Random } from '../chaos/random.js';
import type { NearSetup } from './program.js';
import { pauseFor } from './wire.js';

/** A question that only a living connection answers; times in milliseconds. */
interface Heartbeat {
  readonly there: number;
  readonly back: number;
  readonly isLost: boolean;
}

/** A time in which nothing comes through; it comes afterwards. */
interface Stall {
  readonly from: number;
  until: number;
}

/** One change is told for each time that a key was noted. */
interface Note {
  isForgotten: boolean;
}

/** So many heartbeats are sent while one is relied on. */
const BEATS = 4;
/** The longest time that a heartbeat travels one way, in milliseconds. */
const QUICK = 5;

/**
 * The connection on which a process hears what has changed: news keep their order, take their time, and get lost when it
 * breaks. Heartbeats are not sent: which of them would have been answered is worked out when somebody asks.
 */
export class NewsConnection {
  readonly #setup: NearSetup;
  readonly #random: Random;
  readonly #firstBeat: number;
  readonly #beats: Heartbeat[];
  readonly #stalls: Stall[] = [];
  readonly #notes = new Map<string, Note>();
  #brokenAt = Infinity;
  #last: Promise<void> = Promise.resolve();

  /** @param askedAt when it was asked for, now being when it was there: the first heartbeat */
  constructor(setup: NearSetup, random: Random, askedAt: number) {
    this.#setup = setup;
    this.#random = random;
    this.#firstBeat = askedAt;
    this.#beats = [{ there: 0, back: performance.now() - askedAt, isLost: false }];
  }

  /** Whether a heartbeat was answered that had been sent a short time before. */
  isAlive(now: number): boolean {
    const { trustFor } = this.#setup;
    const period = trustFor / BEATS;
    for (let beat = Math.floor((now - this.#firstBeat) / period); beat >= 0; beat -= 1) {
      const sentAt = this.#firstBeat + beat * period;
      if (now - sentAt >= trustFor) return false;
      if (this.#answeredAt(beat, sentAt) <= now) return true;
    }
    return false;
  }

  /** The server notes that a key was read to be kept; a key that is noted already is noted once. */
  note(wholeKey: string, watch: (onChange: () => void) => void, tell: () => void): void {
    if (this.#brokenAt < Infinity || this.#notes.has(wholeKey)) return;
    const note: Note = { isForgotten: false };
    this.#notes.set(wholeKey, note);
    watch(() => {
      if (note.isForgotten) return;
      this.#notes.delete(wholeKey);
      this.send(tell);
    });
  }

  /** The server knows of nothing any more that was read. */
  forget(): void {
    for (const note of this.#notes.values()) note.isForgotten = true;
    this.#notes.clear();
  }

  /** News leave the server. */
  send(tell: () => void): void {
    const due = performance.now() + this.#random.between(0, this.#setup.delay);
    this.#last = this.#last.then(async () => {
      await pauseFor(due - performance.now());
      for (;;) {
        const stall = this.#stallAt(performance.now());
        if (stall === undefined) break;
        await pauseFor(stall.until - performance.now());
      }
      if (performance.now() < this.#brokenAt) tell();
    });
  }

  /** Nothing comes through any more, and what is on its way is lost. */
  break(): void {
    this.#brokenAt = Math.min(this.#brokenAt, performance.now());
    this.forget();
  }

  /** Nothing comes through for a while. */
  stall(lasts: number): void {
    const from = performance.now();
    const current = this.#stallAt(from);
    if (current === undefined) this.#stalls.push({ from, until: from + lasts });
    else current.until = Math.max(current.until, from + lasts);
  }

  #answeredAt(beat: number, sentAt: number): number {
    const { there, back, isLost } = this.#beatOf(beat);
    const arrival = sentAt + there;
    if (isLost || arrival >= this.#brokenAt) return Infinity;
    const due = arrival + back;
    const stall = this.#stallAt(due);
    // What was sent before comes before.
    const answeredAt = stall === undefined ? due : stall.until + 1;
    return answeredAt >= this.#brokenAt ? Infinity : answeredAt;
  }

  #beatOf(beat: number): Heartbeat {
    const { loss } = this.#setup;
    // They may overtake news.
    const delay = Math.min(this.#setup.delay, QUICK);
    const random = this.#random;
    while (this.#beats.length <= beat) {
      this.#beats.push({
        there: random.between(0, delay),
        back: random.between(0, delay),
        isLost: loss > 0 && random.happens(loss),
      });
    }
    const found = this.#beats[beat];
    if (found === undefined) throw new Error(`There is no heartbeat ${beat}`);
    return found;
  }

  #stallAt(time: number): Stall | undefined {
    return this.#stalls.find(({ from, until }) => from <= time && time < until);
  }
}
