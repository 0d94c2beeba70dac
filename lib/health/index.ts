export { type CheckableCache, RedisCacheHealthIndicator } from './redis-cache-health-indicator.js';
