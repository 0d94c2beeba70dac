import * as fc from 'fast-check';
import type { CacheStore } from '../../lib/core/cache-store.js';
import type { Redis } from 'ioredis';
import { nearPrograms } from './near-program.js';
import { type Program, programs } from './program.js';
import { LoopWatch, REAL, type RedisStage } from './redis-stage.js';
import { simulate, SIMULATED } from './simulation.js';
import { turns } from './store-commands.js';
import { pause } from './wire.js';
import { compareWithReference, LATE } from './store-conformance.js';
import { memoryStage, redisStage } from './store-stages.js';

/** What came of many schedules. */
export interface Findings {
  readonly runs: number;
  /** What went wrong, and how to see it again. */
  readonly flaws: readonly string[];
  /** How many schedules said nothing, because the machine was too busy. */
  readonly unjudged: number;
}

/** How many schedules run at once against one server: of those that mostly rest, and of those that mostly work. */
const MANY = 75;
const FEW = 25;
/** What goes wrong by itself when a process has no processor for a while: a lease ends, a waiter is late. */
const NEEDS_A_PROCESSOR = /^[349]:/;
/** The same, where it also has to hear in time of what others have changed. */
const NEEDS_TIMELY_NEWS = /^(1|3|4|9|11):/;
/** Connections are closed so often, in milliseconds. */
const CLOSED_EVERY = 1_300;

/** Lets several processes share a store in memory, in virtual time: all properties. What goes wrong is shrunk. */
export async function checkSimulations(seed: number, runs: number): Promise<Findings> {
  return await checkInVirtualTime(programs(SIMULATED), seed, runs);
}

/** The same with processes that keep near what they read, while their connections are disturbed. */
export async function checkNearSimulations(seed: number, runs: number): Promise<Findings> {
  return await checkInVirtualTime(nearPrograms({ ...SIMULATED, isDisturbed: true }), seed, runs);
}

async function checkInVirtualTime(
  some: fc.Arbitrary<Program>,
  seed: number,
  runs: number,
): Promise<Findings> {
  const property = fc.asyncProperty(some, async (program) => {
    const flaws = await simulate(program);
    if (flaws.length > 0) throw new Error(flaws.join('\n'));
  });
  return toFindings(await fc.check(property, { seed, numRuns: runs }));
}

/** Compares a store in memory, whose clock is turned by hand, with the reference. */
export async function checkMemoryStore(seed: number, runs: number): Promise<Findings> {
  const property = fc.asyncProperty(turns(false), async (schedule) => {
    const difference = await compareWithReference(schedule, memoryStage());
    if (difference !== undefined) throw new Error(difference);
  });
  return toFindings(await fc.check(property, { seed, numRuns: runs }));
}

/** Compares a store in Redis with the reference; what goes wrong comes again with the same seed, but is not shrunk. */
export async function checkRedisStore(
  store: CacheStore,
  raw: Redis,
  seed: number,
  runs: number,
): Promise<Findings> {
  const schedules = fc.sample(turns(true), { seed, numRuns: runs });
  const flaws: string[] = [];
  let unjudged = 0;
  await sideBySide(MANY, schedules, async (schedule, index) => {
    const difference = await compareWithReference(
      schedule,
      redisStage(store, raw, `turns:${seed}:${index}:`),
    );
    if (difference === LATE) unjudged += 1;
    else if (difference !== undefined) flaws.push(`${difference}\n${JSON.stringify(schedule)}`);
  });
  return { runs, flaws, unjudged };
}

/** Lets several processes share a store in Redis, in real time: all properties that show without looking inside. */
export async function checkSchedules(stage: RedisStage, seed: number, runs: number): Promise<Findings> {
  return await checkInRealTime(stage, fc.sample(programs(REAL), { seed, numRuns: runs }), NEEDS_A_PROCESSOR);
}

/** The same with processes that keep near what they read, while the connections on which they hear of changes are closed. */
export async function checkNearSchedules(stage: RedisStage, seed: number, runs: number): Promise<Findings> {
  const closing = setInterval(() => void stage.closeListeners(), CLOSED_EVERY);
  const schedules = fc.sample(nearPrograms(REAL), { seed, numRuns: runs });
  return await checkInRealTime(stage, schedules, NEEDS_TIMELY_NEWS).finally(() => clearInterval(closing));
}

/** @param excused what says nothing when the machine was too busy */
async function checkInRealTime(
  stage: RedisStage,
  schedules: readonly Program[],
  excused: RegExp,
): Promise<Findings> {
  const found: { readonly flaw: string; readonly program: string }[] = [];
  const loop = new LoopWatch();
  await sideBySide(FEW, schedules, async (program) => {
    const flaws = await stage.run(program);
    found.push(...flaws.map((flaw) => ({ flaw, program: JSON.stringify(program) })));
  });
  const isBusy = loop.end();
  const judged = found.filter(({ flaw }) => !(isBusy && excused.test(flaw)));
  const flaws = judged.map(({ flaw, program }) => `${flaw}\n${program}`);
  return { runs: schedules.length, flaws, unjudged: found.length - judged.length };
}

async function sideBySide<Item>(
  width: number,
  items: readonly Item[],
  run: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries();
  // One after the other, so that they do not all ask at the same moments.
  const lane = async (_unused: unknown, number: number): Promise<void> => {
    await pause(number * 7);
    for (const [index, item] of queue) await run(item, index);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

function toFindings<Shape>(details: fc.RunDetails<[Shape]>): Findings {
  const { numRuns: runs, failed, counterexample, errorInstance, seed, counterexamplePath } = details;
  if (!failed) return { runs, flaws: [], unjudged: 0 };
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const flaw = `${message}\n${JSON.stringify(counterexample?.[0])}\n(seed ${seed}, path ${counterexamplePath})`;
  return { runs, flaws: [flaw], unjudged: 0 };
}
