// How much starting an application pays for each contestant: the time of its imports, in fresh processes.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { summarize } from './statistics.mjs';

const here = fileURLToPath(new URL('../', import.meta.url));
const NEST = ['reflect-metadata', '@nestjs/common', '@nestjs/core', '@nestjs/config', 'ioredis'];

/** Each line: what is imported, and what is there already. */
const LINES = [
  ['ioredis', ['ioredis-6'], []],
  ['node-redis', ['redis'], []],
  ['Keyv, @keyv/redis', ['keyv', '@keyv/redis'], []],
  ['cache-manager, Keyv, @keyv/redis', ['cache-manager', 'keyv', '@keyv/redis'], []],
  [
    'BentoCache with its drivers and ioredis',
    ['bentocache', 'bentocache/drivers/memory', 'bentocache/drivers/redis'],
    [],
  ],
  ['async-cache-dedupe, ioredis', ['async-cache-dedupe', 'ioredis-6'], []],
  ['lru-cache', ['lru-cache'], []],
  ['this package, with Nest and ioredis', ['own'], []],
  ['this package, where Nest and ioredis are loaded already', ['own'], NEST],
];

/** Milliseconds of each, in turn. */
export function measureImports({ rounds, package: folder }) {
  const own = pathToFileURL(resolve(folder, 'index.js')).href;
  const times = LINES.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, [, names, before]] of LINES.entries()) {
      const imports = names.map((name) => (name === 'own' ? own : name));
      times[index].push(timeOf(imports, before));
    }
  }
  return LINES.map(([title], index) => Object.assign({ title }, summarize(times[index])));
}

function timeOf(imports, before) {
  const script = `
    for (const name of ${JSON.stringify(before)}) await import(name);
    const start = performance.now();
    for (const name of ${JSON.stringify(imports)}) await import(name);
    console.log(performance.now() - start);
    process.exit();`;
  // Nest is found beside this package, the peers only in here.
  const cwd = before.length > 0 ? fileURLToPath(new URL('../../', import.meta.url)) : here;
  const args = ['--input-type=module', '--eval', script];
  return Number(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' }));
}
