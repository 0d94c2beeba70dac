import type { CacheStore, Command } from '../../lib/core/cache-store.js';
import { Actor } from './actor.js';
import { History, NOBODY, versionIn } from './history.js';
import { ModelFailure, Origin } from './origin.js';
import { type Connection, ModelProcess } from './process.js';
import { type Caller, EVERY, KEPT, type Key, PROCESSES, type Program } from './program.js';
import { pause, type Server, type Weather, Wire } from './wire.js';
import { Witness } from './witness.js';
import { Random } from '../chaos/random.js';

/** What the connections of all processes reach. */
export interface SharedServer {
  readonly store: CacheStore;
  arrive(command: Command, process: number): Promise<unknown>;
  split?(command: Command): readonly Command[] | undefined;
  /** Forgets everything, and tells everybody who has asked to be told. */
  flush?(prefix: string): Promise<void>;
}

/** Where programs run. */
export interface Stage {
  readonly prefix: string;
  /** How long it takes until nothing happens any more when every call has ended, in milliseconds. */
  readonly quietAfter: number;
  /** What the connection of a process reaches. */
  serverFor(process: number, history: History, random: Random): SharedServer;
  /** Connects a process with the server; absent: plainly. */
  connect?(server: Server, weather: Weather, process: number): Connection;
  /** Looks at what processes have kept when every call has ended, and again when nothing happens any more. */
  compare?(history: History, processes: readonly ModelProcess[]): Promise<void>;
  /** Looks at what is left, when nothing happens any more. */
  inspect?(history: History, program: Program): Promise<void>;
}

/** Runs a program on a stage, until nothing happens any more. */
export async function runProgram(program: Program, stage: Stage): Promise<History> {
  const run = new ProgramRun(program, stage);
  return await run.toItsEnd();
}

class ProgramRun {
  readonly #program: Program;
  readonly #stage: Stage;
  readonly #history = new History();
  readonly #origin = new Origin();
  readonly #random: Random;
  readonly #actor: Actor;
  readonly #processes: ModelProcess[] = [];
  readonly #dead: ModelProcess[] = [];

  constructor(program: Program, stage: Stage) {
    this.#program = program;
    this.#stage = stage;
    this.#random = new Random(String(program.seed));
    this.#actor = new Actor(program, this.#history, this.#origin);
    for (let number = 0; number < PROCESSES; number += 1) this.#processes.push(this.#start(number));
  }

  async toItsEnd(): Promise<History> {
    await Promise.all(this.#program.callers.map((caller) => this.#play(caller)));
    await this.#stage.compare?.(this.#history, this.#processes);
    await pause(this.#stage.quietAfter);
    await this.#stage.compare?.(this.#history, this.#processes);
    await this.#compareOrigins();
    await this.#stage.inspect?.(this.#history, this.#program);
    await Promise.all([...this.#processes, ...this.#dead].map((process) => process.end()));
    return this.#history;
  }

  #start(number: number): ModelProcess {
    const server = this.#stage.serverFor(number, this.#history, this.#random);
    const witness = new Witness(this.#history, this.#program.pauseFor);
    const seen: Server = {
      store: server.store,
      arrive: (command) => server.arrive(command, number),
      sent: (command) => witness.sent(command),
      answered: (command, reply, sentAt) => witness.answered(command, reply, sentAt),
      lost: (command) => witness.lost(command),
      split: (command) => server.split?.(command),
    };
    const { delay, loss } = this.#program;
    const weather = { random: this.#random, delay, loss };
    const connection = this.#stage.connect?.(seen, weather, number) ?? { wire: new Wire(seen, weather) };
    const process: ModelProcess = new ModelProcess(
      number,
      connection,
      witness,
      this.#stage.prefix,
      (error, { key }) => {
        if (process.isDead) return;
        const spoiled = KEPT.find((kept) => kept === key);
        if (error instanceof ModelFailure || spoiled === undefined) return;
        this.#history.spoiled.add(spoiled);
        if (loss === 0) this.#history.flaws.push(`7: ${key} could not be kept in step: ${String(error)}`);
      },
    );
    return process;
  }

  async #play({ process, steps }: Caller): Promise<void> {
    for (const { rest, action } of steps) {
      if (rest > 0) await pause(rest);
      if (action.op === 'crash') this.#crash(process);
      else if (action.op === 'lose') await this.#changeServer('lose', [], action.tags);
      else if (action.op === 'flush') await this.#changeServer('flush', EVERY, []);
      else if (action.op === 'disturb') this.#process(process).disturb(action.disturbance);
      else await this.#actor.perform(action, this.#process(process));
    }
  }

  #process(number: number): ModelProcess {
    const process = this.#processes[number];
    if (process === undefined) throw new Error(`There is no process ${number}`);
    return process;
  }

  #crash(number: number): void {
    const process = this.#process(number);
    process.die();
    this.#history.crashes.push({ process: number, at: performance.now() });
    for (const { key } of process.writing) this.#history.spoiled.add(key);
    this.#dead.push(process);
    this.#processes[number] = this.#start(number);
  }

  /** Something happens to the server that no process has asked for. */
  async #changeServer(op: 'lose' | 'flush', keys: readonly Key[], tags: readonly string[]): Promise<void> {
    const change = this.#history.add(this.#history.changes, {
      op,
      order: this.#history.nextOrder(),
      keys,
      tags,
      process: NOBODY,
      begun: performance.now(),
      answered: Infinity,
      ended: Infinity,
      hasFailed: false,
    });
    const { prefix } = this.#stage;
    const server = this.#stage.serverFor(0, this.#history, this.#random);
    if (op === 'lose') await server.store.execute({ op: 'evict', prefix, tags });
    else await server.flush?.(prefix);
    change.answered = performance.now();
    change.ended = change.answered;
  }

  /** Property 7: whatever writers and loads did at once, the cache does not differ from the origin for good. */
  async #compareOrigins(): Promise<void> {
    const { store } = this.#stage.serverFor(0, this.#history, this.#random);
    for (const key of KEPT) {
      if (this.#history.spoiled.has(key)) continue;
      const version = await this.#heldVersion(store, key);
      if (version === undefined || version === this.#origin.read(key)) continue;
      this.#history.flaws.push(`7: ${key} holds version ${version}, its origin ${this.#origin.read(key)}`);
    }
  }

  async #heldVersion(store: Server['store'], key: Key): Promise<number | undefined> {
    const { prefix } = this.#stage;
    const [slot] = await store.execute({ op: 'read', prefix, keys: [key] });
    if (slot === undefined || !('state' in slot) || slot.state !== 'entry') return undefined;
    const tags = [...(slot.stamps?.keys() ?? [])];
    const versions = await store.execute({ op: 'versions', prefix, tags });
    const isCurrent = tags.every((tag, index) => slot.stamps?.get(tag) === versions[index]);
    return isCurrent ? versionIn(slot.bytes.toString('latin1')) : undefined;
  }
}
