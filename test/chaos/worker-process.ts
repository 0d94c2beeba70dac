import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answers, Message, Order, OrderKind } from './protocol.js';

const PROGRAM = fileURLToPath(new URL('worker-program.ts', import.meta.url));
const LOADER = new URL('register.mjs', import.meta.url).href;
/** How long a worker may take to end by itself when it is not needed any more, in milliseconds. */
const LAST_RESORT = 5_000;

/** A worker in a process of its own, seen from its parent. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #orders = 0;

  constructor(readonly number: number) {
    this.#child = fork(PROGRAM, { execArgv: ['--expose-gc', '--import', LOADER] });
    this.#exited = once(this.#child, 'exit');
  }

  /** @throws when the worker ends before it answers */
  async order<Kind extends OrderKind>(order: Extract<Order, { kind: Kind }>): Promise<Answers[Kind]> {
    const id = (this.#orders += 1);
    const answered = new Promise<Answers[Kind]>((resolve) => {
      const listen = (answer: Message<Answers[Kind]>): void => {
        if (answer.id !== id) return;
        this.#child.off('message', listen);
        resolve(answer.body);
      };
      this.#child.on('message', listen);
    });
    const message: Message<Order> = { id, body: order };
    this.#child.send(message);
    return Promise.race([answered, this.#exited.then(([code]) => this.#fail(code))]);
  }

  /** @returns whether it ended by itself when nobody needed it any more */
  async end(): Promise<boolean> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), LAST_RESORT);
    if (this.#child.connected) this.#child.disconnect();
    const [code] = await this.#exited;
    clearTimeout(timer);
    return code === 0;
  }

  #fail(code: unknown): never {
    throw new Error(`Worker ${this.number} ended with ${String(code)}`);
  }
}
