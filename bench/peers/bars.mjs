// What this package has to show beside its peers, as ratios of one run.
import { cellName } from './cases.mjs';
import { CONTESTANTS } from './contestants.mjs';
import { compareRounds, summarize } from './statistics.mjs';

/** They are measured to know where the floor is: bare drivers, the first of which lets a command wait for ever. */
const DRIVERS = new Set(['node-redis', 'node-redis-timer']);
const isPeer = (name) =>
  CONTESTANTS[name].own !== true && CONTESTANTS[name].tier !== 'memory' && !DRIVERS.has(name);
const isPeerWithoutTier = (name) => isPeer(name) && CONTESTANTS[name].tier === 'redis';
const isOneOf =
  (...names) =>
  (name) =>
    names.includes(name);

const cell = (kind, value, concurrency) => ({ kind, value, concurrency });

/** Each: what is compared, with whom (the fastest of them counts), and the least ratio. */
const BARS = [
  ['own', cell('get', 'object', 100), 'the best peer without a near tier', isPeerWithoutTier, 1.8],
  ['own', cell('get', 'object', 100), 'ioredis', isOneOf('ioredis'), 2],
  ['own', cell('get', 'object', 1), 'ioredis', isOneOf('ioredis'), 0.95],
  ['own', cell('set', 'object', 100), 'the best peer', isPeer, 1.2],
  ['own', cell('get', 'array', 1), 'the best peer without a near tier', isPeerWithoutTier, 1],
  ['own', cell('get', 'array', 100), 'the best peer without a near tier', isPeerWithoutTier, 1],
  ['own', cell('set', 'array', 1), 'the best peer', isPeer, 1],
  ['own', cell('set', 'array', 100), 'the best peer', isPeer, 1],
  ['own-copied', cell('get', 'object', 100), 'BentoCache, L1 + L2', isOneOf('bento-near'), 10],
  ['own-frozen', cell('get', 'object', 100), 'BentoCache, L1 + L2', isOneOf('bento-near'), 20],
  ['own-frozen', cell('get', 'object', 100), 'lru-cache alone', isOneOf('lru-cache'), 0.5],
].map(([who, where, beside, isRival, least]) => ({ who, where, beside, isRival, least }));

const BAR_CELLS = new Set(BARS.map(({ where }) => cellName(where)));

/**
 * How often a cell is measured: what a bar depends on more often, and most often with one caller, whose round trip
 * varies with all else that the machine does.
 */
export function roundsOf(where, least) {
  if (!BAR_CELLS.has(cellName(where))) return least;
  return where.concurrency === 1 ? 8 * least + 3 : 2 * least + 1;
}

/** Each bar with its ratio, and whether it is `met`, `not met` or `not measured`. */
export function judge(results) {
  return BARS.map(({ who, where, beside, isRival, least }) => {
    const measured = results[cellName(where)] ?? {};
    const ours = measured[who];
    const rival = Object.keys(measured).filter(isRival).toSorted(byMedian(measured)).at(-1);
    const bar = { who, where, beside, least };
    if (ours === undefined || rival === undefined) return Object.assign(bar, { verdict: 'not measured' });
    const ratio = compareRounds(ours.perSecond, measured[rival].perSecond);
    const verdict = ratio.median >= least ? 'met' : 'not met';
    return Object.assign(bar, { rival, ratio, verdict });
  });
}

function byMedian(measured) {
  const medianOf = (name) => summarize(measured[name].perSecond).median;
  return (left, right) => medianOf(left) - medianOf(right);
}
