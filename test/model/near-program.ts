import * as fc from 'fast-check';
import { nearRaces } from './near-races.js';
import {
  type Action,
  type Caller,
  disturbances,
  type Key,
  type Loading,
  type NearSetup,
  type Program,
  programs,
  type Scope,
  type Tag,
  type Work,
  type Writing,
} from './program.js';

/** How processes keep what they read. */
const setups: fc.Arbitrary<NearSetup> = fc.record({
  trustFor: fc.constantFrom(40, 120),
  delay: fc.constantFrom(0, 3, 12, 30, 30),
  loss: fc.constantFrom(0, 0, 0, 0.6),
  slowness: fc.constantFrom(0, 0, 15),
  maxEntries: fc.constantFrom(1, 100, 100, 100),
  ttl: fc.constantFrom(undefined, undefined, undefined, 15),
  values: fc.constantFrom('copied' as const, 'frozen' as const),
});

/** How long a process may not know of what another one has changed. */
export function newsOf({ trustFor, delay }: NearSetup): number {
  return trustFor + delay + 1;
}

/** Programs of processes that keep what they read near, and that sometimes are not told of changes. */
export function nearPrograms(scope: Scope): fc.Arbitrary<Program> {
  const program = fc.oneof(
    { weight: 1, arbitrary: programs(scope) },
    { weight: 2, arbitrary: meetings(scope, deedsAt('a', scope)) },
    { weight: 1, arbitrary: meetings(scope, deedsAt('o', scope)) },
  );
  const disturbed = fc
    .record({ program, near: setups })
    .map((drawn): Program => Object.assign({}, drawn.program, { near: drawn.near }));
  return fc.oneof({ weight: 3, arbitrary: disturbed }, { weight: 2, arbitrary: nearRaces(scope) });
}

/** What is done to a key that everybody meets at. */
interface Deeds {
  readonly look: fc.Arbitrary<Action>;
  readonly change: fc.Arbitrary<Action>;
}

const evictions: fc.Arbitrary<Action> = fc.constant({ op: 'evict', tags: ['t'] });
const clears: fc.Arbitrary<Action> = fc.constant({ op: 'clear' });
const mishaps: fc.Arbitrary<Action> = fc.oneof(
  { weight: 1, arbitrary: clears },
  { weight: 1, arbitrary: fc.constant<Action>({ op: 'flush' }) },
  { weight: 2, arbitrary: disturbances.map((disturbance): Action => ({ op: 'disturb', disturbance })) },
);
const writing = fc.record({
  ttl: fc.constantFrom(undefined, undefined, 20, 400),
  tags: fc.constantFrom<Tag[]>([], ['t']),
});
const work: Work = { before: 1, after: 8, outcome: 'done' };

function deedsAt(key: Key, { isDisturbed }: Scope): Deeds {
  const keys = [key];
  const gets = fc.constantFrom<readonly Tag[] | undefined>(undefined, undefined, undefined, ['t']);
  const loads = fc.record({ writing, late: fc.boolean(), after: fc.constantFrom(1, 12, 40) });
  const writes = writing.map((drawn): Action =>
    key === 'a'
      ? { op: 'set', keys, writing: drawn }
      : { op: drawn.ttl === undefined ? 'behind' : 'through', key, writing: drawn, work },
  );
  return {
    look: fc.oneof(
      { weight: 7, arbitrary: gets.map((named): Action => ({ op: 'get', keys, named })) },
      { weight: 1, arbitrary: fc.constant<Action>({ op: 'get', keys: ['a', 'o'], named: undefined }) },
      // The tag is known then, and the key is not.
      { weight: 1, arbitrary: fc.constant<Action>({ op: 'get', keys: ['b'], named: ['t'] }) },
      {
        weight: 2,
        arbitrary: loads.map((drawn): Action => ({ op: 'load', keys, loading: loadingOf(drawn) })),
      },
    ),
    change: fc.oneof(
      { weight: 5, arbitrary: writes },
      { weight: 2, arbitrary: fc.constant<Action>({ op: 'delete', keys }) },
      { weight: 4, arbitrary: evictions },
      { weight: 2, arbitrary: isDisturbed === true ? mishaps : clears },
    ),
  };
}

function loadingOf(drawn: {
  readonly writing: Writing;
  readonly late: boolean;
  readonly after: number;
}): Loading {
  return {
    ...drawn.writing,
    late: drawn.late,
    staleFor: 0,
    leaseFor: 3_000,
    waitFor: 30_000,
    factoryTimeout: undefined,
    refreshEarly: 0,
    work: { before: 1, after: drawn.after, outcome: 'done' },
  };
}

/** Everybody reads and changes one key at nearly the same time: by chance alone that is rare. */
function meetings(scope: Scope, { look, change }: Deeds): fc.Arbitrary<Program> {
  const rest = fc.oneof(
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 12 }) },
    { weight: 1, arbitrary: fc.integer({ min: 10, max: 90 }) },
  );
  const caller = (process: number, looks: number, changes: number, steps: number): fc.Arbitrary<Caller> => {
    const action = fc.oneof({ weight: looks, arbitrary: look }, { weight: changes, arbitrary: change });
    const drawn = fc.array(fc.record({ rest, action }), { minLength: 2, maxLength: steps, size: 'max' });
    return drawn.map((all) => ({ process, steps: all }));
  };
  return fc.record({
    seed: fc.nat(),
    delay: fc.constantFrom(...scope.delays),
    loss: fc.constant(0),
    pauseFor: fc.constant(50),
    callers: fc.tuple(caller(0, 8, 1, 10), caller(1, 1, 4, 5), caller(0, 1, 1, 6), caller(0, 5, 1, 8)),
  });
}
