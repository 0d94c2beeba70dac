import * as fc from 'fast-check';

/** Whose leases there are; `writer` is one who writes an origin. */
export const HOLDERS = ['ann', 'ben', 'writer'] as const;
export type Holder = (typeof HOLDERS)[number];
export const PLACES = ['x', 'y'] as const;
export type Place = (typeof PLACES)[number];
export const LABELS = ['t', 'u', ''] as const;
export type Label = (typeof LABELS)[number];

/** Which write a command names: the one that is there, one that was there before, or none. */
export type Seen = 'current' | 'former' | 'none';

/** How an entry is written; times in units. */
export interface Life {
  readonly ttl: number | undefined;
  /** Absent: a plain entry. */
  readonly staleFor: number | undefined;
}

/** What a store is asked, with names in the place of what is opaque; times in units of the schedule. */
export type Question =
  | { readonly op: 'write'; readonly key: Place; readonly life: Life }
  | { readonly op: 'remove'; readonly key: Place }
  | { readonly op: 'clear' }
  | { readonly op: 'acquire'; readonly key: Place; readonly by: Holder; readonly seen: Seen }
  | { readonly op: 'renew'; readonly key: Place; readonly by: Holder }
  | { readonly op: 'fulfil'; readonly key: Place; readonly by: Holder; readonly life: Life }
  | { readonly op: 'release'; readonly key: Place; readonly by: Holder; readonly pause: number }
  | { readonly op: 'begin'; readonly key: Place }
  | { readonly op: 'settle'; readonly key: Place; readonly seen: Seen; readonly life: Life }
  | { readonly op: 'keep'; readonly key: Place; readonly seen: Seen }
  | { readonly op: 'stamp'; readonly labels: readonly Label[]; readonly need: number }
  | { readonly op: 'evict'; readonly labels: readonly Label[] }
  /** Somebody else writes into the key; only where somebody else can. */
  | { readonly op: 'spoil'; readonly key: Place; readonly as: 'bytes' | 'list' };

/** A question, and how many units pass before it. */
export interface Turn {
  readonly rest: number;
  readonly question: Question;
}

/** How long each holder's leases last, in units; they are never shortened. */
export const LEASE: Readonly<Record<Holder, number>> = { ann: 1.5, ben: 2.5, writer: 1.5 };

function op<Name extends string>(name: Name): fc.Arbitrary<Name> {
  return fc.constant(name);
}

/** An entry that is refreshed, and what comes of it, with something else in between: by chance alone that is rare. */
function refreshes(other: fc.Arbitrary<Turn[]>): fc.Arbitrary<Turn[]> {
  const end: fc.Arbitrary<Question> = fc.oneof(
    fc.record({ op: op('release'), key: fc.constant('x'), by: fc.constant('ann'), pause: fc.constant(1.5) }),
    fc.record({
      op: op('fulfil'),
      key: fc.constant('x'),
      by: fc.constant('ann'),
      life: fc.constant(LEASABLE),
    }),
    fc.record({ op: op('renew'), key: fc.constant('x'), by: fc.constant('ann') }),
  );
  return fc
    .record({ rest: fc.constantFrom(0, 0, 1, 2), end, other, by: fc.constantFrom<Holder>('ann', 'ben') })
    .map(({ rest, end: question, other: between, by }): Turn[] =>
      [
        { rest: 0, question: { op: 'write', key: 'x', life: LEASABLE } } as const,
        { rest, question: { op: 'acquire', key: 'x', by: 'ann', seen: 'current' } } as const,
        between,
        { rest: 0, question },
        { rest, question: { op: 'acquire', key: 'x', by, seen: 'current' } } as const,
      ].flat(),
    );
}

const LEASABLE: Life = { ttl: 1.5, staleFor: 3 };

/** Nothing ends at a whole number of units, and everything is asked at one: so nobody need know which came first. */
export function turns(canSpoil: boolean): fc.Arbitrary<Turn[]> {
  const key = fc.constantFrom<Place>('x', 'x', 'x', 'y');
  const by = fc.constantFrom<Holder>('ann', 'ann', 'ann', 'ann', 'ben', 'ben', 'writer');
  const seen = fc.constantFrom<Seen>('current', 'current', 'current', 'former', 'none');
  const labels = fc.uniqueArray(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 3 });
  const life = fc
    .record({
      ttl: fc.constantFrom(undefined, 0.5, 1.5, 3.5, 3.5),
      staleFor: fc.constantFrom(undefined, 0, 3, 3, 3),
    })
    .map(({ ttl, staleFor }) => ({ ttl, staleFor: ttl === undefined ? undefined : staleFor }));
  const spoils = fc.record({ op: op('spoil'), key, as: fc.constantFrom('bytes' as const, 'list' as const) });
  const question: fc.Arbitrary<Question> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ op: op('write'), key, life }) },
    { weight: 1, arbitrary: fc.record({ op: op('remove'), key }) },
    { weight: 1, arbitrary: fc.record({ op: op('clear') }) },
    { weight: 10, arbitrary: fc.record({ op: op('acquire'), key, by, seen }) },
    { weight: 2, arbitrary: fc.record({ op: op('renew'), key, by }) },
    { weight: 4, arbitrary: fc.record({ op: op('fulfil'), key, by, life }) },
    { weight: 4, arbitrary: fc.record({ op: op('release'), key, by, pause: fc.constantFrom(0, 1.5, 1.5) }) },
    { weight: 2, arbitrary: fc.record({ op: op('begin'), key }) },
    { weight: 2, arbitrary: fc.record({ op: op('settle'), key, seen, life }) },
    { weight: 2, arbitrary: fc.record({ op: op('keep'), key, seen }) },
    { weight: 2, arbitrary: fc.record({ op: op('stamp'), labels, need: fc.constantFrom(0.25, 1.25, 2.25) }) },
    { weight: 1, arbitrary: fc.record({ op: op('evict'), labels }) },
    { weight: canSpoil ? 1 : 0, arbitrary: spoils },
  );
  const rest = fc.constantFrom(0, 0, 0, 0, 1, 1, 2);
  const alone = fc.record({ rest, question }).map((turn) => [turn]);
  const parts = fc.oneof({ weight: 6, arbitrary: alone }, { weight: 1, arbitrary: refreshes(alone) });
  return fc.array(parts, { minLength: 1, maxLength: 16, size: 'max' }).map((all) => all.flat());
}
