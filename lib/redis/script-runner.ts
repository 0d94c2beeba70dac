import { CacheSerializationError, type SpakkyCacheError } from '../contract/errors.js';
import { operationError, type RedisRequest } from './redis-error.js';
import { operationFailure } from './redis-failure.js';
import type { RedisTopology } from './redis-topology.js';
import { ANSWER } from './scripts.js';

/** Runs scripts: each request with a mark of its own, so that no other reply passes for its answer. */
export class ScriptRunner {
  readonly #topology: RedisTopology;
  #marks = 0;

  constructor(topology: RedisTopology) {
    this.#topology = topology;
  }

  /**
   * Runs a script that was given its mark as the first argument.
   *
   * @param keys on one server, and of one slot in a cluster
   * @returns what it answered after its mark and the server's time
   */
  run(
    request: RedisRequest,
    script: string,
    keys: readonly (string | Buffer)[],
    ...argumentsOfScript: (string | number | Buffer)[]
  ): Promise<readonly unknown[]> {
    const [first = ''] = keys;
    return this.#topology.run(request, first, async (client, { clock }) => {
      this.#marks += 1;
      const mark = String(this.#marks);
      const askedAt = performance.now();
      const reply: unknown = await client.callBuffer(
        'EVAL',
        script,
        keys.length,
        ...keys,
        mark,
        ...argumentsOfScript,
      );
      if (!Array.isArray(reply) || String(reply[0]) !== mark || typeof reply[1] !== 'number') {
        throw this.unexpected(request, 'EVAL', describeReply(reply));
      }
      clock.compare(reply[1], askedAt);
      const [, , ...answers] = reply;
      return answers;
    });
  }

  /** The same for one key that must not hold something else. */
  async runOwn(
    request: RedisRequest & { readonly key: string },
    script: string,
    ...argumentsOfScript: (string | number | Buffer)[]
  ): Promise<readonly unknown[]> {
    const answers = await this.run(request, script, [physicalKey(request)], ...argumentsOfScript);
    if (answers[0] === ANSWER.foreign) throw foreign(request);
    return answers;
  }

  /** A reply that the command cannot have. */
  unexpected(request: RedisRequest, command: string, what: string): SpakkyCacheError {
    const failure = operationFailure('REDIS_UNEXPECTED_REPLY', `${command} answered ${what}`);
    return operationError(failure, request, this.#topology.target);
  }
}

/** What is asked about one key. */
export type KeyRequest = RedisRequest & { readonly key: string };

/** The key as it is in the store. */
export function physicalKey({ prefix, key }: KeyRequest): string {
  return prefix + key;
}

export function describeReply(reply: unknown): string {
  return reply === null ? 'null' : typeof reply;
}

/** The key holds what this cache did not write. */
export function foreign({ verb, prefix, key }: KeyRequest): CacheSerializationError {
  return new CacheSerializationError(
    'CACHE_PAYLOAD_FOREIGN',
    `Cannot ${verb} ${JSON.stringify(key)} (prefix "${prefix}"): the key holds bytes that this cache did not write. ` +
      'They were left as they are; set() replaces them.',
    { key },
  );
}
