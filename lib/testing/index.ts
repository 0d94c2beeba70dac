/**
 * The tests that every backend of the contract passes, for any runner.
 *
 * @module @spakky/nestjs-redis-cache/testing
 */

export type { CacheContractCapability } from './contract-groups.js';
export { type CacheContractOptions, describeCacheContract } from './describe-cache-contract.js';
