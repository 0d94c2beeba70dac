import { setTimeout as delay } from 'node:timers/promises';
import { SpakkyCacheError } from '../../lib/contract/errors.js';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { now } from '../support/clock.js';
import { Random } from '../chaos/random.js';
import type { Change, LoadPlan, LoadReport, Pause, SharedKey, SharedValue } from './protocol.js';
import { ReadLog } from './read-log.js';

/** Between two rounds of reads, in milliseconds. */
const TICK = 1;
/** What is shorter is how timers are, in milliseconds. */
const LEAST_PAUSE = 1;
/** How likely a key is read once more while it is being read. */
const OVERLAP = 0.1;
/** One round in so many asks for all keys at once. */
const BATCHES = 8;

/** Writes the keys of one process and reads those of all, and notes everything. */
export class MemberLoad {
  readonly log = new ReadLog();
  readonly #cache: RedisCache<SharedValue>;
  readonly #plan: LoadPlan;
  readonly #random: Random;
  readonly #versions: Map<string, number>;
  readonly #changes: Change[] = [];
  readonly #reading = new Map<string, number>();
  readonly #errors: Record<string, number> = {};
  readonly #pauses: Pause[] = [];
  /** When the round of reads began. */
  #round = { at: now(), processor: process.cpuUsage() };

  /** @param versions how often each key was changed before; they go on from there */
  constructor(cache: RedisCache<SharedValue>, plan: LoadPlan, versions: Map<string, number>) {
    this.#cache = cache;
    this.#plan = plan;
    this.#versions = versions;
    this.#random = new Random(`member ${plan.member}`);
  }

  async run(): Promise<LoadReport> {
    await Promise.all([this.#read(), this.#write()]);
    while (this.#reading.size > 0) await delay(TICK);
    const { near } = this.#cache.metrics();
    if (near === undefined) throw new Error('There is no near tier');
    return {
      changes: this.#changes,
      sightings: this.log.sightings,
      drops: this.log.drops,
      stepsBack: this.log.stepsBack,
      reads: this.log.reads,
      errors: this.#errors,
      near,
      pauses: this.#pauses,
    };
  }

  async #read(): Promise<void> {
    const names = this.#plan.keys.map(({ name }) => name);
    for (let round = 0; now() < this.#plan.until; round += 1) {
      if (round % BATCHES === 0) void this.#readAll(names);
      else for (const name of names) if (this.#isWanted(name)) void this.#readOne(name);
      await this.#sleep();
    }
  }

  /** A round that is late, and not because the process worked, tells that others had the processor. */
  async #sleep(): Promise<void> {
    await delay(TICK);
    const { user, system } = process.cpuUsage(this.#round.processor);
    const to = now();
    const without = to - this.#round.at - TICK - (user + system) / 1_000;
    if (without > LEAST_PAUSE) this.#pauses.push({ from: to - without, to });
    this.#round = { at: to, processor: process.cpuUsage() };
  }

  #isWanted(name: string): boolean {
    const underWay = this.#reading.get(name) ?? 0;
    return underWay === 0 || (underWay === 1 && this.#random.happens(OVERLAP));
  }

  async #readOne(name: string): Promise<void> {
    await this.#readAll([name]);
  }

  /** With `get` if it is one. */
  async #readAll(names: readonly string[]): Promise<void> {
    const free = names.length === 1 ? names : names.filter((name) => this.#isWanted(name));
    const [name] = free;
    if (name === undefined) return;
    const newest = free.map((each) => this.log.newest(each));
    for (const each of free) this.#reading.set(each, (this.#reading.get(each) ?? 0) + 1);
    const beganAt = now();
    try {
      const results =
        free.length === 1 ? [await this.#cache.get(name)] : [...(await this.#cache.getMany(free)).values()];
      for (const [index, result] of results.entries()) {
        if (result.hit) this.log.saw(free[index] ?? '', result.value.version, beganAt, newest[index] ?? 0);
        else this.log.missed();
      }
    } catch (error) {
      this.#note(error);
    } finally {
      for (const each of free) this.#end(each);
    }
  }

  #end(name: string): void {
    const left = (this.#reading.get(name) ?? 0) - 1;
    if (left > 0) this.#reading.set(name, left);
    else this.#reading.delete(name);
  }

  async #write(): Promise<void> {
    const { pace, keys, member } = this.#plan;
    const own = keys.filter(({ writer }) => writer === member);
    if (pace === undefined || own.length === 0) return;
    while (now() < this.#plan.until) {
      const key = this.#random.pick(own);
      await this.#change(key);
      // Whoever wrote it sees it at once.
      await this.#readOne(key.name);
      await delay(pace * (0.5 + this.#random.next()));
    }
  }

  async #change(key: SharedKey): Promise<void> {
    const version = (this.#versions.get(key.name) ?? 0) + 1;
    this.#versions.set(key.name, version);
    const { what, ttl, run } = this.#draw(key, version);
    const change = { key: key.name, version, what, beganAt: now() };
    try {
      const running = run();
      // What overtakes the write must not stay.
      void this.#readOne(key.name);
      await running;
      const endedAt = now();
      const goneAt = ttl === undefined ? undefined : endedAt + ttl;
      this.#changes.push({ ...change, endedAt, ...(goneAt !== undefined && { goneAt }) });
    } catch (error) {
      this.#changes.push(change);
      this.#note(error);
    }
  }

  #draw({ name, kind }: SharedKey, version: number): Drawn {
    const value = { version, writer: this.#plan.member };
    if (kind === 'tagged') {
      return this.#random.happens(0.4)
        ? { what: 'eviction', run: () => this.#cache.evictTags(name) }
        : { what: 'set', run: () => this.#cache.set(name, value, { ttl: '1m', tags: [name] }) };
    }
    if (kind === 'brief') {
      const ttl = this.#random.between(20, 60);
      return { what: 'set', ttl, run: () => this.#cache.set(name, value, { ttl }) };
    }
    return this.#random.happens(0.15)
      ? { what: 'removal', run: () => this.#cache.delete(name) }
      : { what: 'set', run: () => this.#cache.set(name, value) };
  }

  #note(error: unknown): void {
    const code = error instanceof SpakkyCacheError ? error.code : String(error);
    this.#errors[code] = (this.#errors[code] ?? 0) + 1;
  }
}

/** A change that is about to be made. */
interface Drawn {
  readonly what: Change['what'];
  /** In milliseconds. */
  readonly ttl?: number;
  readonly run: () => Promise<unknown>;
}
