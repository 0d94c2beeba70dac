import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export interface InstalledRedis {
  readonly command: string;
  readonly libraries?: string;
}

const run = promisify(execFile);
const quietly = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
const minutes = 60_000;

/**
 * Installs `redis-server` from the distribution's own package sources.
 *
 * Installed on the system where that is allowed and starts no service, otherwise unpacked into `node_modules/.cache`.
 */
export async function installFromDebian(findInstalled: () => string | undefined): Promise<InstalledRedis> {
  const unpacked = await findUnpacked();
  if (unpacked) return unpacked;
  if (!existsSync('/usr/bin/apt-get')) throw new Error('there is no apt-get to install redis-server with');
  process.stderr.write("Installing redis-server from the distribution's packages …\n");
  try {
    await installOnSystem();
    const command = findInstalled();
    if (command) return { command };
  } catch {
    // Not allowed here, or the package manager is busy: unpacking needs neither.
  }
  return unpack();
}

async function installOnSystem(): Promise<void> {
  // systemd would start a server on port 6379 that nobody asked for; RUNLEVEL=1 keeps only the older init scripts quiet.
  if (existsSync('/run/systemd/system')) throw new Error('systemd would start the service');
  await aptGet(['update']);
  await aptGet(['install', '--yes', '--no-install-recommends', 'redis-server']);
}

function aptGet(args: readonly string[]): Promise<unknown> {
  const options = { env: quietly, timeout: 5 * minutes };
  if (process.getuid?.() === 0) return run('apt-get', args, options);
  return run(
    'sudo',
    ['-n', 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get', ...args],
    options,
  );
}

function cacheFolder(): string {
  return resolve('node_modules/.cache/spakky-test-redis');
}

async function unpack(): Promise<InstalledRedis> {
  const folder = cacheFolder();
  const archives = join(folder, 'archives');
  await mkdir(join(folder, 'lists/partial'), { recursive: true });
  await mkdir(join(archives, 'partial'), { recursive: true });
  // Lists and archives of its own: nothing on the system changes, so no lock and no privilege is needed.
  const own = [`Dir::State::lists=${folder}/lists`, `Dir::Cache=${folder}`, 'Debug::NoLocking=1'].flatMap(
    (option) => ['-o', option],
  );
  const options = { env: quietly, timeout: 5 * minutes };
  await run('apt-get', [...own, 'update'], options);
  const install = ['install', '--yes', '--download-only', '--no-install-recommends', 'redis-server'];
  await run('apt-get', [...own, ...install], options);
  for (const file of await readdir(archives)) {
    if (file.endsWith('.deb')) await run('dpkg', ['-x', join(archives, file), join(folder, 'root')]);
  }
  await Promise.all(['lists', 'archives'].map((name) => rm(join(folder, name), { recursive: true })));
  const unpacked = await findUnpacked();
  if (!unpacked)
    throw new Error(`the redis-server packages hold no usr/bin/redis-server (looked in ${folder})`);
  return unpacked;
}

async function findUnpacked(): Promise<InstalledRedis | undefined> {
  const root = join(cacheFolder(), 'root');
  const command = join(root, 'usr/bin/redis-server');
  if (!existsSync(command)) return undefined;
  const libraries = await Promise.all(['usr/lib', 'lib'].map((name) => findLibraryFolders(join(root, name))));
  return { command, libraries: libraries.flat().join(':') };
}

/** The packages keep their libraries in a folder named after the machine: usr/lib/x86_64-linux-gnu. */
async function findLibraryFolders(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}
