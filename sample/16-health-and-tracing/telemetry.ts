import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { instrumentCache } from '@spakky/nestjs-redis-cache/telemetry';
import { PrintedMetrics } from './printed-metrics.js';
import { PrintedTraces } from './printed-traces.js';

/** Stops what {@link startTelemetry} has begun, and exports what has not left yet. */
export type StopTelemetry = () => Promise<void>;

/**
 * The SDK, and the cache's part in it. Instead of printing, an application sends: `new BatchSpanProcessor(new
 * OTLPTraceExporter())` of `@opentelemetry/exporter-trace-otlp-http` in the place of the processor, and
 * `OTLPMetricExporter` of `@opentelemetry/exporter-metrics-otlp-http` in the place of the exporter. With `NodeSDK` of
 * `@opentelemetry/sdk-node` all that is left to do here is the call of `instrumentCache()`.
 */
export function startTelemetry(): StopTelemetry {
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(new PrintedTraces())],
  });
  const meterProvider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: new PrintedMetrics() })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);

  const instrumentation = instrumentCache();
  return async () => {
    instrumentation.stop();
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
  };
}
