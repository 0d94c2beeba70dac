import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';
import type { CacheOperation } from '../core/cache-operation.js';

/** In seconds, as the conventions for databases advise. */
const BOUNDARIES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** What is measured of operations. */
export class CacheInstruments {
  readonly #duration: Histogram;
  readonly #hits: Counter;
  readonly #misses: Counter;

  constructor(meter: Meter) {
    this.#duration = meter.createHistogram('db.client.operation.duration', {
      description: 'Duration of operations of the cache.',
      unit: 's',
      advice: { explicitBucketBoundaries: BOUNDARIES },
    });
    this.#hits = meter.createCounter('spakky.cache.hits', {
      description: 'Keys that were answered from what the cache held.',
      unit: '{key}',
    });
    this.#misses = meter.createCounter('spakky.cache.misses', {
      description: 'Keys that were loaded, waited for, or not there.',
      unit: '{key}',
    });
  }

  /** @param seconds how long the operation took */
  record({ hits, misses }: CacheOperation, seconds: number, attributes: Attributes): void {
    this.#duration.record(seconds, attributes);
    if (hits !== undefined) this.#hits.add(hits, attributes);
    if (misses !== undefined) this.#misses.add(misses, attributes);
  }
}
