// Fails the run when a server was not stopped: a test that leaves one behind disturbs the next.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

export default async function tearDown() {
  const folder = process.env.SPAKKY_TEST_RUN_FOLDER;
  const left = await readdir(folder);
  const alive = (await Promise.all(left.map((name) => killServer(join(folder, name))))).filter(Boolean);
  await rm(folder, { recursive: true, force: true });
  if (left.length > 0) {
    throw new Error(`${left.length} Redis servers were not stopped, ${alive.length} of them still ran`);
  }
}

async function killServer(folder) {
  const pid = Number(await readFile(join(folder, 'server.pid'), 'utf8').catch(() => ''));
  if (!pid) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
