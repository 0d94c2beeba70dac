// The benchmark's end of a process that works for it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export class Helper {
  #child;
  #nextId = 0;
  #waiting = new Map();

  /** @param program the name of a file beside this one, which calls `serve` */
  constructor(program) {
    this.#child = fork(fileURLToPath(new URL(program, import.meta.url)), [], {
      serialization: 'advanced',
      execArgv: ['--expose-gc'],
    });
    this.#child.on('message', ({ id, answer, failure }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failure === undefined) resolve(answer);
      else reject(new Error(`${program}: ${failure}`));
    });
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`${program} ended with ${signal ?? code}`));
      }
    });
  }

  /** Lets it do something, and waits until that is done. */
  ask(order, details = {}) {
    return new Promise((resolve, reject) => {
      this.#nextId += 1;
      this.#waiting.set(this.#nextId, { resolve, reject });
      this.#child.send({ id: this.#nextId, order, details });
    });
  }

  /** Resolves when its process is gone. */
  async end() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const isGone = once(this.#child, 'exit');
    this.#child.disconnect();
    await isGone;
  }
}

/** Lets several do the same at once. */
export function askAll(helpers, order, detailsOf = () => ({})) {
  return Promise.all(helpers.map((helper, index) => helper.ask(order, detailsOf(index))));
}

export async function endAll(helpers) {
  await Promise.all(helpers.map((helper) => helper.end()));
}
