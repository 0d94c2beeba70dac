import {
  type Attributes,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { CacheOperation } from '../core/cache-operation.js';
import type { CacheInstruments } from './cache-instruments.js';
import { attributesOf, errorTypeOf, spanNameOf } from './operation-attributes.js';

/** How spans name keys. */
export type KeyNaming = 'hashed' | 'plain' | 'none';

/** An operation under way. */
interface Begun {
  readonly span: Span;
  readonly attributes: Attributes;
  /** In milliseconds of `performance.now()`. */
  readonly at: number;
}

/** Makes a span of each operation, and measures it. */
export class OperationRecorder {
  readonly #tracer: Tracer;
  readonly #instruments: CacheInstruments;
  readonly #keys: KeyNaming;
  readonly #begun = new Map<CacheOperation, Begun>();
  /** What is left to do when nothing is under way any more; absent: new operations are recorded. */
  #onEnd: (() => void) | undefined;

  constructor(tracer: Tracer, instruments: CacheInstruments, keys: KeyNaming) {
    this.#tracer = tracer;
    this.#instruments = instruments;
    this.#keys = keys;
  }

  begin(operation: CacheOperation): void {
    if (this.#onEnd !== undefined) return;
    const attributes = attributesOf(operation);
    const kind = operation.location.address === undefined ? SpanKind.INTERNAL : SpanKind.CLIENT;
    const span = this.#tracer.startSpan(spanNameOf(operation), { kind, attributes });
    if (span.isRecording()) this.#describe(span, operation);
    this.#begun.set(operation, { span, attributes, at: performance.now() });
    const inside = trace.setSpan(context.active(), span);
    operation.runWithin((task) => context.with(inside, task));
  }

  end(operation: CacheOperation): void {
    const begun = this.#begun.get(operation);
    if (begun === undefined) return;
    this.#begun.delete(operation);
    const { span, at } = begun;
    const seconds = (performance.now() - at) / 1_000;
    const failure = 'error' in operation ? { 'error.type': errorTypeOf(operation.error) } : undefined;
    if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR }).setAttributes(failure);
    span.setAttributes(countsOf(operation)).end();
    this.#instruments.record(operation, seconds, { ...begun.attributes, ...failure });
    this.#endIfDone();
  }

  /** Records no operation that begins from now on, and calls `onEnd` when the last one has ended. */
  stop(onEnd: () => void): void {
    this.#onEnd ??= onEnd;
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#begun.size === 0) this.#onEnd?.();
  }

  #describe(span: Span, operation: CacheOperation): void {
    if (operation.scope !== '') span.setAttribute('spakky.cache.scope', operation.scope);
    const hash = this.#keys === 'hashed' ? operation.keyHash : undefined;
    if (hash !== undefined) span.setAttribute('spakky.cache.key.hash', hash);
    const key = this.#keys === 'plain' ? operation.revealKey() : undefined;
    if (key !== undefined) span.setAttribute('spakky.cache.key', key);
  }
}

/** What is known of an operation when it has ended. */
function countsOf({ keys, hits, misses }: CacheOperation): Attributes {
  return {
    'db.operation.batch.size': keys > 1 ? keys : undefined,
    'spakky.cache.hits': hits,
    'spakky.cache.misses': misses,
  };
}
