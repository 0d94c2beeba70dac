// How large everything is: in a whole run, and in one that only shows that all works.

export const WHOLE = {
  clear: { own: 1_000_000, foreign: 200_000, rounds: 3 },
  tags: { entries: 1_000_000, chunk: 10_000, evictions: 9, reads: 20_000 },
  cluster: { keys: 5_000, callers: [100, 1_000], rounds: 5, milliseconds: 400 },
  connections: {
    processes: 5,
    caches: 50,
    trackers: [1, 10, 50],
    keys: 1_000,
    rounds: 3,
    idle: 3_000,
    milliseconds: 1_500,
  },
  large: { bytes: 16 * 2 ** 20, warmUps: 2, rounds: 5 },
  keyspace: {
    keys: 5_000_000,
    processes: 2,
    bounds: [1_000, 10_000, 100_000],
    warmUp: 300_000,
    reads: 300_000,
  },
};

export const QUICK = {
  clear: { own: 100_000, foreign: 20_000, rounds: 3 },
  tags: { entries: 50_000, chunk: 10_000, evictions: 9, reads: 5_000 },
  cluster: { keys: 2_000, callers: [100, 1_000], rounds: 1, milliseconds: 200 },
  connections: {
    processes: 2,
    caches: 10,
    trackers: [1, 5, 10],
    keys: 500,
    rounds: 1,
    idle: 1_000,
    milliseconds: 400,
  },
  large: { bytes: 16 * 2 ** 20, warmUps: 1, rounds: 1 },
  keyspace: { keys: 200_000, processes: 2, bounds: [1_000, 10_000], warmUp: 30_000, reads: 30_000 },
};
