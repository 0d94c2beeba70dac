import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from '@jest/globals';
import type { RedisCacheOptions } from '../../lib/config/redis-cache-options.js';
import { now } from './clock.js';
import type {
  Answer,
  Beginning,
  CallerAnswers,
  CallerOrder,
  Calling,
  CallReport,
  Numbered,
} from './caller-protocol.js';

const PROGRAM = fileURLToPath(new URL('caller-program.ts', import.meta.url));
const LOADER = new URL('../chaos/register.mjs', import.meta.url).href;
const SHIFTED_CLOCK = new URL('shifted-clock.mjs', import.meta.url).href;
/** Until everybody has heard of what begins, in milliseconds. */
const RUN_UP = 30;

/** Callers in a process of their own, seen from the test. */
export class CallerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #orders = 0;

  /** @param shift by how many milliseconds its clock is wrong */
  constructor(shift = 0) {
    const shifted = shift === 0 ? [] : ['--import', SHIFTED_CLOCK];
    this.#child = fork(PROGRAM, {
      execArgv: ['--import', LOADER, ...shifted],
      env: { ...process.env, CLOCK_SHIFT: String(shift) },
    });
    this.#child.setMaxListeners(0);
    this.#exited = once(this.#child, 'exit');
  }

  get isAlive(): boolean {
    return this.#child.connected;
  }

  async open(options: RedisCacheOptions): Promise<void> {
    await this.order({ kind: 'open', options });
  }

  /** What its callers went through; nothing when the process has died. */
  call(calling: Calling): Promise<CallReport> {
    return this.order({ kind: 'call', calling });
  }

  /** @throws when the process ends before it answers */
  order<Kind extends CallerOrder['kind']>(
    order: Extract<CallerOrder, { kind: Kind }>,
  ): Promise<CallerAnswers[Kind]> {
    const id = (this.#orders += 1);
    const message: Numbered<CallerOrder> = { id, body: order };
    const answer = this.#hear((said: Numbered<CallerAnswers[Kind]>) => said.id === id);
    this.#child.send(message);
    return answer.then(({ body }) => body);
  }

  /** Resolves when its next factory for a key begins. */
  async began(key: string): Promise<void> {
    await this.#hear((said: Partial<Beginning>) => said.began === key);
  }

  /** Ends it at once, whatever it does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Ends it in good order. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
  }

  #hear<Message>(isMeant: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve, reject) => {
      const listen = (message: Message): void => {
        if (!isMeant(message)) return;
        this.#child.off('message', listen);
        resolve(message);
      };
      this.#child.on('message', listen);
      void this.#exited.then(([, signal]) => reject(new Error(`A process ended by ${String(signal)}`)));
    });
  }
}

/** Several processes that do the same at the same time. */
export interface Callers {
  readonly processes: readonly CallerProcess[];
  /** Makes a cache in each, all alike. */
  open(options: RedisCacheOptions): Promise<void>;
  /** Lets callers of every process ask at the same moment; a process that dies meanwhile reports nothing. */
  call(calling: Omit<Calling, 'at'>): Promise<JointReport>;
  /** Puts a new process in the place of one that was killed. */
  replace(dead: CallerProcess): void;
}

/** Starts processes for the file that calls this, and ends them afterwards. */
export function useCallers(count: number): Callers {
  const processes: CallerProcess[] = [];
  beforeAll(() => {
    for (let number = 0; number < count; number++) processes.push(new CallerProcess());
  });
  afterAll(() => Promise.all(processes.map((each) => each.end())));
  return {
    processes,
    async open(options) {
      await Promise.all(processes.map((each) => each.open(options)));
    },
    async call(calling) {
      const at = now() + RUN_UP;
      const alive = processes.filter(({ isAlive }) => isAlive);
      const reports = await Promise.allSettled(alive.map((each) => each.call({ ...calling, at })));
      return new JointReport(
        at,
        reports.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])),
      );
    },
    replace(dead) {
      processes[processes.indexOf(dead)] = new CallerProcess();
    },
  };
}

/** What the callers of several processes went through. */
export class JointReport {
  constructor(
    /** When all of them asked, on the clock that all processes share. */
    readonly at: number,
    readonly reports: readonly CallReport[],
  ) {}

  /** Calls of the factory in all of them. */
  get loads(): readonly CallReport['loads'][number][] {
    return this.reports.flatMap(({ loads }) => loads);
  }

  /** How many callers were given each value. */
  get answers(): readonly Answer[] {
    return this.#together(this.reports.map(({ answers }) => answers));
  }

  get errors(): readonly string[] {
    return this.reports.flatMap(({ errors }) => Object.keys(errors));
  }

  /** How many callers were told an error. */
  get refused(): number {
    const all = this.reports.flatMap(({ errors }) => Object.values(errors));
    return all.reduce((sum, { count }) => sum + count, 0);
  }

  /** When the last caller was done. */
  get lastAt(): number {
    const all = this.reports.flatMap(({ answers, errors }) => [
      ...Object.values(answers),
      ...Object.values(errors),
    ]);
    return Math.max(...all.map(({ lastAt }) => lastAt));
  }

  /** How many milliseconds after the end of the only factory the last caller was done: the write came in between. */
  get delay(): number {
    const [load] = this.loads;
    if (load?.endedAt === undefined) throw new Error('No factory came to its end');
    return this.lastAt - load.endedAt;
  }

  #together(all: readonly Readonly<Record<string, Answer>>[]): Answer[] {
    const values = new Map<string, Answer>();
    for (const [value, { count, lastAt }] of all.flatMap((answers) => Object.entries(answers))) {
      const known = values.get(value) ?? { count: 0, lastAt: 0 };
      values.set(value, { count: known.count + count, lastAt: Math.max(known.lastAt, lastAt) });
    }
    return [...values.values()];
  }
}
