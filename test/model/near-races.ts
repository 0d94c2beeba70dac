import * as fc from 'fast-check';
import type { Action, Caller, NearSetup, Program, Scope, Tag, Writing } from './program.js';

const NEWS = 30;

/** Everything is told, and late. */
const setup = fc.constantFrom(0, 15).map((slowness): NearSetup => ({
  trustFor: 40,
  delay: NEWS,
  loss: 0,
  slowness,
  maxEntries: 100,
  ttl: undefined,
  values: 'copied',
}));

/** Who does what in this order, and the longest rest before each, in milliseconds. */
interface Role {
  readonly process: number;
  readonly actions: readonly Action[];
  readonly rest: number;
}

const look = lookAt('a');
const evict: Action = { op: 'evict', tags: ['t'] };
const remove: Action = { op: 'delete', keys: ['a'] };
const plain = setOf([]);
const tagged = setOf(['t']);
/** Only its value tells its tags. */
const late: Action = {
  op: 'load',
  keys: ['a'],
  loading: {
    ttl: 400,
    tags: ['t'],
    late: true,
    staleFor: 0,
    leaseFor: 3_000,
    waitFor: 30_000,
    factoryTimeout: undefined,
    refreshEarly: 0,
    work: { before: 0, after: 12, outcome: 'done' },
  },
};

/** What goes wrong only when certain steps meet, and hardly ever by chance. */
const RACES: readonly (readonly Role[])[] = [
  // A copy of the epoch, or of a version, is as late as the news: nothing may be written on its word.
  [
    { process: 0, actions: [late, remove, late], rest: 25 },
    { process: 1, actions: [evict], rest: 90 },
    { process: 2, actions: times(8, look), rest: 40 },
  ],
  [
    { process: 0, actions: [tagged, look, tagged, look, look, look], rest: 25 },
    { process: 1, actions: [evict], rest: 60 },
  ],
  // A copy that differs from a stamp may be the older one.
  [
    { process: 0, actions: [lookAt('b', ['t']), lookAt('b', ['t']), look], rest: 16 },
    { process: 1, actions: [tagged, evict, tagged], rest: 10 },
  ],
  // What takes several steps meets reads in between.
  [
    { process: 0, actions: [tagged, evict, look, look], rest: 12 },
    { process: 0, actions: times(10, look), rest: 5 },
    { process: 0, actions: times(10, look), rest: 5 },
  ],
  // What was read before a change is answered after it.
  [
    { process: 0, actions: [plain, { op: 'clear' }, look, look], rest: 10 },
    { process: 0, actions: times(10, look), rest: 5 },
  ],
  // Answers come in another order than they were given.
  [
    { process: 0, actions: times(10, look), rest: 4 },
    { process: 0, actions: times(10, look), rest: 4 },
    { process: 1, actions: [plain, plain, remove, plain, plain], rest: 12 },
  ],
];

/** Programs of such races. */
export function nearRaces(scope: Scope): fc.Arbitrary<Program> {
  const longest = Math.max(...scope.delays);
  return fc.record({
    seed: fc.nat(),
    delay: fc.constantFrom(0, 3, longest, longest),
    loss: fc.constant(0),
    pauseFor: fc.constant(50),
    near: setup,
    callers: fc.oneof(...RACES.map((roles) => fc.tuple(...roles.map(callers)))),
  });
}

function callers({ process, actions, rest }: Role): fc.Arbitrary<Caller> {
  const rests = actions.map(() => fc.integer({ min: 0, max: rest }));
  return fc.tuple(...rests).map((drawn): Caller => ({
    process,
    steps: actions.map((action, index) => ({ rest: drawn[index] ?? 0, action })),
  }));
}

function times(count: number, action: Action): readonly Action[] {
  return Array.from({ length: count }, () => action);
}

function lookAt(key: 'a' | 'b', named?: readonly Tag[]): Action {
  return { op: 'get', keys: [key], named };
}

function setOf(tags: Writing['tags']): Action {
  return { op: 'set', keys: ['a'], writing: { ttl: undefined, tags } };
}
