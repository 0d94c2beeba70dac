// The benchmark's end of a contestant's process.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('contestant-process.mjs', import.meta.url));

export class Contestant {
  #child;
  #nextId = 0;
  #waiting = new Map();

  constructor(name, description, { packageUrl, profile }) {
    this.name = name;
    Object.assign(this, description);
    this.#child = fork(PROGRAM, [], {
      serialization: 'advanced',
      execArgv: ['--expose-gc'],
      env: {
        ...process.env,
        SPAKKY_BENCH_PACKAGE: packageUrl,
        ...(profile && { SPAKKY_BENCH_PROFILE: join(profile, name) }),
      },
    });
    this.#child.on('message', ({ id, answer, failure }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failure === undefined) resolve(answer);
      else reject(new Error(`${name}: ${failure}`));
    });
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`${name}: its process ended with ${signal ?? code}`));
      }
    });
  }

  get processId() {
    return this.#child.pid;
  }

  /** Lets it do something, and waits until that is done. */
  ask(order, details = {}) {
    return new Promise((resolve, reject) => {
      this.#nextId += 1;
      this.#waiting.set(this.#nextId, { resolve, reject });
      this.#child.send({ id: this.#nextId, order, ...details });
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
