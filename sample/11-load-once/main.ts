// A value that is dear to make, and wanted by many at once: a thousand callers in four processes, and one of them loads it.
// Without getOrSet a thousand queries would reach the database whenever the entry expires.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Tally } from './instance.js';

const program = fileURLToPath(new URL('instance.js', import.meta.url));
const instances = Array.from({ length: 4 }, () => fork(program));

/** Lets all callers of all instances ask at the same time. */
async function askEverywhere(key: string): Promise<string> {
  const tallies = await Promise.all(instances.map((instance) => ask(instance, key)));
  const callers = tallies.flatMap((tally) => tally.answers);
  const loads = tallies.reduce((sum, tally) => sum + tally.loads, 0);
  return `${callers.length} callers, ${new Set(callers).size} value, loads: ${loads}`;
}

async function ask(instance: ChildProcess, key: string): Promise<Tally> {
  const reply = once(instance, 'message');
  instance.send(key);
  const [tally]: Tally[] = await reply;
  if (tally === undefined) throw new Error('An instance answered nothing');
  return tally;
}

await Promise.all(instances.map((instance) => once(instance, 'message'))); // each says when it is ready
const key = `report:${process.pid}`;
console.log(`at first: ${await askEverywhere(key)}`);
console.log(`again:    ${await askEverywhere(key)}`);
for (const instance of instances) instance.disconnect();
