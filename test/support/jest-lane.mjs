// A runner for Jest whose projects share a lane: jest.config.js says how many test files of a lane run at once, and one
// lane comes after the other.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';

/** The runner that Jest itself uses, as Jest finds it. */
const { default: TestRunner } = ['jest', '@jest/core'].reduce(
  (from, name) => createRequire(from.resolve(name)),
  createRequire(import.meta.url),
)('jest-runner');

export default class Lane extends TestRunner {
  #longest;

  /**
   * @param lane `name`; `atOnce`: how many files run at the same time, each in a process of its own unless it is one;
   *   `longest`: files to begin with, so that none of the others ends long before them
   */
  constructor(globalConfig, context, { atOnce, longest }) {
    super({ ...globalConfig, maxWorkers: atOnce }, context);
    this.isSerial = atOnce === 1;
    this.#longest = longest;
  }

  /** Jest replaces a process that dies, and runs its file again without a word: that is no success here. */
  async runTests(tests, watcher, options) {
    const deaths = [];
    const watch = ({ process: worker }) => worker.once('exit', (code) => code && deaths.push(code));
    subscribe('child_process', watch);
    try {
      await super.runTests(this.#inOrder(tests), watcher, options);
    } finally {
      unsubscribe('child_process', watch);
    }
    if (!options.serial && deaths.length > 0) {
      throw new Error(`${deaths.length} processes that ran tests ended by themselves, with ${deaths.join()}`);
    }
  }

  #inOrder(tests) {
    const isLong = ({ path }) => this.#longest.some((name) => path.endsWith(name));
    return [...tests.filter(isLong), ...tests.filter((test) => !isLong(test))];
  }
}
