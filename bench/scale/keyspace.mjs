// Millions of keys in Redis, and a near tier that holds a few thousand of them.
import os from 'node:os';
import { askAll, endAll, Helper } from './helper.mjs';
import { ObservedServer } from './server.mjs';
import { bytes, count, microseconds, percent, seconds, significant, table } from './words.mjs';
import { SKEW } from './zipf.mjs';

const PREFIX = 'bench:keyspace:';
const CALLERS = 100;
const CHUNK = 2_500;
/** What a key takes in Redis, generously, while its tables grow. */
const BYTES_OF_KEY = 600;

export async function measure(wanted, tell) {
  const size = fitted(wanted);
  const server = await ObservedServer.start();
  const helpers = Array.from({ length: size.processes }, () => new Helper('cache-process.mjs'));
  const reader = new Helper('cache-process.mjs');
  try {
    const filled = await fill(server, helpers, size);
    await endAll(helpers);
    tell(`filled in ${seconds(filled.elapsed)}`);
    const tiers = [];
    for (const bound of [0, ...size.bounds]) {
      tiers.push(await measureTier(server, reader, bound, size));
      tell(bound === 0 ? 'without a near tier' : `a near tier of ${count(bound)}`);
    }
    return { size, wanted: wanted.keys, filled, tiers };
  } finally {
    await endAll([...helpers, reader]);
    await server.stop();
  }
}

/** No more than half of the memory that is free. */
function fitted(size) {
  const most = Math.floor(os.freemem() / 2 / BYTES_OF_KEY);
  return most >= size.keys ? size : { ...size, keys: most };
}

async function fill(server, helpers, { keys, processes }) {
  const { host, port } = server;
  const before = await server.usedMemory();
  const start = performance.now();
  await askAll(helpers, 'open', () => ({ options: { host, port, keyPrefix: PREFIX } }));
  const share = Math.ceil(keys / processes);
  await askAll(helpers, 'fill', (index) => ({
    from: index * share,
    entries: Math.min(share, keys - index * share),
    chunk: CHUNK,
  }));
  const elapsed = performance.now() - start;
  const found = await server.client.dbsize();
  if (found !== keys) throw new Error(`${found} keys are there instead of ${keys}`);
  return { elapsed, memory: (await server.usedMemory()) - before };
}

async function measureTier(server, reader, bound, { keys, warmUp, reads }) {
  const { host, port } = server;
  const near = bound === 0 ? false : { maxEntries: bound };
  const held = await reader.ask('held');
  await reader.ask('open', { options: { host, port, keyPrefix: PREFIX, near } });
  const order = { keys, callers: CALLERS };
  await reader.ask('readByPopularity', { ...order, reads: warmUp });
  const before = await server.processorTime();
  const found = await reader.ask('readByPopularity', { ...order, reads });
  const after = await server.processorTime();
  const noted = (await server.info('stats')).get('tracking_total_keys');
  if (found.near.entries > bound)
    throw new Error(`${found.near.entries} entries are kept instead of ${bound}`);
  await reader.ask('close');
  return {
    bound,
    perSecond: (found.calls / found.elapsed) * 1_000,
    client: found.processor / found.calls,
    server: (after - before) / found.calls,
    hitRate: found.nearHits / found.calls,
    different: found.different,
    entries: found.near.entries,
    bytes: found.near.bytes,
    held: found.held - held,
    noted,
  };
}

export function bars({ tiers }) {
  return tiers
    .filter(({ bound }) => bound > 0)
    .map(({ bound, entries }) => ({
      what: 'entries that a near tier keeps',
      most: count(bound),
      measured: count(entries),
      isMet: entries <= bound,
    }));
}

export function sections({ size, wanted, filled, tiers }) {
  const { keys, reads, warmUp } = size;
  const fewer = keys < wanted ? ` (${count(wanted)} would not have fitted into memory)` : '';
  const rows = tiers.map((tier) => [
    tier.bound === 0 ? 'no near tier' : count(tier.bound),
    tier.bound === 0 ? '' : percent(tier.hitRate),
    significant(tier.perSecond),
    microseconds(tier.client),
    microseconds(tier.server),
    tier.bound === 0 ? '' : count(tier.entries),
    tier.bound === 0 ? '' : bytes(tier.bytes),
    bytes(tier.held),
    tier.bound === 0 ? '' : count(tier.noted),
  ]);
  return [
    `### ${count(keys)} keys behind a near tier`,
    `${count(keys)} small entries${fewer} take ${bytes(filled.memory)} in Redis, ${bytes(filled.memory / keys)} each, and were written by ${size.processes} processes in ${seconds(filled.elapsed)} with \`setMany\`. One process with ${CALLERS} callers reads them, popular ones more often (the key of rank k in proportion to 1 / k^${SKEW}), ${count(reads)} times after ${count(warmUp)} that are not counted: ${count(tiers[0].different)} different keys. Memory is what the process holds afterwards more than before it opened the cache. The last column is of how many keys Redis remembers that somebody has read them, also after the near tier has let go of them, until they change or expire.`,
    table(
      [
        'at most',
        'hits',
        'reads per second',
        'processor, each',
        'Redis, each',
        'kept',
        'they take',
        'memory',
        'noted in Redis',
      ],
      rows,
    ),
  ];
}
