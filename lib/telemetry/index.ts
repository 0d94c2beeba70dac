/**
 * OpenTelemetry spans and metrics of every cache; needs `@opentelemetry/api`.
 *
 * @module @spakky/nestjs-redis-cache/telemetry
 */

export {
  type CacheInstrumentation,
  type CacheInstrumentationOptions,
  instrumentCache,
} from './instrument-cache.js';
