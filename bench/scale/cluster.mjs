// What a cluster of six nodes does beside one node, on the same machine.
import { startCluster } from '../../test/support/redis-cluster.ts';
import { endAll, Helper } from './helper.mjs';
import { ObservedServer } from './server.mjs';
import { compareRounds } from '../peers/statistics.mjs';
import { callers as sayCallers, hundredths } from '../peers/words.mjs';
import { count, medianOf, microseconds, spread, table } from './words.mjs';

const PREFIX = 'bench:cluster:';
const KINDS = ['get', 'set'];
const PLACES = { one: 'one node', six: 'three masters, three replicas' };

export async function measure(size, tell) {
  const one = await ObservedServer.start();
  const cluster = await startCluster();
  const nodes = cluster.nodes.map((node) => new ObservedServer(node));
  const helpers = {};
  try {
    const ways = { one: { host: one.host, port: one.port }, six: { cluster: cluster.addresses } };
    for (const [place, way] of Object.entries(ways)) {
      helpers[place] = new Helper('cache-process.mjs');
      await helpers[place].ask('open', { options: { ...way, keyPrefix: PREFIX } });
      await helpers[place].ask('fill', { entries: size.keys, chunk: 500 });
    }
    const servers = { one: [one], six: nodes };
    const cells = [];
    for (const kind of KINDS) {
      for (const callers of size.callers) {
        cells.push({ kind, callers, found: await measureCell({ kind, callers }, size, helpers, servers) });
        tell(`${kind}, ${sayCallers(callers)}`);
      }
    }
    return { size, cells };
  } finally {
    await endAll(Object.values(helpers));
    await Promise.all(nodes.map((node) => node.stop()));
    await cluster.stop();
    await one.stop();
  }
}

async function measureCell({ kind, callers }, { keys, rounds, milliseconds }, helpers, servers) {
  const found = { one: [], six: [] };
  for (let round = -1; round < rounds; round += 1) {
    for (const place of round % 2 === 0 ? ['one', 'six'] : ['six', 'one']) {
      const before = await processorTime(servers[place]);
      const load = { kind, callers, milliseconds, keys };
      const { calls, elapsed, processor } = await helpers[place].ask('load', load);
      const after = await processorTime(servers[place]);
      const measured = {
        perSecond: (calls / elapsed) * 1_000,
        processor: processor / calls,
        server: (after - before) / calls,
      };
      if (round >= 0) found[place].push(measured);
    }
  }
  return found;
}

async function processorTime(servers) {
  const times = await Promise.all(servers.map((server) => server.processorTime()));
  return times.reduce((sum, time) => sum + time, 0);
}

const numbersOf = (rounds, name) => rounds.map((round) => round[name]);

export function sections({ size, cells }) {
  const rows = cells.flatMap(({ kind, callers, found }) =>
    Object.entries(found).map(([place, rounds]) => {
      const ratio = compareRounds(numbersOf(rounds, 'perSecond'), numbersOf(found.one, 'perSecond'));
      return [
        `${kind}, ${sayCallers(callers)}`,
        PLACES[place],
        spread(numbersOf(rounds, 'perSecond')),
        place === 'one' ? '' : `${hundredths(ratio)} ×`,
        microseconds(medianOf(numbersOf(rounds, 'processor'))),
        microseconds(medianOf(numbersOf(rounds, 'server'))),
      ];
    }),
  );
  return [
    '### A cluster of six nodes beside one node',
    `One process, ${count(size.keys)} keys, in turn in ${size.rounds} rounds. All nodes and the process share two processors: more nodes cannot be faster here, and are not. What this shows is what a cluster costs the client for each call, which is what it also costs where every node has a processor of its own. In a cluster keys of different slots cannot be named in one command, so that what is asked together is pipelined to each node; on one node it is one command. Redis' time is that of all nodes, replicas included.`,
    table(['', 'where', 'calls per second', 'to one node', 'processor, each call', 'Redis, each call'], rows),
  ];
}
