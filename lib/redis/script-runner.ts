import { CacheSerializationError, type SpakkyCacheError } from '../contract/errors.js';
import { operationError, type RedisRequest, type RedisTarget } from './redis-error.js';
import { operationFailure } from './redis-failure.js';
import type { RedisTopology } from './redis-topology.js';
import { ANSWER } from './scripts.js';

/** One run of a script. */
export interface ScriptCall {
  readonly script: string;
  /** On one server, and of one slot in a cluster. */
  readonly keys: readonly (string | Buffer)[];
  /** What it gets after its mark. */
  readonly rest?: readonly (string | number | Buffer)[];
}

const WORDS: ReadonlySet<unknown> = new Set(Object.values(ANSWER));

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
   * @param read takes what it answered after its mark and the server's time, and throws what it cannot have answered:
   * such a reply may belong to somebody else, which is looked into
   */
  run<Value>(
    request: RedisRequest,
    { script, keys, rest = [] }: ScriptCall,
    read: (answers: readonly unknown[]) => Value,
  ): Promise<Value> {
    const [first = ''] = keys;
    return this.#topology.run(request, first, async (client, { clock }) => {
      this.#marks += 1;
      const mark = String(this.#marks);
      const askedAt = performance.now();
      const reply: unknown = await client.callBuffer('EVAL', script, keys.length, ...keys, mark, ...rest);
      if (!Array.isArray(reply) || !isMark(reply[0], mark) || typeof reply[1] !== 'number') {
        throw this.unexpected(request, 'EVAL', describeReply(reply));
      }
      const [, time, ...answers] = reply;
      const value = read(answers);
      clock.compare(time, askedAt);
      return value;
    });
  }

  /** The same for one key that must not hold something else. */
  runOwn(
    request: KeyRequest,
    script: string,
    ...rest: readonly (string | number | Buffer)[]
  ): Promise<readonly unknown[]> {
    return this.run(request, { script, keys: [physicalKey(request)], rest }, (answers) => {
      if (answers[0] === ANSWER.foreign) throw foreign(request);
      if (!WORDS.has(answers[0])) throw this.unexpected(request, 'EVAL', 'an unknown word');
      return answers;
    });
  }

  /** A reply that the command cannot have. */
  unexpected(request: RedisRequest, command: string, what: string): SpakkyCacheError {
    return unexpectedReply(request, command, what, this.#topology.target);
  }
}

/** A reply that a command cannot have. */
export function unexpectedReply(
  request: RedisRequest,
  command: string,
  what: string,
  target: RedisTarget,
): SpakkyCacheError {
  const failure = operationFailure('REDIS_UNEXPECTED_REPLY', `${command} answered ${what}`);
  return operationError(failure, request, target);
}

/** What is asked about one key. */
export type KeyRequest = RedisRequest & { readonly key: string };

/** A number that looks like it is none: another command may answer that. */
export function isMark(bytes: unknown, mark: string): boolean {
  return Buffer.isBuffer(bytes) && bytes.toString('latin1') === mark;
}

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
