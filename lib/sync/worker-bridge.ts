import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { CacheConfigurationError } from '../contract/errors.js';
import { anyCommand } from '../core/any-command.js';
import type { BlockingOperation, Command, Reply } from '../core/cache-store.js';
import { packCommand, type ReplyParcel, unpackReply } from './parcel.js';
import {
  CELL,
  CELLS,
  type CommandMessage,
  GONE,
  nextId,
  STATUS,
  turnOf,
  type WorkerStart,
} from './worker-protocol.js';

/** What a bridge is made of. */
export interface WorkerBridgeParts<Settings> {
  /** The program of the worker: a file of CommonJS, as no other can be loaded while this thread waits. */
  readonly file: string;
  /** What the worker is given; it is copied. */
  readonly settings: Settings;
  /** How long a command may take, in milliseconds. */
  readonly timeout: number;
  /** Makes the error of a command that was not answered. */
  readonly explain: (command: Command<BlockingOperation>, end: UnansweredEnd) => Error;
}

/** Why a command was not answered: it was or was not begun in its time, or the worker has ended. */
export type UnansweredEnd = 'unsent' | 'sent' | 'gone';

/** A timer is late, and so is a thread: what a deadline is exceeded by at most, as part of it and in milliseconds. */
const GRACE = 0.1;
const LEAST_GRACE = 50;

/** A worker that has not begun by then never will, in milliseconds. */
const LONGEST_START = 10_000;

/** The options of the process that hold for a worker's connections; the others, such as preloads, are not its business. */
const NETWORK_OPTION = /^--(?:dns-result-order=|tls-(?:min|max)-v|(?:no-)?network-family-autoselection)/;

function networkOptions(options: readonly string[]): string[] {
  return options.filter((option) => NETWORK_OPTION.test(option));
}

/**
 * Blocks this thread while a worker carries out a command. The worker is started by the first command, keeps no process
 * alive, and is replaced when it does not answer.
 */
export class WorkerBridge<Settings> {
  readonly #parts: WorkerBridgeParts<Settings>;
  readonly #patience: number;
  #thread: WorkerThread | undefined;

  constructor(parts: WorkerBridgeParts<Settings>) {
    this.#parts = parts;
    this.#patience = parts.timeout + Math.max(LEAST_GRACE, parts.timeout * GRACE);
  }

  /**
   * @throws whatever the store in the worker throws, or that it did not answer in time
   */
  execute<Op extends BlockingOperation>(command: Command<Op>): Reply<Op> {
    const thread = this.#readyThread();
    const answer = thread.ask(anyCommand(command), this.#patience);
    if (typeof answer === 'string') throw this.#parts.explain(anyCommand(command), answer);
    return unpackReply<Op>(answer);
  }

  async close(): Promise<void> {
    await this.#thread?.end();
    this.#thread = undefined;
  }

  /** The one that is there, unless it is of no use. */
  #readyThread(): WorkerThread {
    if (this.#thread?.isUsable === false) {
      void this.#thread.end();
      this.#thread = undefined;
    }
    this.#thread ??= new WorkerThread(this.#parts.file, this.#parts.settings);
    return this.#thread;
  }
}

/** One worker, and the cells that both threads see. */
class WorkerThread {
  readonly #cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
  readonly #startedAt = performance.now();
  readonly #worker: Worker;
  readonly #port: MessagePort;
  #id = 0;
  /** Whether it has left a command lying: it is dead, and the event loop had no turn yet to hear of it. */
  #isDeaf = false;

  constructor(file: string, settings: unknown) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = startWorker(file, { port: port2, cells: this.#cells, settings });
    this.#worker.unref();
    // What it failed with was told, or will be, as the end of a command.
    this.#worker.on('error', () => undefined);
    this.#worker.on('exit', () => Atomics.store(this.#cells, CELL.turn, GONE));
  }

  /** Whether it owes no answer, and has not ended. */
  get isUsable(): boolean {
    const turn = Atomics.load(this.#cells, CELL.turn);
    if (this.#isDeaf || turn === GONE || turn === turnOf(this.#id, STATUS.taken)) return false;
    return this.#hasStarted || performance.now() - this.#startedAt < LONGEST_START;
  }

  get #hasStarted(): boolean {
    return Atomics.load(this.#cells, CELL.started) === 1;
  }

  /** @param patience how long to wait, and again for as long as the worker is at work on many keys, in milliseconds */
  ask(command: Command<BlockingOperation>, patience: number): ReplyParcel | UnansweredEnd {
    // An answer that came after its caller had gone.
    while (receiveMessageOnPort(this.#port) !== undefined);
    this.#id = nextId(this.#id);
    const isListening = this.#hasStarted;
    const posted = turnOf(this.#id, STATUS.posted);
    Atomics.store(this.#cells, CELL.turn, posted);
    const message: CommandMessage = { id: this.#id, command: packCommand(command) };
    this.#port.postMessage(message, []);
    const turn = this.#wait(command.op === 'clear', patience);
    if (turn === GONE) return 'gone';
    if (turn === turnOf(this.#id, STATUS.answered)) return this.#take();
    const cancelled = turnOf(this.#id, STATUS.cancelled);
    const last = Atomics.compareExchange(this.#cells, CELL.turn, posted, cancelled);
    if (last === turnOf(this.#id, STATUS.answered)) return this.#take();
    if (last !== posted) return 'sent';
    this.#isDeaf = isListening;
    return 'unsent';
  }

  async end(): Promise<void> {
    this.#port.close();
    // Whoever waits for its end must live to see it.
    this.#worker.ref();
    await this.#worker.terminate();
  }

  /** Waits for the end of a turn; of one of many steps, each with a deadline of its own, as long as there are any. */
  #wait(hasSteps: boolean, patience: number): number {
    const [posted, taken] = [turnOf(this.#id, STATUS.posted), turnOf(this.#id, STATUS.taken)];
    let deadline = performance.now() + patience;
    let beats = Atomics.load(this.#cells, CELL.beats);
    for (;;) {
      const turn = Atomics.load(this.#cells, CELL.turn);
      if (turn !== posted && turn !== taken) return turn;
      const left = deadline - performance.now();
      // Its own word counts as well: tests stop the other clock.
      if (left > 0 && Atomics.wait(this.#cells, CELL.turn, turn, left) !== 'timed-out') continue;
      const seen = beats;
      beats = Atomics.load(this.#cells, CELL.beats);
      if (!hasSteps || beats === seen) return turn;
      deadline = performance.now() + patience;
    }
  }

  #take(): ReplyParcel | UnansweredEnd {
    const received: { readonly message: ReplyParcel } | undefined = receiveMessageOnPort(this.#port);
    return received === undefined ? 'gone' : received.message;
  }
}

/** @throws CacheConfigurationError when this process may not start one, or has too many */
function startWorker(file: string, workerData: WorkerStart<unknown>): Worker {
  const options = process.env['NODE_OPTIONS']?.split(/\s+/) ?? [];
  try {
    return new Worker(file, {
      workerData,
      transferList: [workerData.port],
      execArgv: networkOptions(process.execArgv),
      env: { ...process.env, NODE_OPTIONS: networkOptions(options).join(' ') },
    });
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const problem = `sync needs a thread, and none could be started (${reason}): allow this process to start one (--allow-worker), or leave sync out`;
    throw new CacheConfigurationError([problem], { cause });
  }
}
