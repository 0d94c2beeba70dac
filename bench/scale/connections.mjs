// What many processes cost one server: their connections, and telling them of changes.
import { setTimeout as delay } from 'node:timers/promises';
import { askAll, endAll, Helper } from './helper.mjs';
import { ObservedServer } from './server.mjs';
import { tellEverybody, tellThoseWhoRead } from './telling.mjs';
import { bytes, count, medianOf, microseconds, percent, table } from './words.mjs';

const PREFIX = 'bench:connections:';
/** What a cache is like: without a near tier, with one, and with one that hardly keeps anything. */
const OPTIONS = { plain: {}, near: { near: true }, missing: { near: { maxEntries: 1 } } };

export async function measure(size, tell) {
  const server = await ObservedServer.start();
  const helpers = Array.from({ length: size.processes }, () => new Helper('cache-process.mjs'));
  try {
    const stage = { server, helpers, size, prefix: PREFIX };
    await fill(stage);
    const plain = await measureCaches(stage, 'plain', async () => ({
      get: await load(stage, 'get'),
      set: await load(stage, 'set'),
    }));
    tell('without near tiers');
    const near = await measureCaches(stage, 'near', async () => {
      const idle = await rest(stage);
      const told = await tellThoseWhoRead(stage, idle);
      await askAll(helpers, 'track', () => ({ interested: size.caches, keys: size.keys }));
      return { idle, ...told, hit: await load(stage, 'get') };
    });
    tell('with near tiers');
    const missing = await measureCaches(stage, 'missing', async () => ({ get: await load(stage, 'get') }));
    const broadcast = await tellEverybody(stage);
    tell('with broadcasts');
    return { size, plain, near, missing, broadcast };
  } finally {
    await endAll(helpers);
    await server.stop();
  }
}

function locate({ server: { host, port } }) {
  return { host, port, keyPrefix: PREFIX };
}

/** Keys that are written and read, and as many that only those read who have no interest in the others. */
async function fill(stage) {
  const [helper] = stage.helpers;
  await helper.ask('open', { options: locate(stage) });
  await helper.ask('fill', { entries: 2 * stage.size.keys, chunk: 500 });
  await helper.ask('close');
}

async function measureCaches(stage, kind, action) {
  const { server, helpers, size } = stage;
  const options = { ...locate(stage), ...OPTIONS[kind] };
  // What the first of a process loads and compiles is not what each one takes.
  await askAll(helpers, 'open', () => ({ options }));
  await askAll(helpers, 'close');
  await untilAlone(server);
  const before = await server.usedMemory();
  const order = { options, caches: size.caches / size.processes };
  const opened = await askAll(helpers, 'open', () => order);
  const connections = (await countClients(server)) - 1;
  const memory = (await server.usedMemory()) - before;
  const found = await action();
  await askAll(helpers, 'close');
  const mean = (name) => opened.reduce((sum, one) => sum + one[name], 0) / size.caches;
  return {
    connections,
    serverMemory: memory / connections,
    held: mean('held'),
    resident: mean('resident'),
    ...found,
  };
}

async function countClients(server) {
  return (await server.info('clients')).get('connected_clients');
}

/** Whoever was here before is gone a little after that was asked for. */
async function untilAlone(server) {
  const patience = performance.now() + 5_000;
  while ((await countClients(server)) > 1) {
    if (performance.now() > patience) throw new Error('Connections of before are still there');
    await delay(10);
  }
}

/** Each cache has one caller: nothing can travel together, as where there are many processes with little to do. */
async function load({ server, helpers, size }, kind) {
  const order = { kind, callers: 1, milliseconds: size.milliseconds, keys: size.keys };
  await askAll(helpers, 'load', () => ({ ...order, milliseconds: size.milliseconds / 4 }));
  const hits = await nearHits(helpers);
  const before = await look(server);
  const loads = await askAll(helpers, 'load', () => order);
  const after = await look(server);
  const sum = (name) => loads.reduce((total, one) => total + one[name], 0);
  const calls = sum('calls');
  return {
    calls,
    perSecond: (calls / Math.max(...loads.map(({ elapsed }) => elapsed))) * 1_000,
    client: sum('processor') / calls,
    server: (after.processor - before.processor) / calls,
    traffic: (after.traffic - before.traffic) / calls,
    nearHits: ((await nearHits(helpers)) - hits) / calls,
  };
}

async function nearHits(helpers) {
  return (await askAll(helpers, 'near')).reduce((sum, { hits }) => sum + hits, 0);
}

/** What near tiers cost while nobody asks for anything. */
async function rest({ server, helpers, size }) {
  const clientTime = async () => (await askAll(helpers, 'processor')).reduce((sum, one) => sum + one, 0);
  const before = { ...(await look(server)), client: await clientTime() };
  await delay(size.idle);
  const after = { ...(await look(server)), client: await clientTime() };
  const perSecond = (name) => ((after[name] - before[name]) / size.idle) * 1_000;
  return { server: perSecond('processor'), client: perSecond('client'), traffic: perSecond('traffic') };
}

/** Bytes in both directions. */
async function look(server) {
  const stats = await server.info('stats');
  const traffic = stats.get('total_net_input_bytes') + stats.get('total_net_output_bytes');
  return { traffic, processor: await server.processorTime() };
}

/** The extra time of a write for each of those who are told of it. */
export function costOfTelling(writes) {
  const most = writes.at(-1);
  return (medianOf(most.alone) - medianOf(writes[0].alone)) / most.trackers;
}

export function sections({ size, plain, near, missing, broadcast }) {
  const { caches, processes, keys } = size;
  return [
    `### Many processes: ${caches} caches`,
    `${caches} caches in ${processes} processes stand for ${caches} processes. Memory is that of Redis for each connection, and that of the process for each cache: what is held, and what the system gave it.`,
    table(
      [
        `${caches} caches`,
        'connections',
        'Redis, each connection',
        'held, each cache',
        'resident, each cache',
      ],
      [rowOfPlace('without a near tier', plain), rowOfPlace('with a near tier', near)],
    ),
    `What one call costs when each cache has one caller, so that nothing travels together: time of Redis' main thread, time of the process with all its threads, bytes in both directions, and how many of them the near tier answered. A miss of the near tier asks Redis to note the read, and for the time that the key has left.`,
    table(
      ['each call', 'near', 'Redis', 'processor', 'traffic'],
      [
        rowOfCall('get without a near tier', plain.get),
        rowOfCall('set without a near tier', plain.set),
        rowOfCall('get that the near tier answers', near.hit),
        rowOfCall('get that the near tier has to ask Redis', missing.get),
      ],
    ),
    `While nobody asks for anything, heartbeats of a near tier take ${microseconds(near.idle.server / caches)} of Redis and ${microseconds(near.idle.client / caches)} of its process each second, and ${bytes(near.idle.traffic / caches)} of traffic.`,
    `What one write costs Redis when so many of these caches hold a copy of its key, while all others hold copies of other keys: medians of ${size.rounds} rounds of ${count(keys)} writes by another client, one at a time and 100 in a pipeline, without what the heartbeats take meanwhile. Beside it the mode in which Redis tells everybody of every write under a prefix (\`BCAST\`), by bare connections: there nobody can be without interest. The last columns are what one of those who are told costs: bytes on the network, and time of its process.`,
    table(
      ['', 'told', 'Redis, one at a time', 'Redis, pipelined', 'bytes, each', 'processor, each'],
      [
        rowOfWrite('no near tier at all', broadcast.writes[0]),
        ...near.writes.map((write) => rowOfWrite(`${caches} near tiers`, write)),
        ...broadcast.writes.slice(1).map((write) => rowOfWrite('BCAST', write)),
      ],
    ),
    `So telling one near tier of one change takes ${microseconds(costOfTelling(near.writes))} of Redis (BCAST: ${microseconds(costOfTelling(broadcast.writes))}), and those who have no copy of the key cost nothing that can be told from noise. To remember who has read what takes Redis ${bytes(near.memoryOfNote)} for each key and near tier.`,
  ];
}

function rowOfPlace(name, { connections, serverMemory, held, resident }) {
  return [name, count(connections), bytes(serverMemory), bytes(held), bytes(resident)];
}

function rowOfCall(name, { nearHits: part, server, client, traffic }) {
  return [name, percent(part), microseconds(server), microseconds(client), bytes(traffic)];
}

function rowOfWrite(name, { trackers, alone, pipelined, traffic, client }) {
  return [
    name,
    trackers,
    microseconds(medianOf(alone)),
    microseconds(medianOf(pipelined)),
    trackers === 0 ? '' : bytes(traffic / trackers),
    trackers === 0 || Number.isNaN(client) ? '' : microseconds(client / trackers),
  ];
}
