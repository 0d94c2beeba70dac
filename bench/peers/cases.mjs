// What is measured: the cases, and which of them with which values and how many callers.

/** Keys that one call of `getMany` asks for. */
export const BATCH = 100;
export const TTL_MS = 3_600_000;

const failToLoad = () => {
  throw new Error('Everything that is asked for is in the cache: nobody has to load it');
};

/**
 * Each case: how its call is made of a cache, its keys and its values, and whether what a call answered is right.
 * A call gets a number that no other call of the same case has.
 */
export const CASES = {
  get: {
    title: 'get, a hit',
    call: ({ cache, keys }) => {
      const { length } = keys;
      return (index) => cache.get(keys[index % length]);
    },
    isRight: ({ cache }) => cache.isHit,
  },
  miss: {
    title: 'get, a miss',
    call: ({ cache, prefix }) => {
      return (index) => cache.get(`${prefix}absent:${index}`);
    },
    isRight:
      ({ cache }) =>
      (answer) =>
        !cache.isHit(answer),
  },
  set: {
    title: 'set with a time to live',
    call: ({ cache, keys, values }) => {
      return (index) => cache.set(keys[index % keys.length], values[index % values.length]);
    },
    isRight: () => () => true,
  },
  getOrSet: {
    title: 'getOrSet, a hit',
    call: ({ cache, keys }) => {
      const { length } = keys;
      return (index) => cache.getOrSet(keys[index % length], failToLoad);
    },
    isRight: () => (answer) => answer !== undefined && answer !== null,
  },
  getMany: {
    title: `getMany of ${BATCH}, all hits`,
    call: ({ cache, keys }) => {
      const batches = Array.from({ length: keys.length / BATCH }, (_, index) =>
        keys.slice(index * BATCH, (index + 1) * BATCH),
      );
      return (index) => cache.getMany(batches[index % batches.length]);
    },
    isRight:
      ({ cache }) =>
      (answer) => {
        const [first] = answer.values();
        return cache.isHit(first) && (answer.size ?? answer.length) === BATCH;
      },
  },
};

export const CONCURRENCIES = [1, 10, 100, 1_000];

/** All that one run measures: each line is a case, a value and how many callers there are. */
const STANDARD = [
  ['get', 'object', [1, 10, 100, 1_000]],
  ['miss', 'object', [1, 100]],
  ['getOrSet', 'object', [1, 10, 100, 1_000]],
  ['getMany', 'object', [1, 10]],
  ['set', 'object', [1, 10, 100, 1_000]],
  ['get', 'string', [1, 100]],
  ['set', 'string', [1, 100]],
  ['get', 'array', [1, 10, 100]],
  ['set', 'array', [1, 10, 100]],
  ['get', 'buffer', [1, 10]],
  ['set', 'buffer', [1, 10]],
];

/** Those that the report tells in full: what a call costs too, and how long a single one takes. */
export const DETAILED = [
  'get/object/1',
  'get/object/100',
  'set/object/1',
  'set/object/100',
  'get/array/1',
  'set/array/1',
];

export function cellName({ kind, value, concurrency }) {
  return `${kind}/${value}/${concurrency}`;
}

/** What the arguments leave of the standard; what it does not hold is measured when it is all that they ask for. */
export function chooseCells({ cases, values, concurrency }) {
  const isWanted = (cell) =>
    (cases === undefined || cases.includes(cell.kind)) &&
    (values === undefined || values.includes(cell.value)) &&
    (concurrency === undefined || concurrency.includes(cell.concurrency));
  const standard = STANDARD.flatMap(([kind, value, counts]) =>
    counts.map((count) => ({ kind, value, concurrency: count })),
  ).filter(isWanted);
  if (standard.length > 0) return standard;
  const counts = concurrency ?? CONCURRENCIES;
  return (values ?? ['object']).flatMap((value) =>
    (cases ?? Object.keys(CASES)).flatMap((kind) =>
      counts.map((count) => ({ kind, value, concurrency: count })),
    ),
  );
}
