// A process that works for the benchmark: what it costs in time, processor and memory is its own alone.
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

/** Carries out orders by their names, each with its details. */
export function serve(orders) {
  process.on('message', ({ id, order, details }) => {
    Promise.resolve(orders[order](details))
      .then((answer) => process.send({ id, answer }))
      .catch((error) => process.send({ id, failure: error.stack }));
  });
  process.on('disconnect', () => process.exit());
}

/** What is in use, in bytes: objects and Buffers. */
function usedMemory() {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** What is held, in bytes. What a first collection finds to be free is given back beside the program. */
export async function heldMemory() {
  globalThis.gc();
  await delay(10);
  globalThis.gc();
  return usedMemory();
}

const SAMPLING_INTERVAL = 10;

/**
 * Does something, and answers besides what came of it how long that took, its processor time in microseconds, and how
 * far memory has grown: at its peak, garbage included, and what is held afterwards.
 */
export async function watchMemory(action) {
  const before = await heldMemory();
  let peak = before;
  const look = () => (peak = Math.max(peak, usedMemory()));
  const timer = setInterval(look, SAMPLING_INTERVAL);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const answer = await action();
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  look();
  clearInterval(timer);
  const held = await heldMemory();
  return { answer, elapsed, processor: user + system, peak: peak - before, held: held - before };
}
