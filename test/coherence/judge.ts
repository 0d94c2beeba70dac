import type { Change, Drop, LoadReport, Pause, SharedKey, Sighting, StepBack } from './protocol.js';

/** Everything was lost at once: FLUSHALL, or a server that ended. */
export interface Wipe {
  readonly beganAt: number;
  readonly endedAt: number;
}

/** What all processes did and saw. */
export interface Records {
  readonly keys: readonly SharedKey[];
  /** Of each process, by its number. */
  readonly reports: readonly LoadReport[];
  /** What was done by none of these processes. */
  readonly foreign?: readonly Change[];
  readonly wipes?: readonly Wipe[];
}

/** What replaced a version that somebody saw. */
export interface Window {
  readonly after: Change['what'] | 'wipe';
  readonly key: string;
  readonly version: number;
  /** The number of the process. */
  readonly reader: number;
  /** From the completion until the last read that still saw the old version, in milliseconds; 0: there was none. */
  readonly length: number;
  /** The same without the time in which the reader had no processor. */
  readonly awake: number;
}

export interface Verdict {
  /** What must not be at all, a sentence each. */
  readonly violations: readonly string[];
  /** One for each version that was seen by another process than its writer, and was replaced. */
  readonly windows: readonly Window[];
  /** From the completion of a change until others had dropped their copies, as `awake`; those with tags are left out. */
  readonly drops: readonly number[];
  /** How many sightings were of versions of which nobody knows when they were written. */
  readonly unjudged: number;
}

/** Redis counts in whole milliseconds, and tells of what is left as if the present one had only begun. */
const ROUNDING = 1;

/** Looks at what everybody has seen of every key. */
export function judge(records: Records): Verdict {
  return new Judge(records).verdict;
}

/** What put an end to a version. */
interface Successor {
  readonly after: Window['after'];
  readonly beganAt: number;
  readonly at: number;
}

class Judge {
  readonly #histories = new Map<string, Change[]>();
  readonly #keys: ReadonlyMap<string, SharedKey>;
  readonly #reports: readonly LoadReport[];
  readonly #wipes: readonly Wipe[];
  readonly #violations: string[] = [];
  readonly #windows: Window[] = [];
  readonly #drops: number[] = [];
  #unjudged = 0;

  constructor({ keys, reports, foreign = [], wipes = [] }: Records) {
    this.#keys = new Map(keys.map((key) => [key.name, key]));
    this.#reports = reports;
    this.#wipes = wipes;
    for (const change of [...reports.flatMap(({ changes }) => changes), ...foreign]) {
      this.#histories.set(change.key, [...(this.#histories.get(change.key) ?? []), change]);
    }
    for (const [reader, report] of reports.entries()) {
      for (const sighting of report.sightings) this.#onSighting(reader, sighting);
      for (const step of report.stepsBack) this.#onStepBack(reader, step);
      for (const drop of report.drops) this.#onDrop(reader, drop);
    }
  }

  get verdict(): Verdict {
    return {
      violations: this.#violations,
      windows: this.#windows,
      drops: this.#drops,
      unjudged: this.#unjudged,
    };
  }

  #onSighting(reader: number, { key, version, firstEndedAt, lastBeganAt }: Sighting): void {
    const what = `Process ${reader} saw version ${version} of ${key}`;
    const written = this.#change(key, version);
    if (written === undefined || written.beganAt > firstEndedAt) {
      this.#violations.push(`${what}, which nobody had written`);
      return;
    }
    if (written.endedAt === undefined) {
      this.#unjudged += 1;
      return;
    }
    const overdue = lastBeganAt - (written.goneAt ?? Infinity);
    if (overdue > ROUNDING) this.#violations.push(`${what} ${overdue} ms after its time to live`);
    const successor = this.#successor(key, written);
    if (successor === undefined) return;
    const length = Math.max(0, lastBeganAt - successor.at);
    const isOwn = successor.after !== 'wipe' && this.#keys.get(key)?.writer === reader;
    // Whoever writes sees it from the call on, also without having waited for its end.
    const sinceCall = lastBeganAt - successor.beganAt;
    const awake = length - this.#without(reader, successor.at, lastBeganAt);
    if (!isOwn) this.#windows.push({ after: successor.after, key, version, reader, length, awake });
    else if (sinceCall > 0) {
      this.#violations.push(`${what} ${sinceCall} ms after it had called its own ${successor.after}`);
    }
  }

  /** What nobody knows the fate of may come at any time. */
  #onStepBack(reader: number, { key, from, to }: StepBack): void {
    if (this.#change(key, to)?.endedAt === undefined) return;
    this.#violations.push(`Process ${reader} saw ${key} go back from version ${from} to ${to}`);
  }

  /** News of what somebody else did. */
  #onDrop(reader: number, { key, version, at }: Drop): void {
    const written = this.#change(key, version);
    // A copy without the version of its tag does not serve, and is no hurry to drop.
    if (written === undefined || this.#keys.get(key)?.kind === 'tagged') return;
    if (this.#keys.get(key)?.writer === reader) return;
    const successor = this.#successor(key, written);
    if (successor === undefined || successor.after === 'wipe' || at < successor.beganAt) return;
    this.#drops.push(Math.max(0, at - successor.at) - this.#without(reader, successor.at, at));
  }

  /** How much of a time a process had no processor. */
  #without(reader: number, from: number, to: number): number {
    const pauses: readonly Pause[] = this.#reports[reader]?.pauses ?? [];
    const parts = pauses.map((pause) => Math.max(0, Math.min(to, pause.to) - Math.max(from, pause.from)));
    return parts.reduce((sum, part) => sum + part, 0);
  }

  #change(key: string, version: number): Change | undefined {
    return this.#histories.get(key)?.find((change) => change.version === version);
  }

  /** What was confirmed first of all that came after a version. */
  #successor(key: string, written: Change): Successor | undefined {
    const changes = (this.#histories.get(key) ?? []).flatMap((change): Successor[] => {
      if (change.version <= written.version || change.endedAt === undefined) return [];
      const at = change.what === 'expiry' ? (change.goneAt ?? Infinity) : change.endedAt;
      return [{ after: change.what, beganAt: change.beganAt, at }];
    });
    const wipes = this.#wipes.flatMap(({ beganAt, endedAt }): Successor[] =>
      beganAt < (written.endedAt ?? Infinity) ? [] : [{ after: 'wipe', beganAt, at: endedAt }],
    );
    return [...changes, ...wipes].toSorted((one, other) => one.at - other.at)[0];
  }
}
