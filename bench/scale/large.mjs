// One large value.
import { PingProcess } from '../../test/support/ping-process.ts';
import { endAll, Helper } from './helper.mjs';
import { ObservedServer } from './server.mjs';
import { bytes, medianOf, milliseconds, spread, table } from './words.mjs';

const WAYS = { own: 'this package', bare: 'ioredis' };
const VALUES = { buffer: 'a Buffer', array: 'an array of objects' };

export async function measure(size, tell) {
  const server = await ObservedServer.start();
  const helpers = {};
  try {
    for (const way of Object.keys(WAYS)) {
      helpers[way] = new Helper('large-process.mjs');
      const place = { host: server.host, port: server.port, prefix: `bench:large:${way}:` };
      await helpers[way].ask('open', { way, bytes: size.bytes, ...place });
    }
    const cells = [];
    for (const value of Object.keys(VALUES)) {
      const found = { own: [], bare: [] };
      const pings = { own: [], bare: [] };
      for (let round = -size.warmUps; round < size.rounds; round += 1) {
        for (const way of round % 2 === 0 ? ['own', 'bare'] : ['bare', 'own']) {
          const pinging = await PingProcess.start(server);
          const measured = await helpers[way].ask('round', { value });
          const { worst: ping } = await pinging.end();
          if (round < 0) continue;
          found[way].push(measured);
          pings[way].push(ping);
        }
      }
      cells.push({ value, found, pings });
      tell(VALUES[value]);
    }
    return { size, cells };
  } finally {
    await endAll(Object.values(helpers));
    await server.stop();
  }
}

export function sections({ size, cells }) {
  const rows = cells.flatMap(({ value, found, pings }) =>
    ['set', 'get'].flatMap((kind) =>
      Object.entries(found).map(([way, rounds]) => {
        const numbers = (name) => rounds.map((round) => round[kind][name]);
        return [
          `${kind}, ${VALUES[value]}`,
          WAYS[way],
          spread(numbers('elapsed'), milliseconds),
          milliseconds(medianOf(numbers('processor')) / 1_000),
          spread(numbers('stall'), milliseconds),
          bytes(Math.max(...numbers('peak'))),
          milliseconds(Math.max(...pings[way])),
        ];
      }),
    ),
  );
  return [
    `### A value of ${Math.round(size.bytes / 2 ** 20)} MB`,
    `A Buffer of random bytes, and objects that take as much as JSON; ioredis with \`JSON.stringify\` and \`JSON.parse\`. Stalled is the longest time in which the process could do nothing else; memory is how far the process grew at most, garbage included. The last column is the longest time that another client of the same server waited for PING in any round, in which the value is written and read.`,
    table(['', 'with', 'time', 'processor', 'stalled', 'memory, peak', 'longest PING'], rows),
  ];
}
