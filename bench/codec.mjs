// The codec and its frame beside plain JSON, interleaved in one run: `npm run bench:codec`.
import { Buffer } from 'node:buffer';
import process from 'node:process';

const dist = new URL(process.argv[2] ?? '../dist/esm/', import.meta.url);
const { createCodec } = await import(new URL('codec/codec.js', dist).href);
const { parseFrame, sealEntry } = await import(new URL('codec/frame.js', dist).href);
const { BODY_OFFSET } = await import(new URL('codec/frame-layout.js', dist).href);

/** Many short rounds: another process of the machine then spoils few of them. */
const ROUNDS = 501;
/** For large values fewer rounds must do, within this time. */
const CASE_MS = 3000;
const ROUND_NS = 3e5;
const WARM_UP_MS = 100;
const KEY = 'bench:key';

/** Each case: its name, its value, and the least ratio to JSON for encoding and decoding (none: information). */
const CASES = [
  ['small object, 100 B', smallObject(1), 0.5, 0.8],
  ['20-field object, 500 B', fields(20), 0.5, 0.8],
  ['array of objects, 2 KB', list(20, smallObject), 0.6, 0.8],
  ['array of objects, 20 KB', list(200, smallObject), 0.6, 1.15],
  ['array of objects, 1 MB', list(10_000, smallObject), 0.6, 1.15],
  ['array of products, 20 KB', list(90, product), 0.6, 1.15],
  ['array of products, 1 MB', list(4500, product), 0.6, 1.15],
  ['array of objects, the last one odd, 20 KB', [...list(199, smallObject), { odd: true }], 0.5, 0.8],
  ['nested arrays and objects, 100 KB', nested(700), 0.6, 1],
  ['nested arrays of numbers, 100 KB', matrix(60, 100), 0.6, 0.8],
  [
    'object of non-ASCII text, 2 KB',
    Array.from({ length: 20 }, () => ({ name: 'Zoë Łukasz', city: '東京都' })),
    0.6,
    0.8,
  ],
  ['string, 1 KB', 'The quick brown fox jumps over the lazy dog. '.repeat(23).slice(0, 1024), 1, 1],
  ['Buffer, 10 KB', Buffer.alloc(10 * 1024, 'spakky'), 1, 1],
  ['rich: dates, a Map, a bigint', rich(), undefined, undefined],
  ['rich: array of objects with a date, 20 KB', list(160, dated), undefined, undefined],
];

function list(length, make) {
  return Array.from({ length }, (_, index) => make(index));
}

function dated(index) {
  return { ...smallObject(index), since: new Date(1.7e12 + index) };
}

function product(index) {
  return {
    id: index * 7919,
    sku: `SKU-${(index * 31_337) % 100_000}`,
    title: `A product with number ${index} and words`,
    price: ((index * 199) % 10_000) / 100,
    stock: index % 50,
    lat: index * 1.1234567 + 0.1,
    lon: index / 3,
    active: index % 3 === 0,
    category: ['books', 'music', 'garden', 'toys'][index % 4],
    created: `2026-11-${String((index % 28) + 1).padStart(2, '0')}T12:00:00.000Z`,
    note: null,
    brand: `brand ${index % 10}`,
  };
}

function smallObject(index) {
  return {
    id: index,
    name: `customer ${index}`,
    email: `customer${index}@example.com`,
    active: true,
    score: 4.5,
    tag: null,
  };
}

function fields(count) {
  const entries = Array.from({ length: count }, (_, index) => [
    `field_${index}`,
    [index * 37, `some value of ${index}`, index % 2 === 0, index * 1.25][index % 4],
  ]);
  return Object.fromEntries(entries);
}

function nested(count) {
  return Array.from({ length: count }, (_, index) => ({
    id: index,
    name: `user ${index}`,
    tags: ['a', 'b', { x: index }],
    position: { lat: index * 1.1, lon: index / 3 },
    ok: index % 2 === 0,
    email: `user${index}@example.com`,
  }));
}

function matrix(rows, columns) {
  return Array.from({ length: rows }, (_, y) =>
    Array.from({ length: columns }, (__, x) => (y * columns + x) * 12345),
  );
}

function rich() {
  return {
    at: new Date(0),
    byName: new Map(
      Array.from({ length: 20 }, (_, index) => [`name ${index}`, { id: index, since: new Date(index) }]),
    ),
    balance: 12345678901234567890n,
  };
}

const codec = createCodec();
const ours = {
  encode: (value) => {
    const bytes = codec.encode(value, KEY, BODY_OFFSET.entry);
    sealEntry(bytes, KEY);
    return bytes;
  },
  decode: (bytes) => {
    const frame = parseFrame(bytes, KEY, KEY);
    return codec.decode(frame.bytes, KEY, frame.bodyStart);
  },
};
const json = {
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(bytes.toString()),
};
let sink;

function time(task, repeats) {
  const start = performance.now();
  for (let index = 0; index < repeats; index += 1) sink = task();
  return ((performance.now() - start) / repeats) * 1e6;
}

/** Long enough for the engine to optimise. */
function warmUp(task) {
  const end = performance.now() + WARM_UP_MS;
  while (performance.now() < end) sink = task();
}

/** Runs the two tasks in turns, so that a slow moment of the machine hits both. */
function compare(first, second) {
  warmUp(first);
  warmUp(second);
  const once = Math.max(time(first, 20), time(second, 20));
  const repeats = Math.max(1, Math.round(ROUND_NS / once));
  const rounds = Math.min(ROUNDS, Math.ceil((CASE_MS * 1e6) / (2 * once * repeats)));
  const times = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    times[0].push(time(first, repeats));
    times[1].push(time(second, repeats));
  }
  const ratios = times[0].map((mine, index) => times[1][index] / mine).sort((a, b) => a - b);
  return {
    mine: middle(times[0]),
    theirs: middle(times[1]),
    ratio: middle(ratios),
    low: at(ratios, 0.1),
    high: at(ratios, 0.9),
  };
}

function middle(values) {
  return at(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

function at(sorted, part) {
  return sorted[Math.floor((sorted.length - 1) * part)];
}

function row(name, what, result, bar) {
  const verdict = bar === undefined ? '' : result.ratio >= bar ? 'pass' : 'FAIL';
  return {
    case: name,
    what,
    'ours µs': (result.mine / 1000).toFixed(2),
    'JSON µs': (result.theirs / 1000).toFixed(2),
    ratio: result.ratio.toFixed(2),
    'p10–p90': `${result.low.toFixed(2)}–${result.high.toFixed(2)}`,
    bar: bar ?? '',
    verdict,
  };
}

const rows = [];
for (const [name, value, encodeBar, decodeBar] of CASES) {
  // JSON has no bigint, and loses the Map: it gets what a program would make of them. Dates it reads as text.
  const theirs =
    value.balance !== undefined
      ? { ...value, balance: String(value.balance), byName: [...value.byName] }
      : value;
  const [mineBytes, theirBytes] = [ours.encode(value), json.encode(theirs)];
  rows.push(
    row(
      name,
      'encode',
      compare(
        () => ours.encode(value),
        () => json.encode(theirs),
      ),
      encodeBar,
    ),
  );
  rows.push(
    row(
      name,
      'decode',
      compare(
        () => ours.decode(mineBytes),
        () => json.decode(theirBytes),
      ),
      decodeBar,
    ),
  );
}
console.table(rows);
if (sink === undefined) throw new Error('nothing was measured');
if (rows.some(({ verdict }) => verdict === 'FAIL')) process.exitCode = 1;
await import('./compression.mjs');
