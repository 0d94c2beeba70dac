// The peers are installed here alone, and only when somebody runs the benchmark.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('../', import.meta.url);
const { dependencies } = readJson('package.json');

/** Installs exactly what the lock file says, without running anybody's scripts. */
export function ensurePeers() {
  if (Object.entries(dependencies).every(([name, version]) => versionOf(name) === version.split('@').at(-1)))
    return;
  console.log('Installing the peers in bench/node_modules');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], {
    cwd: fileURLToPath(folder),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error('npm ci failed in bench/');
}

/** The installed version of a peer; undefined when it is not there. */
export function versionOf(name) {
  try {
    return readJson(`node_modules/${name}/package.json`).version;
  } catch {
    return undefined;
  }
}

function readJson(path) {
  return JSON.parse(readFileSync(new URL(path, folder), 'utf8'));
}
