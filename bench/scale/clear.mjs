// `clear` of a million keys beside those of others, and the bare commands for it, in turn.
import { PingProcess } from '../../test/support/ping-process.ts';
import { compareRounds } from '../peers/statistics.mjs';
import { hundredths } from '../peers/words.mjs';
import { endAll, Helper } from './helper.mjs';
import { ObservedServer } from './server.mjs';
import { bytes, count, medianOf, milliseconds, seconds, spread, table } from './words.mjs';

const PREFIX = 'bench:clear:';
const FOREIGN = 'somebody:else:';
const WAYS = { own: 'clear of this package', bare: 'ioredis: SCAN COUNT 1000, UNLINK of each page' };
const MOST = { ratio: 1.3, ping: 15, growth: 50e6 };

export async function measure(size, tell) {
  const server = await ObservedServer.start();
  const helpers = {};
  try {
    for (const way of Object.keys(WAYS)) {
      helpers[way] = new Helper('clear-process.mjs');
      await helpers[way].ask('open', { way, host: server.host, port: server.port, prefix: PREFIX });
    }
    // What is compiled at its first use is compiled with a few keys.
    for (const helper of Object.values(helpers))
      await clearOnce(server, helper, { own: 50_000, foreign: 10_000 });
    const found = { own: [], bare: [] };
    for (let round = 0; round < size.rounds; round += 1) {
      const order = round % 2 === 0 ? ['bare', 'own'] : ['own', 'bare'];
      for (const way of order) {
        found[way].push(await clearOnce(server, helpers[way], size));
        tell(`${way}: ${seconds(found[way].at(-1).elapsed)}`);
      }
    }
    return { size, found };
  } finally {
    await endAll(Object.values(helpers));
    await server.stop();
  }
}

async function clearOnce(server, helper, { own, foreign }) {
  await server.client.flushall('SYNC');
  await server.fill(PREFIX, own);
  await server.fill(FOREIGN, foreign);
  const pinging = await PingProcess.start(server);
  const before = await server.processorTime();
  const { elapsed, processor, peak, held } = await helper.ask('clear');
  const { worst: ping } = await pinging.end();
  const after = await server.processorTime();
  const left = await server.client.dbsize();
  if (left !== foreign) throw new Error(`${left} keys are left of ${foreign} foreign ones`);
  return { elapsed, processor, peak, held, ping, server: after - before };
}

const numbersOf = (rounds, name) => rounds.map((round) => round[name]);

function ratioOf({ found }) {
  return compareRounds(numbersOf(found.own, 'elapsed'), numbersOf(found.bare, 'elapsed'));
}

export function bars(result) {
  const { own } = result.found;
  const ratio = ratioOf(result);
  const ping = Math.max(...numbersOf(own, 'ping'));
  const growth = Math.max(...numbersOf(own, 'peak'));
  return [
    {
      what: 'clear, how long it takes beside bare SCAN and UNLINK',
      most: `${MOST.ratio} ×`,
      measured: `${hundredths(ratio)} ×`,
      isMet: ratio.median <= MOST.ratio,
    },
    {
      what: 'clear, the longest that another client waited for PING in any round',
      most: `${MOST.ping} ms`,
      measured: milliseconds(ping),
      isMet: ping <= MOST.ping,
    },
    {
      what: 'clear, memory of the process at its peak in any round, garbage included',
      most: bytes(MOST.growth),
      measured: bytes(growth),
      isMet: growth < MOST.growth,
    },
  ];
}

export function sections({ size, found }) {
  const rows = Object.entries(found).map(([way, rounds]) => [
    WAYS[way],
    spread(numbersOf(rounds, 'elapsed'), seconds),
    spread(numbersOf(rounds, 'ping'), milliseconds),
    milliseconds(Math.max(...numbersOf(rounds, 'ping'))),
    bytes(Math.max(...numbersOf(rounds, 'peak'))),
    bytes(medianOf(numbersOf(rounds, 'held'))),
    seconds(medianOf(numbersOf(rounds, 'processor')) / 1_000),
    seconds(medianOf(numbersOf(rounds, 'server')) / 1_000),
  ]);
  return [
    `### Clearing ${count(size.own)} keys beside ${count(size.foreign)} of others`,
    `The median of ${size.rounds} rounds on a server that was filled anew for each, and the quartiles. Another client, in a process of its own, asks for PING after PING meanwhile: the longest wait of a round, and of all rounds. Memory is that of the clearing process: how far it grew at its peak, garbage included, and what it held afterwards.`,
    table(['', 'time', 'longest PING', 'of all', 'memory, peak', 'held', 'processor', 'Redis'], rows),
  ];
}
