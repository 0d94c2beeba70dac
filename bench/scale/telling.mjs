// What it costs a server to tell of writes: those who have read the key, or everybody.
import { askAll, endAll, Helper } from './helper.mjs';
import { medianOf } from './words.mjs';

const PIPELINE = 100;
const MOST_ATTEMPTS = 10;
const NOBODY = { server: 0, client: 0, traffic: 0 };
const TTL_MS = 3_600_000;

/** With so many of the near tiers that are open, from none of them to all. */
export async function tellThoseWhoRead(stage, idle) {
  const { server, helpers, size } = stage;
  const entries = await readEntries(stage);
  const perProcess = size.caches / size.processes;
  const audience = (trackers) => {
    const interested = helpers.map((_, index) =>
      Math.min(perProcess, Math.max(0, trackers - index * perProcess)),
    );
    let told = [];
    return {
      trackers,
      idle,
      async gather() {
        await askAll(helpers, 'track', (index) => ({ interested: interested[index], keys: size.keys }));
        told = (await askAll(helpers, 'near')).map(({ invalidations }) => invalidations);
      },
      async wait() {
        const answers = await askAll(helpers, 'untilTold', (index) => ({
          invalidations: told[index] + interested[index] * size.keys,
        }));
        return answers.every((isTold) => isTold);
      },
      time: async () => (await askAll(helpers, 'processor')).reduce((sum, one) => sum + one, 0),
    };
  };
  const memory = await server.usedMemory();
  const writes = [];
  let memoryOfNote = 0;
  for (const trackers of [0, ...size.trackers]) {
    const one = audience(trackers);
    await one.gather();
    if (trackers === 0) memoryOfNote = ((await server.usedMemory()) - memory) / (size.caches * size.keys);
    writes.push(await measureWrites(stage, entries, one));
  }
  return { writes, memoryOfNote };
}

/** With so many bare connections, from none on. */
export async function tellEverybody(stage) {
  const { server, size, prefix } = stage;
  const entries = await readEntries(stage);
  const helper = new Helper('broadcast-process.mjs');
  const writes = [];
  try {
    for (const trackers of [0, ...size.trackers]) {
      await helper.ask('open', { host: server.host, port: server.port, prefix, connections: trackers });
      const audience = {
        trackers,
        idle: NOBODY,
        gather: () => undefined,
        wait: () => helper.ask('untilTold', { keys: entries.map(({ key }) => key) }),
        time: () => Number.NaN,
      };
      writes.push(await measureWrites(stage, entries, audience));
      await helper.ask('close');
    }
  } finally {
    await endAll([helper]);
  }
  return { writes };
}

/** What is written later is what is there now: whoever reads it again finds it. */
async function readEntries({ server, size, prefix }) {
  const keys = Array.from({ length: size.keys }, (_, index) => `${prefix}key:${index}`);
  const values = await server.client.mgetBuffer(keys);
  return keys.map((key, index) => ({ key, value: values[index] }));
}

async function measureWrites({ server, size }, entries, audience) {
  const rounds = { alone: [], pipelined: [] };
  const [traffic, client] = [[], []];
  for (let round = 0; round < size.rounds; round += 1) {
    for (const [name, together] of [
      ['alone', 1],
      ['pipelined', PIPELINE],
    ]) {
      const write = await writeToAll(server, entries, together, audience);
      rounds[name].push(write.processor);
      if (name !== 'alone') continue;
      traffic.push(write.traffic);
      client.push(write.client);
    }
  }
  const { trackers } = audience;
  return { trackers, ...rounds, traffic: medianOf(traffic), client: medianOf(client) };
}

/** Again, when somebody had lost some of the copies meanwhile, on a machine too busy for heartbeats. */
async function writeToAll(server, entries, together, audience) {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    await audience.gather();
    const write = await writeAll(server, entries, together, audience);
    if (write.areTold) return write;
  }
  throw new Error('Not all were told of all writes: the machine is too busy');
}

/** What one write takes, without what is going on anyway. */
async function writeAll(server, entries, together, { idle, wait, time }) {
  const before = await look(server, time);
  for (let first = 0; first < entries.length; first += together) {
    const pipeline = server.client.pipeline();
    for (const { key, value } of entries.slice(first, first + together))
      pipeline.set(key, value, 'PX', TTL_MS);
    await pipeline.exec();
  }
  const areTold = await wait();
  const after = await look(server, time);
  const elapsed = (after.at - before.at) / 1_000;
  const each = (name, usual) => (after[name] - before[name] - usual * elapsed) / entries.length;
  return {
    areTold,
    processor: each('processor', idle.server),
    client: each('client', idle.client),
    traffic: each('output', idle.traffic / 2),
  };
}

async function look(server, time) {
  const stats = await server.info('stats');
  return {
    at: performance.now(),
    output: stats.get('total_net_output_bytes'),
    client: await time(),
    processor: await server.processorTime(),
  };
}
