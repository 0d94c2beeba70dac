// What compressing values costs and saves: a part of `npm run bench:codec`, or alone `node bench/compression.mjs`.
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import process from 'node:process';
import * as zlib from 'node:zlib';

const dist = new URL(process.argv[2] ?? '../dist/esm/', import.meta.url);
const { createCodec } = await import(new URL('codec/codec.js', dist).href);
const { packBody, unpackBody } = await import(new URL('codec/compression.js', dist).href);

const KEY = 'bench:key';
const ALGORITHMS = ['deflate', 'gzip', 'brotli', ...('zstdCompressSync' in zlib ? ['zstd'] : [])];
const SIZES = [1024, 2048, 4096, 8192, 16_384, 65_536, 262_144, 1_048_576];
/** Of which every figure is shown. */
const SHOWN = new Set([4096, 16_384, 1_048_576]);
const CASE_MS = 150;
const ROUNDS = 201;
/** A network of 1 Gbit/s takes this for a byte. */
const GIGABIT_NS = 8;

const KINDS = [
  [
    'objects that are alike',
    (size) => filled(size, (count) => Array.from({ length: count }, (_, index) => order(index))),
  ],
  [
    'JSON of other objects',
    (size) => filled(size, (count) => Array.from({ length: count }, (_, index) => other(index))),
  ],
  ['prose', (size) => prose(size)],
  ['hexadecimal digits', (size) => Buffer.from(bytes(size / 2)).toString('hex')],
  ['random bytes', (size) => Buffer.from(bytes(size))],
];

let state = 1;
function random(below) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

function bytes(size) {
  return Uint8Array.from({ length: size }, () => random(256));
}

function order(index) {
  return {
    id: index * 7919,
    customer: `customer ${random(100_000)}`,
    total: random(100_000) / 100,
    currency: ['EUR', 'USD', 'KRW'][random(3)],
    paid: random(2) === 0,
    note: null,
  };
}

function other(index) {
  const { note: _note, ...rest } = order(index);
  return index % 2 === 0 ? rest : { ...rest, lines: [{ sku: `SKU-${random(1_000_000)}`, count: random(9) }] };
}

/** Words of two to nine letters, the frequent ones often, as in a language. */
const WORDS = Array.from({ length: 3000 }, () =>
  Array.from({ length: 2 + random(8) }, () => 'etaoinshrdlucmfwyp'[random(18)]).join(''),
);

function prose(size) {
  let text = '';
  while (text.length < size) text += `${WORDS[Math.floor(random(1000) ** 2 / 334)]} `;
  return text.slice(0, size);
}

const plain = createCodec();

/** As many objects as make about that many bytes. */
function filled(size, make) {
  const per = plain.encode(make(200), KEY).length / 200;
  return make(Math.max(1, Math.round(size / per)));
}

/** Bits a byte by the frequency of bytes alone. */
function entropy(body) {
  const counts = new Map();
  for (const byte of body) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / body.length) * Math.log2(count / body.length);
  return bits;
}

let sink;
/** Microseconds; the lowest quarter, as another process of the machine only ever adds to it. */
function measure(task) {
  const times = [];
  const end = performance.now() + CASE_MS;
  for (let round = 0; round < 5 || (round < ROUNDS && performance.now() < end); round += 1) {
    const start = performance.now();
    sink = task();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[times.length >> 2] * 1000;
}

function from(size) {
  return size === undefined ? 'never' : `from ${size}`;
}

/** Nanoseconds for a byte from one end of a local connection to the other, both ends in this process. */
async function loopback() {
  const chunk = Buffer.alloc(1 << 20);
  const total = 256;
  const server = createServer((socket) => {
    for (let index = 0; index < total; index += 1) socket.write(chunk);
    socket.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const start = performance.now();
  const socket = connect(server.address().port, '127.0.0.1').resume();
  await once(socket, 'close');
  server.close();
  return ((performance.now() - start) * 1e6) / (total * chunk.length);
}

const loopbackNs = await loopback();
const rows = [];
const summary = [];
for (const [kind, make] of KINDS) {
  for (const algorithm of ALGORITHMS) {
    const compression = { algorithm, above: 0, level: 1 };
    let reads;
    let writes;
    for (const size of SIZES) {
      const body = plain.encode(make(size), KEY);
      const packed = packBody(body, 0, compression);
      const pack = measure(() => packBody(body, 0, compression));
      const unpack = packed === body ? 0 : measure(() => unpackBody(packed, 0, KEY));
      const saved = body.length - packed.length;
      const [network, local] = [saved * GIGABIT_NS, saved * loopbackNs].map((ns) => ns / 1000);
      if (unpack < network) reads ??= size;
      else reads = undefined;
      if (pack < network) writes ??= size;
      else writes = undefined;
      if (!SHOWN.has(size)) continue;
      rows.push({
        value: kind,
        bytes: body.length,
        'bits a byte': entropy(body).toFixed(1),
        with: algorithm,
        'stored %': ((packed.length / body.length) * 100).toFixed(0),
        'pack µs': pack.toFixed(0),
        'unpack µs': unpack.toFixed(0),
        'saved µs, 1 Gbit/s': network.toFixed(0),
        'saved µs, loopback': local.toFixed(0),
      });
    }
    summary.push({
      value: kind,
      with: algorithm,
      'reading pays at 1 Gbit/s': from(reads),
      'writing pays': from(writes),
    });
  }
}
console.table(rows);
console.table(summary);
console.log(`loopback: ${loopbackNs.toFixed(2)} ns a byte; Node.js ${process.version}`);
if (sink === undefined) throw new Error('nothing was measured');
