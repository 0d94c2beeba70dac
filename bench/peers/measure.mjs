// Runs the contestants in turn within each round.
import { cellName } from './cases.mjs';

const WARM_UP_ROUNDS = 1;

/**
 * Measures these cells of one value with all contestants that can take part, each in its turn, and answers
 * `{ results, losses }`: results by cell and contestant, and who does not give back this value.
 */
export async function measureValue(
  value,
  cells,
  contestants,
  { server, rounds, milliseconds, weighs, tell },
) {
  const { host, port } = server;
  const losses = {};
  const able = [];
  for (const contestant of contestants) {
    const { methods, loss } = await contestant.ask('open', {
      contestant: contestant.name,
      value,
      host,
      port,
    });
    if (loss === undefined) able.push({ contestant, methods });
    else if (contestant.own) throw new Error(`${contestant.name} cannot store ${value}: ${loss}`);
    else losses[contestant.name] = loss;
  }
  const results = {};
  for (const cell of cells) {
    const method = cell.kind === 'miss' ? 'get' : cell.kind;
    const taking = able
      .filter(({ contestant, methods }) => methods.includes(method) && takesPart(contestant, cell))
      .map(({ contestant }) => contestant);
    const setting = { server, rounds: rounds(cell), milliseconds, weighs: weighs(cell) };
    results[cellName(cell)] = await measureCell(cell, taking, setting);
    tell(cell, results[cellName(cell)]);
  }
  for (const contestant of contestants) await contestant.ask('close');
  return { results, losses };
}

function takesPart({ cases }, { kind }) {
  return cases === undefined || cases.includes(kind);
}

async function measureCell(cell, contestants, { server, rounds, milliseconds, weighs }) {
  const calls = new Map();
  const results = {};
  for (const contestant of contestants) {
    calls.set(contestant, await contestant.ask('prepare', { cell, milliseconds }));
    results[contestant.name] = { perSecond: [], processor: [], server: [], latencies: [] };
  }
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    // Another one begins each round: whoever is first may find a colder or a busier machine.
    const first = (round + WARM_UP_ROUNDS) % contestants.length;
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const before = await server.processorTime();
      const order = { cell, calls: calls.get(contestant) };
      const { perSecond, processor, latencies } = await contestant.ask('measure', order);
      const after = await server.processorTime();
      if (round < 0) continue;
      const result = results[contestant.name];
      result.perSecond.push(perSecond);
      result.processor.push(processor);
      result.server.push((after - before) / order.calls);
      result.latencies.push(...latencies);
    }
  }
  for (const contestant of weighs ? contestants : []) {
    Object.assign(
      results[contestant.name],
      await contestant.ask('weigh', { cell, calls: calls.get(contestant) }),
    );
  }
  return results;
}
