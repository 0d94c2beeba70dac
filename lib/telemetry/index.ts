export {
  type CacheInstrumentation,
  type CacheInstrumentationOptions,
  instrumentCache,
} from './instrument-cache.js';
