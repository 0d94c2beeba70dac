import { CacheLockTimeoutError, SpakkyCacheError } from '../../lib/contract/errors.js';
import { RedisCacheTimeoutError } from '../../lib/contract/redis-errors.js';
import { CacheBatchError } from '../../lib/contract/errors.js';
import { CacheWriteError } from '../../lib/contract/write-error.js';
import type { CacheResult } from '../../lib/contract/cache-result.js';
import { type Change, type History, type Put, putIn, type Run, type Visit, valueOf } from './history.js';
import { ModelFailure, type Origin } from './origin.js';
import type { CallOutcome, ModelProcess } from './process.js';
import {
  type Action,
  EVERY,
  type Key,
  type Loading,
  type Program,
  type Work,
  type Writing,
} from './program.js';
import { pause } from './wire.js';

type ActionOf<Op extends Action['op']> = Extract<Action, { readonly op: Op }>;

/** Carries out what a program says, and writes down what came of it. */
export class Actor {
  readonly #program: Program;
  readonly #history: History;
  readonly #origin: Origin;

  constructor(program: Program, history: History, origin: Origin) {
    this.#program = program;
    this.#history = history;
    this.#origin = origin;
  }

  async perform(
    action: Exclude<Action, { readonly op: 'crash' | 'lose' | 'flush' | 'disturb' }>,
    process: ModelProcess,
  ): Promise<void> {
    switch (action.op) {
      case 'get':
        return await this.#get(action, process);
      case 'set':
        return await this.#set(action, process);
      case 'delete': {
        const [key = 'a', ...others] = action.keys;
        const change = this.#change('delete', action.keys, [], process);
        return this.#close(
          change,
          await process.call<unknown>(() =>
            others.length === 0 ? process.cache.delete(key) : process.cache.deleteMany(action.keys),
          ),
        );
      }
      case 'clear': {
        const change = this.#change('clear', EVERY, [], process);
        return this.#close(change, await process.call(() => process.cache.clear()));
      }
      case 'evict': {
        const change = this.#change('evict', EVERY, action.tags, process);
        return this.#close(change, await process.call(() => process.cache.evictTags(...action.tags)));
      }
      case 'load':
        return await this.#load(action, process);
      case 'through':
        return await this.#through(action, process);
      case 'behind':
        return await this.#behind(action, process);
    }
  }

  async #get({ keys, named }: ActionOf<'get'>, process: ModelProcess): Promise<void> {
    const begun = performance.now();
    const [key = 'a', ...others] = keys;
    const outcome = await process.call(async (): Promise<ReadonlyMap<string, CacheResult<string>>> => {
      if (others.length > 0) return await process.cache.getMany(keys);
      return new Map([
        [key, await process.cache.get(key, named === undefined ? undefined : { tags: named })],
      ]);
    });
    if (outcome.kind === 'failed') this.#judgeError('get', outcome.error);
    if (outcome.kind !== 'done') return;
    for (const each of keys) {
      const result = outcome.value.get(each);
      this.#read('get', each, process, begun, result?.hit === true ? result.value : undefined, undefined);
    }
  }

  async #set({ keys, writing }: ActionOf<'set'>, process: ModelProcess): Promise<void> {
    const change = this.#change('set', keys, writing.tags, process);
    const puts = keys.map((key) => this.#put(key, 'set', 0, change.begun, process, writing));
    const [first] = puts;
    const outcome = await process.call(() =>
      puts.length === 1 && first !== undefined
        ? process.cache.set(first.key, valueOf(first), writing)
        : process.cache.setMany(
            puts.map((put) => [put.key, valueOf(put)]),
            writing,
          ),
    );
    this.#close(change, outcome, puts);
  }

  async #load({ keys, loading }: ActionOf<'load'>, process: ModelProcess): Promise<void> {
    const begun = performance.now();
    const visits = new Map(
      keys.map((key) => {
        const visit: Visit = {
          key,
          process: process.number,
          loading,
          begun,
          hasLoaded: false,
          ended: Infinity,
        };
        // What a batch waits for cannot be told apart.
        if (keys.length === 1) this.#history.visits.push(visit);
        return [key, visit];
      }),
    );
    const [key = 'a', ...others] = keys;
    const { ttl, staleFor, leaseFor, waitFor, factoryTimeout, refreshEarly, tags, late } = loading;
    const options = {
      ttl,
      staleFor,
      leaseFor,
      waitFor,
      factoryTimeout,
      refreshEarly,
      pauseFor: this.#program.pauseFor,
      tags: late ? () => tags : tags,
    };
    const make = (missing: readonly string[], signal: AbortSignal): Promise<Map<Key, string>> =>
      this.#make(
        missing.flatMap((one) => visits.get(toKey(one)) ?? []),
        process,
        loading,
        signal,
      );
    const outcome = await process.call(async (): Promise<ReadonlyMap<string, string>> => {
      if (others.length > 0)
        return await process.cache.getOrSetMany(
          keys,
          (missing, { signal }) => make(missing, signal),
          options,
        );
      const factory = async ({ signal }: { readonly signal: AbortSignal }): Promise<string> =>
        (await make([key], signal)).get(key) ?? '';
      return new Map([[key, await process.cache.getOrSet(key, factory, options)]]);
    });
    if (outcome.kind === 'died') return;
    for (const visit of visits.values()) visit.ended = performance.now();
    if (outcome.kind === 'failed') return this.#judgeError('getOrSet', outcome.error);
    for (const each of keys) this.#read('load', each, process, begun, outcome.value.get(each), loading);
  }

  /** The factory, of one key or of several. */
  async #make(
    visits: readonly Visit[],
    process: ModelProcess,
    loading: Loading,
    signal: AbortSignal,
  ): Promise<Map<Key, string>> {
    const begun = performance.now();
    const runs = visits.map((visit) => {
      visit.hasLoaded = true;
      const { key } = visit;
      const run: Run = {
        key,
        process: process.number,
        visit,
        begun,
        ended: Infinity,
        hasFailed: false,
        isAborted: false,
      };
      return this.#history.add(this.#history.runs, run);
    });
    try {
      await pauseIfAny(loading.work.before);
      const versions = runs.map(({ key }) => this.#origin.read(key));
      await pauseIfAny(loading.work.after);
      if (loading.work.outcome === 'failed') throw new ModelFailure('The factory fails.');
      const puts = runs.map(({ key }, index) =>
        this.#put(key, 'load', versions[index] ?? 0, begun, process, loading, visits[index]?.begun),
      );
      return new Map(puts.map((put) => [put.key, valueOf(put)]));
    } catch (error) {
      for (const run of runs) run.hasFailed = true;
      throw error;
    } finally {
      for (const run of runs) {
        run.isAborted = signal.aborted;
        if (!process.isDead) run.ended = performance.now();
      }
    }
  }

  async #through({ key, writing, work }: ActionOf<'through'>, process: ModelProcess): Promise<void> {
    const change = this.#change('through', [key], writing.tags, process);
    const put = this.#put(key, 'through', this.#origin.next(), change.begun, process, writing);
    process.writing.add(put);
    const outcome = await process.call(() =>
      process.cache.writeThrough(key, valueOf(put), () => this.#writeOrigin(put, work, process), writing),
    );
    this.#close(change, outcome, [put]);
    const isKnown =
      outcome.kind === 'done' || (outcome.kind === 'failed' && outcome.error instanceof ModelFailure);
    if (isKnown) process.writing.delete(put);
    else this.#history.spoiled.add(key);
  }

  async #behind({ key, writing, work }: ActionOf<'behind'>, process: ModelProcess): Promise<void> {
    const change = this.#change('behind', [key], writing.tags, process);
    const put = this.#put(key, 'behind', this.#origin.next(), change.begun, process, writing);
    process.writing.add(put);
    let attempts = 0;
    const outcome = await process.call(() =>
      process.cache.writeBehind(
        key,
        valueOf(put),
        async () => {
          attempts += 1;
          const isPatient = put.version % 3 > 0;
          const fails = work.outcome === 'failed' && (attempts === 1 || !isPatient);
          await this.#writeOrigin(put, { ...work, outcome: 'done' }, process);
          // It was written, and nobody is told.
          if (fails) throw new ModelFailure('The writer fails.');
        },
        writing,
      ),
    );
    if (outcome.kind !== 'done') this.#history.spoiled.add(key);
    this.#close(change, outcome, [put]);
  }

  async #writeOrigin({ key, version }: Put, work: Work, process: ModelProcess): Promise<void> {
    await pauseIfAny(work.before);
    if (work.outcome === 'failed') throw new ModelFailure('The writer fails.');
    if (!process.isDead) this.#origin.write(key, version);
    await pauseIfAny(work.after);
  }

  #put(
    key: Key,
    via: Put['via'],
    version: number,
    begun: number,
    { number }: ModelProcess,
    { ttl, tags, staleFor = 0 }: Writing & Partial<Loading>,
    called = begun,
  ): Put {
    return this.#history.addPut({ key, via, version, process: number, called, begun, ttl, tags, staleFor });
  }

  #read(
    kind: 'get' | 'load',
    key: Key,
    { number }: ModelProcess,
    begun: number,
    value: string | undefined,
    loading: Loading | undefined,
  ): void {
    const put = putIn(value);
    if (value !== undefined && this.#history.puts.get(put ?? 0)?.key !== key) {
      this.#history.flaws.push(`5: ${kind} of ${key} answered ${value}, which nobody wrote there`);
    }
    this.#history.reads.push({ kind, key, process: number, begun, ended: performance.now(), put, loading });
  }

  #change(op: Change['op'], keys: readonly Key[], tags: readonly string[], { number }: ModelProcess): Change {
    const begun = performance.now();
    return this.#history.add(this.#history.changes, {
      op,
      order: this.#history.nextOrder(),
      keys,
      tags,
      process: number,
      begun,
      answered: Infinity,
      ended: Infinity,
      hasFailed: false,
    });
  }

  #close(change: Change, outcome: CallOutcome<unknown>, puts: readonly Put[] = []): void {
    if (outcome.kind === 'died') return;
    if (outcome.kind === 'failed') {
      this.#judgeError(change.op, outcome.error);
      change.hasFailed = true;
      return;
    }
    change.answered = performance.now();
    // Its writer and what follows it come later.
    if (change.op !== 'behind') change.ended = change.answered;
    for (const put of puts) put.ended = change.answered;
  }

  #judgeError(op: string, error: unknown): void {
    if (isExpected(error, this.#program.loss > 0)) return;
    const what = error instanceof SpakkyCacheError ? `${error.code}: ${error.message}` : String(error);
    this.#history.flaws.push(`${op} failed without a reason: ${what}`);
  }
}

function isExpected(error: unknown, isLossy: boolean): boolean {
  if (error instanceof ModelFailure || error instanceof CacheLockTimeoutError) return true;
  if (error instanceof CacheBatchError)
    return [...error.failures.values()].every((failure) => isExpected(failure, isLossy));
  return isLossy && (error instanceof RedisCacheTimeoutError || error instanceof CacheWriteError);
}

function toKey(text: string): Key {
  const key = EVERY.find((one) => one === text);
  if (key === undefined) throw new Error(`A factory was asked for ${text}, which nobody asked for`);
  return key;
}

function pauseIfAny(milliseconds: number): Promise<void> {
  return milliseconds > 0 ? pause(milliseconds) : Promise.resolve();
}
