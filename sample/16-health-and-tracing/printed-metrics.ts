import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';

type Done = Parameters<PushMetricExporter['export']>[1];

const SUCCESS = 0;

/** Prints a line for each metric and operation. */
export class PrintedMetrics implements PushMetricExporter {
  export({ scopeMetrics }: ResourceMetrics, done: Done): void {
    for (const metric of scopeMetrics.flatMap((scope) => scope.metrics)) {
      for (const { attributes, value } of metric.dataPoints) {
        const { 'db.operation.name': operation, 'error.type': failure } = attributes;
        const what = [operation, failure].filter((part) => part !== undefined).join(', ');
        // A histogram has counted how many durations it was told.
        const count = typeof value === 'number' ? value : value.count;
        console.log(`${metric.descriptor.name} (${what}): ${count}`);
      }
    }
    done({ code: SUCCESS });
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
