// Gives the server a processor of its own. Otherwise the scheduler decides anew in each round whether two processes
// share one: a round trip takes a quarter of the time then, and a ratio tells of the scheduler, not of two clients.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

const COUNT = os.availableParallelism();
const OF_SERVER = String(COUNT - 1);
const OF_OTHERS = COUNT === 2 ? '0' : `0-${COUNT - 2}`;

/** Whether the server got its own: not without Linux's `taskset`, a second processor, and a server of this machine. */
export function separate(serverId, otherIds) {
  if (COUNT < 2 || !isRedis(serverId)) return false;
  return [[serverId, OF_SERVER], ...otherIds.map((id) => [id, OF_OTHERS])].every(([id, processors]) =>
    keepOn(id, processors),
  );
}

/** In a container the server would have the number of some other process. */
function isRedis(id) {
  try {
    return /^(redis|valkey)/.test(readFileSync(`/proc/${id}/comm`, 'utf8'));
  } catch {
    return false;
  }
}

/** All of its threads, and those that they start. */
function keepOn(id, processors) {
  try {
    execFileSync('taskset', ['-a', '-c', '-p', processors, String(id)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
