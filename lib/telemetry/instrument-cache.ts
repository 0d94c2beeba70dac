import { tracingChannel } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { type MeterProvider, metrics, trace, type TracerProvider } from '@opentelemetry/api';
import { CacheConfigurationError } from '../contract/errors.js';
import type { CacheOperation } from '../core/cache-operation.js';
import { CACHE_CHANNEL } from '../core/publish-operations.js';
import { CacheInstruments } from './cache-instruments.js';
import { OperationRecorder } from './operation-recorder.js';

/** The name under which spans and metrics are made. */
const SCOPE = '@spakky/nestjs-redis-cache';

const nothing = (): void => undefined;

/** How {@link instrumentCache} tells of operations. */
export interface CacheInstrumentationOptions {
  /**
   * How spans name the key of an operation: its hash by default; in plain text only where nothing secret is in keys.
   * Metrics never name one.
   */
  readonly keys?: 'hashed' | 'plain' | 'none';
  /** Makes the spans; by default the global one. */
  readonly tracerProvider?: TracerProvider;
  /** Makes the metrics; by default the global one. */
  readonly meterProvider?: MeterProvider;
}

/** What {@link instrumentCache} has begun. */
export interface CacheInstrumentation extends Disposable {
  /** Ends it: operations that are under way still end their spans. May be repeated. */
  stop(): void;
}

/**
 * Makes OpenTelemetry spans and metrics of what every cache of this process does, until it is stopped. Call it once,
 * after the SDK has started.
 *
 * @param options how keys are named, and which providers make spans and metrics
 * @returns what ends it; `using` does so as well
 * @throws CacheConfigurationError when `keys` is none of the three words
 * @example
 * ```ts
 * import { instrumentCache } from '@spakky/nestjs-redis-cache/telemetry';
 *
 * const instrumentation = instrumentCache();
 * process.once('beforeExit', () => instrumentation.stop());
 * ```
 */
export function instrumentCache(options: CacheInstrumentationOptions = {}): CacheInstrumentation {
  const { keys = 'hashed', tracerProvider = trace, meterProvider = metrics } = options;
  if (keys !== 'hashed' && keys !== 'plain' && keys !== 'none') {
    throw new CacheConfigurationError([
      `instrumentCache() expects 'hashed', 'plain' or 'none' as keys, but found ${inspect(keys)}`,
    ]);
  }
  const instruments = new CacheInstruments(meterProvider.getMeter(SCOPE));
  const recorder = new OperationRecorder(tracerProvider.getTracer(SCOPE), instruments, keys);
  const channel = tracingChannel<unknown, CacheOperation>(CACHE_CHANNEL);
  const subscribers = {
    start: (operation: CacheOperation) => recorder.begin(operation),
    end: (operation: CacheOperation) => {
      if (operation.blocking) recorder.end(operation);
    },
    asyncStart: nothing,
    asyncEnd: (operation: CacheOperation) => recorder.end(operation),
    error: nothing,
  };
  channel.subscribe(subscribers);
  const stop = (): void => recorder.stop(() => channel.unsubscribe(subscribers));
  return { stop, [Symbol.dispose]: stop };
}
