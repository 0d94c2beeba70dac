import { now } from '../support/clock.js';
import type { Drop, Sighting, StepBack } from './protocol.js';

/** What one process has seen of every key. */
export class ReadLog {
  reads = 0;
  readonly stepsBack: StepBack[] = [];
  readonly drops: Drop[] = [];
  readonly #sightings = new Map<string, Map<number, Sighting>>();
  readonly #newest = new Map<string, number>();
  readonly #dropped = new Map<string, number>();

  /** The newest version that a completed read has seen. */
  newest(key: string): number {
    return this.#newest.get(key) ?? 0;
  }

  /**
   * A read has seen a version.
   *
   * @param newest what reads had seen when this one was asked
   */
  saw(key: string, version: number, beganAt: number, newest: number): void {
    this.reads += 1;
    const ofKey = this.#sightings.get(key) ?? new Map<number, Sighting>();
    const known = ofKey.get(version);
    this.#sightings.set(
      key,
      ofKey.set(version, {
        key,
        version,
        reads: (known?.reads ?? 0) + 1,
        firstEndedAt: known?.firstEndedAt ?? now(),
        lastBeganAt: Math.max(known?.lastBeganAt ?? 0, beganAt),
      }),
    );
    if (version < newest) this.stepsBack.push({ key, from: newest, to: version });
    this.#newest.set(key, Math.max(this.newest(key), version));
  }

  /** Nothing was there; that is never outdated. */
  missed(): void {
    this.reads += 1;
  }

  /** The tier was told of a change: the first one after each version counts. */
  dropped(key: string): void {
    const version = this.newest(key);
    if (version === 0 || this.#dropped.get(key) === version) return;
    this.#dropped.set(key, version);
    this.drops.push({ key, version, at: now() });
  }

  get sightings(): readonly Sighting[] {
    return [...this.#sightings.values()].flatMap((ofKey) => Array.from(ofKey.values()));
  }
}
