// A million entries with tags: written, evicted at once, and read afterwards.
import { endAll, Helper } from './helper.mjs';
import { ObservedServer } from './server.mjs';
import { bytes, count, medianOf, microseconds, milliseconds, seconds, table } from './words.mjs';

const PREFIX = 'bench:tags:';
const MOST_TO_EVICT = 5;

export async function measure(size, tell) {
  const server = await ObservedServer.start();
  const helper = new Helper('cache-process.mjs');
  try {
    const { host, port } = server;
    await helper.ask('open', { options: { host, port, keyPrefix: PREFIX } });
    const plain = await fill(server, helper, { entries: size.entries, chunk: size.chunk, tags: 0 });
    await server.client.flushall('SYNC');
    const tagged = await fill(server, helper, {
      entries: size.entries,
      chunk: size.chunk,
      tags: size.evictions,
    });
    tell(`written in ${seconds(tagged.elapsed)}`);
    const { reads, entries } = size;
    const hits = await helper.ask('readSome', { entries, reads });
    if (hits.hits !== reads) throw new Error(`Only ${hits.hits} of ${reads} entries were there`);
    const evictions = await helper.ask('evict', { tags: size.evictions });
    const misses = await helper.ask('readSome', { entries, reads });
    if (misses.hits !== 0) throw new Error(`${misses.hits} evicted entries were still there`);
    return { size, plain, tagged, hits, evictions, misses };
  } finally {
    await endAll([helper]);
    await server.stop();
  }
}

async function fill(server, helper, order) {
  const before = await server.usedMemory();
  const filled = await helper.ask('fill', order);
  return { ...filled, stored: (await server.usedMemory()) - before };
}

export function bars({ evictions, size }) {
  return [
    {
      what: `evicting a tag of ${count(size.entries)} entries, median of ${evictions.length}`,
      most: `${MOST_TO_EVICT} ms`,
      measured: milliseconds(medianOf(evictions)),
      isMet: medianOf(evictions) <= MOST_TO_EVICT,
    },
  ];
}

export function sections({ size, plain, tagged, hits, evictions, misses }) {
  const each = (filled) => `${microseconds((filled.elapsed / size.entries) * 1_000)} each`;
  const read = ({ elapsed }) => `${microseconds((elapsed / size.reads) * 1_000)} each`;
  return [
    `### ${count(size.entries)} entries with tags`,
    `Each entry has ${size.evictions} tags, and all have the same, so that evicting any one of them evicts all entries. They are written ${count(size.chunk)} at a time by \`setMany\`, and read by 100 callers.`,
    table(
      ['what', 'took', ''],
      [
        [
          'writing them without tags',
          seconds(plain.elapsed),
          `${each(plain)}, ${bytes(plain.stored / size.entries)} in Redis`,
        ],
        [
          'writing them with tags',
          seconds(tagged.elapsed),
          `${each(tagged)}, ${bytes(tagged.stored / size.entries)} in Redis`,
        ],
        [`reading ${count(size.reads)} of them`, seconds(hits.elapsed), `${read(hits)}, all hits`],
        [
          'evicting one tag of all',
          milliseconds(medianOf(evictions)),
          `at most ${milliseconds(Math.max(...evictions))} of ${evictions.length}`,
        ],
        [`reading ${count(size.reads)} of them`, seconds(misses.elapsed), `${read(misses)}, all misses`],
      ],
    ),
    'What was evicted stays in Redis until its time to live ends or it is written anew: it is not looked for, and that is why evicting takes the same time however many there are.',
  ];
}
