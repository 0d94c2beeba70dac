import type { CacheCapability } from '../contract/require-capability.js';
import { BATCH_TESTS, TAGGED_BATCH_TESTS } from './batch-contract.js';
import { BATCH_LOAD_TESTS } from './batch-load-contract.js';
import type { ContractTests } from './contract-stage.js';
import { EXPLAIN_TESTS, LOADED_EXPLAIN_TESTS, TAGGED_EXPLAIN_TESTS } from './explain-contract.js';
import { LOADED_TAGS_TESTS } from './loaded-tags-contract.js';
import {
  BATCH_METRICS_TESTS,
  LOAD_METRICS_TESTS,
  METRICS_TESTS,
  TAG_METRICS_TESTS,
  WRITE_POLICY_METRICS_TESTS,
} from './metrics-contract.js';
import { PLAIN_TESTS } from './plain-contract.js';
import { STALE_TESTS } from './stale-contract.js';
import { STAMPEDE_TESTS } from './stampede-contract.js';
import { LOADED_SYNC_TESTS, SYNC_METRICS_TESTS, SYNC_TESTS, TAGGED_SYNC_TESTS } from './sync-contract.js';
import { TAGS_TESTS } from './tags-contract.js';
import {
  LOADED_WRITE_THROUGH_TESTS,
  TAGGED_WRITE_TESTS,
  WRITE_THROUGH_TESTS,
} from './write-through-contract.js';
import { WRITE_BEHIND_TESTS } from './write-behind-contract.js';

/** What the suite has tests for beside the plain contract: every capability, and the method `explain`. */
export type CacheContractCapability = CacheCapability | 'explain';

/** Tests of one subject. */
interface ContractGroup {
  readonly title: string;
  /** Without one of these there is nothing to test. */
  readonly needs: readonly CacheContractCapability[];
  readonly tests: ContractTests;
}

export const CONTRACT_GROUPS: readonly ContractGroup[] = [
  { title: 'the cache contract', needs: [], tests: PLAIN_TESTS },
  { title: 'the contract of loading', needs: ['stampede'], tests: STAMPEDE_TESTS },
  { title: 'the contract of stale values', needs: ['stampede'], tests: STALE_TESTS },
  { title: 'the contract of tags', needs: ['tags'], tests: TAGS_TESTS },
  { title: 'the contract of tags of loaded values', needs: ['tags', 'stampede'], tests: LOADED_TAGS_TESTS },
  { title: 'the contract of batches', needs: ['batch'], tests: BATCH_TESTS },
  { title: 'the contract of batches that load', needs: ['batch', 'stampede'], tests: BATCH_LOAD_TESTS },
  { title: 'the contract of batches with tags', needs: ['batch', 'tags'], tests: TAGGED_BATCH_TESTS },
  { title: 'the contract of writing through', needs: ['write-policy'], tests: WRITE_THROUGH_TESTS },
  {
    title: 'the contract of writing through beside loads',
    needs: ['write-policy', 'stampede'],
    tests: LOADED_WRITE_THROUGH_TESTS,
  },
  { title: 'the contract of writing behind', needs: ['write-policy'], tests: WRITE_BEHIND_TESTS },
  {
    title: 'the contract of writing to an origin with tags',
    needs: ['write-policy', 'tags'],
    tests: TAGGED_WRITE_TESTS,
  },
  { title: 'the contract of metrics', needs: ['metrics'], tests: METRICS_TESTS },
  { title: 'the contract of metrics of loads', needs: ['metrics', 'stampede'], tests: LOAD_METRICS_TESTS },
  { title: 'the contract of metrics of tags', needs: ['metrics', 'tags'], tests: TAG_METRICS_TESTS },
  { title: 'the contract of metrics of batches', needs: ['metrics', 'batch'], tests: BATCH_METRICS_TESTS },
  {
    title: 'the contract of metrics of writes to an origin',
    needs: ['metrics', 'write-policy'],
    tests: WRITE_POLICY_METRICS_TESTS,
  },
  { title: 'the contract of blocking calls', needs: ['sync'], tests: SYNC_TESTS },
  { title: 'the contract of blocking calls with tags', needs: ['sync', 'tags'], tests: TAGGED_SYNC_TESTS },
  {
    title: 'the contract of blocking calls beside loads',
    needs: ['sync', 'stampede'],
    tests: LOADED_SYNC_TESTS,
  },
  {
    title: 'the contract of metrics of blocking calls',
    needs: ['sync', 'metrics'],
    tests: SYNC_METRICS_TESTS,
  },
  { title: 'the contract of explanations', needs: ['explain'], tests: EXPLAIN_TESTS },
  {
    title: 'the contract of explanations with tags',
    needs: ['explain', 'tags'],
    tests: TAGGED_EXPLAIN_TESTS,
  },
  {
    title: 'the contract of explanations of loads',
    needs: ['explain', 'stampede'],
    tests: LOADED_EXPLAIN_TESTS,
  },
];
