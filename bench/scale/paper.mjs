// What cannot be run here, worked out from what was measured.
import { costOfTelling } from './connections.mjs';
import { Popularity, predict } from './prediction.mjs';
import { bytes, count, microseconds, milliseconds, percent, significant, table } from './words.mjs';

const SERVICE = { instances: 1_000, readsPerSecond: 1_000_000, keys: 5_000_000, bound: 10_000, ttl: 3_600 };
/** Of a processor that serves everybody: beyond it waiting grows fast. */
const LOAD = 0.6;
const BUDGET = LOAD * 1e6;
const LARGER = [100_000, 1_000_000];
const WRITES = [100, 1_000, 10_000];
const SPREADS = { even: 'all keys alike', popular: 'as they are read' };
const GIGABIT = 1e9 / 8;

export function paperSections({ connections, keyspace }) {
  const units = unitsOf(connections);
  const { instances, readsPerSecond } = SERVICE;
  return [
    `### On paper: ${count(instances)} instances, ${count(readsPerSecond)} reads a second`,
    `Two processors cannot run that. What follows is worked out from the measured costs of one of each, which the tables above show, and nothing else: no number here was measured at that size. The service: ${count(instances)} instances of ${count(readsPerSecond / instances)} reads a second each, ${count(SERVICE.keys)} small entries with a time to live of an hour, keys as popular as in the table of near tiers, near tiers of ${count(SERVICE.bound)} entries, and each server loaded to ${percent(LOAD)} of one processor at most. Redis does nearly everything on one. The unit costs are those of a server that is woken for nearly each command; one with more to do takes several at a time and needs less, so that these numbers are rather too high than too low.`,
    unitTable(units),
    ...withoutNear(units),
    ...withNear(units),
    ...whatLimits(units),
    ...check(keyspace),
  ];
}

function unitsOf({ size, plain, near, missing, broadcast }) {
  return {
    get: plain.get,
    set: plain.set,
    hit: near.hit,
    miss: missing.get,
    told: costOfTelling(near.writes),
    toldBytes: near.writes.at(-1).traffic / near.writes.at(-1).trackers,
    toldClient: near.writes.at(-1).client / near.writes.at(-1).trackers,
    broadcast: costOfTelling(broadcast.writes),
    beat: near.idle.server / size.caches,
    connection: plain.serverMemory,
    listener: near.serverMemory,
    note: near.memoryOfNote,
    perPlain: plain.connections / size.caches,
    perNear: near.connections / size.caches,
  };
}

function unitTable(units) {
  return table(
    ['', 'unit', 'measured'],
    [
      ['G', 'Redis, a get without a near tier', microseconds(units.get.server)],
      ['S', 'Redis, a set', microseconds(units.set.server)],
      ['M', 'Redis, a get that a near tier has to ask for', microseconds(units.miss.server)],
      ['T', 'Redis, to tell one near tier of one change', microseconds(units.told)],
      ['B', 'the same by `BCAST`', microseconds(units.broadcast)],
      ['H', 'Redis, heartbeats of one near tier, each second', microseconds(units.beat)],
      ['N', 'Redis, memory to note that one near tier has read one key', bytes(units.note)],
    ],
  );
}

function withoutNear({ get, set, connection, perPlain }) {
  const { instances, readsPerSecond } = SERVICE;
  const load = readsPerSecond * get.server;
  const masters = Math.ceil(load / BUDGET);
  const writes = WRITES.at(-1);
  return [
    '**Without a near tier.** ' +
      [
        `${count(readsPerSecond)} × G is ${significant(load / 1e6)} processors of Redis: a cluster of ${masters} masters at ${percent(LOAD)}.`,
        `${count(writes)} writes a second are ${significant((writes * set.server) / 1e6)} more.`,
        `Each instance has ${significant(perPlain)} connection to each master: ${count(instances * perPlain)} at each one, where Redis allows 10,000 unless told otherwise, and ${bytes(instances * perPlain * connection)} of its memory.`,
        `The network carries ${significant((readsPerSecond * get.traffic) / GIGABIT)} Gbit/s in both directions together.`,
        `An instance spends ${percent(((readsPerSecond / instances) * get.client) / 1e6)} of a processor on its reads.`,
      ].join(' '),
  ];
}

function withNear(units) {
  const rows = Object.entries(SPREADS).flatMap(([spread, title]) =>
    WRITES.map((writes) => {
      const at = loadOf(units, { spread, writes });
      return [
        `${count(writes)}, ${title}`,
        percent(at.hitRate),
        significant(at.misses / 1e6),
        significant(at.writing / 1e6),
        significant(at.telling / 1e6),
        mastersFor(units, at.misses + at.writing + at.telling),
        significant((at.messages * units.toldBytes) / GIGABIT),
        bytes(at.notes * units.note),
        significant((writes * SERVICE.instances * units.broadcast) / 1e6),
      ];
    }),
  );
  const heads = [
    'writes a second',
    'hits',
    'misses × M',
    'writes × S',
    'messages × T',
    'masters',
    'messages, Gbit/s',
    'notes × N',
    'writes × instances × B, in place of messages × T',
  ];
  return [
    `**With near tiers.** A copy is a hit from the first read after a change of its key to the next change, or until it is the least recently used one: of a key that an instance reads λ times and everybody together writes μ times a second, λ / (λ + μ) of the reads at best. What expires counts as written once an hour. In processors of Redis, all masters together; each master also bears the heartbeats of all instances, so that ${percent(LOAD)} of a second − ${count(SERVICE.instances)} × H is left for the rest:`,
    table(heads, rows),
    larger(units),
  ];
}

/** What more memory in each instance would do. */
function larger(units) {
  const [writes] = WRITES;
  const rates = LARGER.map((bound) => percent(loadOf(units, { spread: 'even', writes, bound }).hitRate));
  return `With near tiers of ${LARGER.map(count).join(' or ')} entries the first row would have ${rates.join(' or ')} hits: most keys expire before the same instance asks for them again.`;
}

function mastersFor({ beat }, load) {
  const free = BUDGET - SERVICE.instances * beat;
  return free > 0 ? count(Math.ceil(load / free)) : 'heartbeats alone are too much';
}

function loadOf(units, { spread, writes, bound = SERVICE.bound }) {
  const { instances, readsPerSecond, keys, ttl } = SERVICE;
  const perInstance = readsPerSecond / instances;
  const changes = (part) => (spread === 'even' ? writes / keys : writes * part) + 1 / ttl;
  const { hitRate, messages, noted } = predict(new Popularity(keys), { perInstance, changes, bound });
  return {
    hitRate,
    misses: readsPerSecond * (1 - hitRate) * units.miss.server,
    writing: writes * units.set.server,
    telling: messages * instances * units.told,
    messages: messages * instances,
    notes: noted * instances,
  };
}

function whatLimits(units) {
  const { instances, readsPerSecond } = SERVICE;
  const { miss, told, toldClient, beat, listener, perNear, hit } = units;
  const free = BUDGET - instances * beat;
  const needed = 1 - free / miss.server / readsPerSecond;
  const ofHotKey = instances * (told + miss.server);
  return [
    `**What limits first.**`,
    [
      `- Misses. For one master alone ${percent(needed)} of all reads would have to be hits: (${percent(LOAD)} of a second − ${count(instances)} × H) / M is ${count(free / miss.server)} misses a second. A near miss costs ${significant(miss.server / units.get.server)} × a plain get, so that a near tier that hits less than ${percent(1 - units.get.server / miss.server)} of its reads costs Redis more than none. Which hit rate there is depends on how often one instance reads a key beside how often everybody writes it, and not on the number of reads of all: more instances for the same reads lower it.`,
      `- Keys that everybody reads and somebody writes. One write of a key that all ${count(instances)} instances hold costs ${count(instances)} × (T + M), ${milliseconds(ofHotKey / 1_000)} of one master, as all read it again: ${count(BUDGET / ofHotKey)} such writes a second fill it, and more masters do not help, because one key is at one master. Its last reader is told ${milliseconds((instances * told) / 1_000)} after the first. Keep such keys out of the near tier, in a cache of their own without one.`,
      `- What Redis notes. It remembers for each key who has read it until that key changes or expires, also when nobody keeps a copy any more. With more keys than \`tracking-table-max-keys\` (1,000,000 unless told otherwise) it forgets some, and tells their readers that they have changed: harmless, but each costs a message and perhaps a miss. That limit is one of each master. The column of notes says what they take without it, in all masters together. A shorter time to live makes it smaller.`,
      `- Connections. With a near tier there are ${significant(perNear)} to each master: ${count(instances * perNear)} at each one, ${bytes(instances * perNear * listener)}. Heartbeats of all are ${percent((instances * beat) / 1e6)} of a processor at each master, whether it has much to do or not: with ten times the instances they alone would fill it.`,
      `- The instances themselves do not: ${percent(((readsPerSecond / instances) * hit.client) / 1e6)} of a processor for reads that are hits, ${percent(((readsPerSecond / instances) * miss.client) / 1e6)} if none were, and ${microseconds(toldClient)} for each change that they are told of.`,
      `- \`BCAST\` would cost ${count(instances)} × B, ${milliseconds((instances * units.broadcast) / 1_000)}, for every write of any key, read by somebody or not: ${count(BUDGET / (instances * units.broadcast))} writes a second fill a master. It notes nothing. It would serve few instances, or few writes of keys that everybody holds; this package asks Redis to tell only those who have read a key.`,
    ].join('\n'),
  ];
}

const nobodyWrites = () => 0;

/** How far the hit rates can be trusted that everything above begins with. */
function check({ size, tiers }) {
  const popularity = new Popularity(size.keys);
  const rows = tiers
    .filter(({ bound }) => bound > 0)
    .map(({ bound, hitRate }) => {
      const expected = predict(popularity, { perInstance: 1, changes: nobodyWrites, bound }).hitRate;
      return [count(bound), percent(expected), percent(hitRate)];
    });
  return [
    `**How good the prediction is.** The same formula beside the near tiers that were measured over ${count(size.keys)} keys, where nobody wrote; the largest may not have been full yet.`,
    table(['at most', 'predicted hits', 'measured hits'], rows),
  ];
}
