import * as fc from 'fast-check';
import { EPOCH } from '../../lib/core/cache-store.js';

/** Keys whose values nobody but the cache knows. */
export const FREE = ['a', 'b'] as const;
/** Keys that have an origin: whatever is loaded is read there, and whatever is written goes there too. */
export const KEPT = ['o', 'p'] as const;
export const TAGS = ['t', 'u'] as const;
export type Key = (typeof FREE)[number] | (typeof KEPT)[number];
export const EVERY: readonly Key[] = [...FREE, ...KEPT];
export type Tag = (typeof TAGS)[number];

/** What a factory or a writer does: it takes its time, touches the origin in between, and may fail. */
export interface Work {
  readonly before: number;
  readonly after: number;
  readonly outcome: 'done' | 'failed';
}

/** How entries are written. */
export interface Writing {
  readonly ttl: number | undefined;
  readonly tags: readonly Tag[];
}

/** How values are loaded; times in milliseconds. */
export interface Loading extends Writing {
  /** Whether only the value tells the tags. */
  readonly late: boolean;
  readonly staleFor: number;
  readonly leaseFor: number;
  readonly waitFor: number;
  readonly factoryTimeout: number | undefined;
  readonly refreshEarly: number;
  readonly work: Work;
}

export type Action =
  | { readonly op: 'get'; readonly keys: readonly Key[]; readonly named: readonly Tag[] | undefined }
  | { readonly op: 'set'; readonly keys: readonly Key[]; readonly writing: Writing }
  | { readonly op: 'delete'; readonly keys: readonly Key[] }
  | { readonly op: 'clear' }
  | { readonly op: 'evict'; readonly tags: readonly Tag[] }
  | { readonly op: 'load'; readonly keys: readonly Key[]; readonly loading: Loading }
  | { readonly op: 'through'; readonly key: Key; readonly writing: Writing; readonly work: Work }
  | { readonly op: 'behind'; readonly key: Key; readonly writing: Writing; readonly work: Work }
  /** The process of the caller is killed; a new one takes its place. */
  | { readonly op: 'crash' }
  /** The server forgets versions of tags. */
  | { readonly op: 'lose'; readonly tags: readonly string[] }
  /** The server forgets everything. */
  | { readonly op: 'flush' }
  /** Something happens to the connection on which the process of the caller hears what has changed. */
  | { readonly op: 'disturb'; readonly disturbance: Disturbance };

/** What may happen to a connection; times in milliseconds. */
export interface Disturbance {
  /** It is closed; nothing comes through any more, which is noticed late; or everything on it is late. */
  readonly kind: 'closed' | 'half-open' | 'stalled';
  /** Until it is noticed, or over. */
  readonly lasts: number;
}

/** How the processes of a program keep what they have read; times in milliseconds. */
export interface NearSetup {
  /** How long a heartbeat that was answered is relied on. */
  readonly trustFor: number;
  /** The longest time that news of a change travels. */
  readonly delay: number;
  /** How likely a heartbeat is lost. */
  readonly loss: number;
  /** The longest time that an answer takes to be handed on when it has come. */
  readonly slowness: number;
  readonly maxEntries: number;
  readonly ttl: number | undefined;
  readonly values: 'copied' | 'frozen';
}

/** One call, and how long its caller rests before it. */
export interface Step {
  readonly rest: number;
  readonly action: Action;
}

/** Somebody who calls one thing after the other. */
export interface Caller {
  readonly process: number;
  readonly steps: readonly Step[];
}

/** Everything that one schedule consists of: plain data, so that it can be shrunk, printed and run again. */
export interface Program {
  /** Draws the delays. */
  readonly seed: number;
  /** The longest time that a message takes one way, in milliseconds; 0: none has a delay of its own. */
  readonly delay: number;
  /** How likely the answer to a command is lost. */
  readonly loss: number;
  /** How long failed refreshes pause. */
  readonly pauseFor: number;
  /** Absent: they keep nothing. */
  readonly near?: NearSetup;
  readonly callers: readonly Caller[];
}

/** What a stage allows; times in milliseconds. */
export interface Scope {
  readonly delays: readonly number[];
  readonly losses: readonly number[];
  readonly leases: readonly number[];
  readonly retries: boolean;
  readonly steps: number;
  /** Whether connections are disturbed, and servers forget everything. */
  readonly isDisturbed?: boolean;
}

export const PROCESSES = 3;

const some = <Item>(items: readonly Item[], maxLength = 2): fc.Arbitrary<Item[]> =>
  fc.uniqueArray(fc.constantFrom(...items), { minLength: 1, maxLength });

function writings(times: readonly (number | undefined)[]): fc.Arbitrary<Writing> {
  return fc.record({
    ttl: fc.constantFrom(...times),
    tags: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: some(TAGS) }),
  });
}

function works(failures: number): fc.Arbitrary<Work> {
  const time = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 }));
  const outcome = fc.oneof(
    { weight: 10 - failures, arbitrary: fc.constant('done' as const) },
    { weight: failures, arbitrary: fc.constant('failed' as const) },
  );
  return fc.record({ before: time, after: time, outcome });
}

function loadings({ leases }: Scope): fc.Arbitrary<Loading> {
  return fc
    .record({
      writing: writings([20, 60, 400, undefined]),
      late: fc.boolean(),
      staleFor: fc.constantFrom(0, 0, 40, 1_000),
      leaseFor: fc.constantFrom(...leases),
      waitFor: fc.constantFrom(30_000, 30_000, 60),
      factoryTimeout: fc.constantFrom(undefined, undefined, 10),
      refreshEarly: fc.constantFrom(0, 0, 3),
      work: works(3),
    })
    .map(
      ({
        writing: { ttl, tags },
        late,
        staleFor,
        leaseFor,
        waitFor,
        factoryTimeout,
        refreshEarly,
        work,
      }) => ({
        ttl,
        tags,
        late,
        // What never expires is never stale.
        staleFor: ttl === undefined ? 0 : staleFor,
        leaseFor,
        waitFor,
        factoryTimeout,
        refreshEarly: ttl === undefined ? 0 : refreshEarly,
        work,
      }),
    );
}

function op<Name extends string>(name: Name): fc.Arbitrary<Name> {
  return fc.constant(name);
}

export const disturbances: fc.Arbitrary<Disturbance> = fc.record({
  kind: fc.constantFrom('closed', 'half-open', 'stalled'),
  lasts: fc.constantFrom(20, 150, 1_000),
});

function actions(scope: Scope): fc.Arbitrary<Action> {
  const kept = {
    key: fc.constantFrom<Key>(...KEPT),
    writing: writings([150, undefined, undefined]),
    work: works(scope.retries ? 2 : 0),
  };
  const named = fc.option(some(TAGS), { nil: undefined });
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ op: op('get'), keys: some(EVERY), named }) },
    {
      weight: 4,
      arbitrary: fc.record({
        op: op('set'),
        keys: some<Key>(FREE),
        writing: writings([20, 60, 400, undefined]),
      }),
    },
    { weight: 2, arbitrary: fc.record({ op: op('delete'), keys: some(EVERY) }) },
    { weight: 1, arbitrary: fc.record({ op: op('clear') }) },
    { weight: 2, arbitrary: fc.record({ op: op('evict'), tags: some(TAGS) }) },
    { weight: 8, arbitrary: fc.record({ op: op('load'), keys: some(EVERY), loading: loadings(scope) }) },
    { weight: 3, arbitrary: fc.record({ op: op('through'), ...kept }) },
    { weight: 2, arbitrary: fc.record({ op: op('behind'), ...kept }) },
    { weight: 1, arbitrary: fc.record({ op: op('crash') }) },
    { weight: 1, arbitrary: fc.record({ op: op('lose'), tags: some([...TAGS, EPOCH]) }) },
    { weight: scope.isDisturbed === true ? 1 : 0, arbitrary: fc.record({ op: op('flush') }) },
    {
      weight: scope.isDisturbed === true ? 2 : 0,
      arbitrary: fc.record({ op: op('disturb'), disturbance: disturbances }),
    },
  );
}

/** One loads, one evicts, and others look: what only shows when several messages overtake each other, and is rare by chance. */
function races(scope: Scope): fc.Arbitrary<Program> {
  const longest = Math.max(...scope.delays);
  const rest = fc.integer({ min: 0, max: 40 });
  const loading = loadings(scope).map(({ late, leaseFor, work: { before, after } }): Loading => ({
    ttl: 400,
    tags: ['t'],
    late,
    staleFor: 0,
    leaseFor,
    waitFor: 30_000,
    factoryTimeout: undefined,
    refreshEarly: 0,
    work: { before, after, outcome: 'done' },
  }));
  const load = loading.map((drawn): Action => ({ op: 'load', keys: ['a'], loading: drawn }));
  const evict: fc.Arbitrary<Action> = fc.constant({ op: 'evict', tags: ['t'] });
  const look: fc.Arbitrary<Action> = fc.constant({ op: 'get', keys: ['a'], named: undefined });
  const caller = (process: number, action: fc.Arbitrary<Action>, steps: number): fc.Arbitrary<Caller> =>
    fc.record({
      process: fc.constant(process),
      steps: fc.array(fc.record({ rest, action }), { minLength: steps, maxLength: steps }),
    });
  return fc.record({
    seed: fc.nat(),
    delay: fc.constantFrom(0, longest, longest, longest),
    loss: fc.constant(0),
    pauseFor: fc.constant(50),
    callers: fc.tuple(caller(0, load, 2), caller(0, load, 2), caller(1, evict, 3), caller(2, look, 6)),
  });
}

/** Programs that a stage can run. */
export function programs(scope: Scope): fc.Arbitrary<Program> {
  return fc.oneof({ weight: 2, arbitrary: anything(scope) }, { weight: 1, arbitrary: races(scope) });
}

function anything(scope: Scope): fc.Arbitrary<Program> {
  const step = fc.record({
    rest: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 })),
    action: actions(scope),
  });
  const caller = fc.record({
    process: fc.integer({ min: 0, max: PROCESSES - 1 }),
    steps: fc.array(step, { minLength: 1, maxLength: scope.steps }),
  });
  return fc.record({
    seed: fc.nat(),
    delay: fc.constantFrom(...scope.delays),
    loss: fc.constantFrom(...scope.losses),
    pauseFor: fc.constantFrom(50, 200),
    callers: fc.array(caller, { minLength: 1, maxLength: 5 }),
  });
}
