export { type CacheContractOptions, describeCacheContract } from './describe-cache-contract.js';
