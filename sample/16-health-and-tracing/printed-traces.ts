import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';

type Done = Parameters<SpanExporter['export']>[1];

const SUCCESS = 0;

/** Prints a trace as soon as its outermost span has ended, each span below its parent. */
export class PrintedTraces implements SpanExporter {
  readonly #childrenOf = new Map<string, ReadableSpan[]>();

  export(spans: ReadableSpan[], done: Done): void {
    for (const span of spans) {
      const parent = span.parentSpanContext?.spanId;
      if (parent === undefined) this.#print(span, '  ');
      else this.#childrenOf.set(parent, [...(this.#childrenOf.get(parent) ?? []), span]);
    }
    done({ code: SUCCESS });
  }

  async shutdown(): Promise<void> {
    this.#childrenOf.clear();
  }

  #print(span: ReadableSpan, indent: string): void {
    console.log([`${indent}${span.name}`, ...described(span.attributes)].join(', '));
    const { spanId } = span.spanContext();
    for (const child of this.#childrenOf.get(spanId) ?? []) this.#print(child, `${indent}  `);
    this.#childrenOf.delete(spanId);
  }
}

/** What one wants to see at a glance; there is more. */
function described(attributes: Attributes): string[] {
  return ['spakky.cache.hits', 'spakky.cache.misses', 'error.type']
    .filter((name) => attributes[name] !== undefined)
    .map((name) => `${name}: ${String(attributes[name])}`);
}
