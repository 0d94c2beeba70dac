import type { Observable } from 'rxjs';

/** Marks an entry as everything that an Observable has emitted: a list that a method resolves with is something else. */
const EMITTED = 'spakky:emitted';

/** What the cache keeps of an Observable. */
type Emissions = Readonly<Record<typeof EMITTED, readonly unknown[]>>;

/** The entry of what an Observable has emitted. */
export function toEmissions(values: unknown): unknown {
  return { [EMITTED]: values };
}

/** Whether an entry is one of {@link toEmissions}. */
export function isEmissions(entry: unknown): entry is Emissions {
  return typeof entry === 'object' && entry !== null && EMITTED in entry && Array.isArray(entry[EMITTED]);
}

/** The list that {@link toEmissions} was given. */
export function emittedIn(entry: Emissions): readonly unknown[] {
  return entry[EMITTED];
}

/** Everything that an Observable emits until it completes; rejects when it fails. */
export function collect(source: Observable<unknown>): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const values: unknown[] = [];
    source.subscribe({
      next: (value) => values.push(value),
      error: reject,
      complete: () => resolve(values),
    });
  });
}
