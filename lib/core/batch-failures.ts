import { CacheBatchError, SpakkyCacheError } from '../contract/errors.js';
import { asFailure } from './as-failure.js';
import type { Outcome } from './cache-store.js';

/** Collects what fails in a batch, key by key, while the rest goes on. */
export class BatchFailures {
  readonly #failures = new Map<string, SpakkyCacheError>();
  readonly #verb: string;

  /** @param verb what was done with the keys, for the message: `read` */
  constructor(verb: string) {
    this.#verb = verb;
  }

  /**
   * Awaits one command for many keys.
   *
   * @param keys in the order of its outcomes
   * @param command whose failure as a whole is that of each key
   * @param onValue asked for every key that did not fail; its failure is that key's
   * @returns what it answered, without the keys that failed
   */
  async collect<Value, Result>(
    keys: readonly string[],
    command: Promise<readonly Outcome<Value>[]>,
    onValue: (key: string, value: Value) => Result | Promise<Result>,
  ): Promise<Map<string, Result>> {
    const outcomes = await command.catch(asFailure);
    const answers = new Map<string, Result | Promise<Result>>();
    for (const [index, key] of keys.entries()) {
      const outcome = outcomes instanceof SpakkyCacheError ? outcomes : outcomes[index];
      answers.set(key, answerTo(key, outcome, onValue));
    }
    // A promise for each key would take more than all else that is done for it.
    if (isEachAtHand(answers)) return answers;
    return await this.settle(
      keys,
      Array.from(answers.values(), async (answer): Promise<Result> => answer),
    );
  }

  /**
   * Makes something for a key at once.
   *
   * @returns undefined when that failed
   */
  attempt<Result>(key: string, make: () => Result): Result | undefined {
    try {
      return make();
    } catch (error) {
      this.#failures.set(key, asFailure(error));
      return undefined;
    }
  }

  /**
   * Awaits a task for each key.
   *
   * @returns what they answered, without the keys that failed
   * @throws what is no error of the cache: the application's own
   */
  async settle<Result>(
    keys: readonly string[],
    tasks: readonly Promise<Result>[],
  ): Promise<Map<string, Result>> {
    const results = new Map<string, Result>();
    const settled = await Promise.allSettled(tasks);
    for (const [index, key] of keys.entries()) {
      const task = settled[index];
      if (task?.status === 'fulfilled') results.set(key, task.value);
      else this.#failures.set(key, asFailure(task?.reason));
    }
    return results;
  }

  /** @throws CacheBatchError when anything failed, with the first failure as its cause */
  throwIfAny(): void {
    const [first] = this.#failures;
    if (first === undefined) return;
    const [key, cause] = first;
    const others = this.#failures.size - 1;
    const more = others === 0 ? '' : ` and ${others} more`;
    const message = `Cannot ${this.#verb} ${JSON.stringify(key)}${more}; \`failures\` tells which and why. The first: ${cause.message}`;
    throw new CacheBatchError(message, this.#failures, { cause });
  }
}

function answerTo<Value, Result>(
  key: string,
  outcome: Outcome<Value> | undefined,
  onValue: (key: string, value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  try {
    if (outcome instanceof SpakkyCacheError) throw outcome;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- there is an outcome for each key
    return onValue(key, outcome as Value);
  } catch (error) {
    return Promise.reject(error);
  }
}

function isEachAtHand<Result>(
  answers: Map<string, Result | Promise<Result>>,
): answers is Map<string, Result> {
  for (const answer of answers.values()) if (answer instanceof Promise) return false;
  return true;
}
