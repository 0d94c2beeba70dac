export {
  type CacheContractCapability,
  type CacheContractOptions,
  describeCacheContract,
} from './describe-cache-contract.js';
