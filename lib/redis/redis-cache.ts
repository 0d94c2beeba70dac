import { type Codec, createCodec } from '../codec/codec.js';
import { FrozenCodec } from '../codec/frozen-codec.js';
import type { RedisCacheOptions } from '../config/redis-cache-options.js';
import {
  type RedisCacheOptionSources,
  resolveRedisCacheOptions,
} from '../config/resolve-redis-cache-options.js';
import type { ResolvedRedisCacheOptions } from '../config/resolved-redis-cache-options.js';
import { collectProblems } from '../contract/collect-problems.js';
import { CacheConfigurationError } from '../contract/errors.js';
import { CoreCache } from '../core/core-cache.js';
import { loudWriteErrors } from '../core/write-error-handlers.js';
import { NearStore } from '../near/near-store.js';
import { BlockingRedisStore } from './blocking-redis-store.js';
import type { CacheLogger } from './connection-log.js';
import { createTopology } from './create-topology.js';
import { inspectDeployment } from './deployment.js';
import { locationOf, type RedisCacheLocation } from './redis-location.js';
import { RedisStore } from './redis-store.js';
import type { RedisTopology } from './redis-topology.js';
import { type RedisCacheSurvey, surveyRedis } from './survey.js';

/** What surrounds a cache: where its configuration comes from besides the options in code, and where it logs. */
export interface RedisCacheContext extends Omit<RedisCacheOptionSources, 'options'> {
  /** Told when the connection is lost and when it is back, and what fails in the background; Nest's `Logger` is one. */
  readonly logger?: CacheLogger;
}

const ENVIRONMENT: RedisCacheContext = { variable: (name) => process.env[name] };

/**
 * The cache that every instance of a service shares, in Redis.
 *
 * Inside Nest it is a provider of {@link RedisCacheModule}; outside, it is made with `new` and closed by hand or by
 * `await using`. It connects at its first operation.
 *
 * @typeParam T what the entries hold
 * @example
 * ```ts
 * const cache = new RedisCache<string>();
 * await cache.set('profile:42', 'Ada', { ttl: { minutes: 5 } });
 * const result = await cache.get('profile:42');
 * if (result.hit) console.log(result.value);
 * await cache.close();
 * ```
 */
export class RedisCache<T = unknown> extends CoreCache<T> {
  /** Where the entries live. */
  readonly location: RedisCacheLocation;
  /** Whether the application starts without waiting for Redis. */
  readonly lazy: boolean;
  readonly #topology: RedisTopology;

  /**
   * Makes a cache that connects at its first operation.
   *
   * @param options what is given here wins over the context; the rest comes from there, then from the defaults
   * @param context by default the variables `SPAKKY_REDIS__*` of the process, and no log
   * @throws CacheConfigurationError that names everything wrong at once
   */
  constructor(options: RedisCacheOptions = {}, context: RedisCacheContext = ENVIRONMENT) {
    const { resolved, codec } = configure(options, context);
    const { keyPrefix, ttl, lazy, socketTimeout, onWriteError = loudWriteErrors(context.logger) } = resolved;
    const topology = createTopology(resolved, context.logger);
    const redis = resolved.sync ? new BlockingRedisStore(topology, resolved) : new RedisStore(topology);
    const near = resolved.near === undefined ? undefined : new NearStore(redis, resolved.near);
    const store = near ?? redis;
    const { address, db } = topology.target;
    const place = { backend: 'RedisCache', address, db };
    super({ store, near, codec, place, prefix: keyPrefix, ttl, drainFor: socketTimeout, onWriteError });
    this.location = locationOf(resolved, topology.target);
    this.lazy = lazy;
    this.#topology = topology;
  }

  /**
   * Looks at the server for what will go wrong later: a version that is too old, a memory policy that lets the cache
   * push the keys of others out, entries of somebody else under the prefix. A Nest module does so when it starts, and
   * warns.
   *
   * @returns one sentence for each finding; what the server does not let one look at is left out
   * @throws RedisCacheError when the server cannot be reached
   * @example
   * ```ts
   * await using cache = new RedisCache();
   * for (const finding of await cache.inspectDeployment()) console.warn(finding);
   * ```
   */
  inspectDeployment(): Promise<readonly string[]> {
    return inspectDeployment(this.#topology, this.location.prefix);
  }

  /**
   * Asks each server how it does, and counts what is under the prefix by what it holds. It reads the names of all keys
   * of the database page by page, and the first bytes of those under the prefix: for a person, not for every request.
   * What is written meanwhile may be counted or not.
   *
   * @returns bytes of memory, latencies in milliseconds, numbers of keys; what the server does not tell is left out
   * @throws RedisCacheError when a server cannot be reached, or does not answer within the deadline of each page
   * @example
   * ```ts
   * await using cache = new RedisCache();
   * const { keys, servers } = await cache.survey();
   * console.log(keys.entries, servers[0]?.usedMemory);
   * ```
   */
  survey(): Promise<RedisCacheSurvey> {
    return surveyRedis(this.#topology, this.location.prefix);
  }
}

/** Options and serializer are judged by different rooms of the house; what is wrong in both is told at once. */
function configure(
  options: RedisCacheOptions,
  context: RedisCacheContext,
): { resolved: ResolvedRedisCacheOptions; codec: Codec } {
  const problems: string[] = [];
  const resolved = collectProblems(problems, () => resolveRedisCacheOptions({ ...context, options }));
  const serializer = resolved === undefined ? options?.serializer : resolved.serializer;
  const codec = collectProblems(problems, () => createCodec(serializer));
  if (resolved === undefined || codec === undefined) throw new CacheConfigurationError(problems);
  return { resolved, codec: resolved.near?.values === 'frozen' ? new FrozenCodec(codec) : codec };
}
