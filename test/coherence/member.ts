import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answers, Numbered, Order } from './protocol.js';

const PROGRAM = fileURLToPath(new URL('member-program.ts', import.meta.url));
const LOADER = new URL('../chaos/register.mjs', import.meta.url).href;

/** A process that reads through a near tier, seen from its parent. */
export class Member {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #orders = 0;

  constructor() {
    this.#child = fork(PROGRAM, { execArgv: ['--import', LOADER] });
    this.#exited = once(this.#child, 'exit');
  }

  /** @throws when the process ends before it answers */
  order<Kind extends Order['kind']>(order: Extract<Order, { kind: Kind }>): Promise<Answers[Kind]> {
    const id = (this.#orders += 1);
    const answered = new Promise<Answers[Kind]>((resolve) => {
      const listen = (answer: Numbered<Answers[Kind]>): void => {
        if (answer.id !== id) return;
        this.#child.off('message', listen);
        resolve(answer.body);
      };
      this.#child.on('message', listen);
    });
    const message: Numbered<Order> = { id, body: order };
    this.#child.send(message);
    return Promise.race([answered, this.#exited.then(([code]) => fail(code))]);
  }

  /** Ends it in good order. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
  }
}

function fail(code: unknown): never {
  throw new Error(`A process behind a near tier ended with ${String(code)}`);
}
