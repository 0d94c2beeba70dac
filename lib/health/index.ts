/**
 * Tells Terminus whether a cache can be used; needs `@nestjs/terminus`.
 *
 * @module @spakky/nestjs-redis-cache/health
 */

export { type CheckableCache, RedisCacheHealthIndicator } from './redis-cache-health-indicator.js';
