// Where a run took place: nothing that names the machine itself.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { versionOf } from './installation.mjs';

const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** One line each: what it is, and which. */
export function describeMachine(redisVersion, isSeparate) {
  const processors = os.cpus();
  const place = isSeparate ? ', on a processor of its own' : '';
  return [
    ['day', new Date().toISOString().slice(0, 10)],
    ['processor', `${processors[0].model.trim()}, ${processors.length} cores`],
    ['memory', `${Math.round(os.totalmem() / 2 ** 30)} GB`],
    ['system', `${os.type()} ${os.release()}, ${os.arch()}`],
    ['Node.js', process.version.slice(1)],
    ['Redis', `${redisVersion}, over the loopback interface, nothing kept on disk${place}`],
  ];
}

/** A package as people know it, with its version. */
export function describePackage(name) {
  if (name === own.name) return `this package ${own.version}`;
  const [, known = name] = /^(.+)-\d+$/.exec(name) ?? [];
  return `${known} ${versionOf(name)}`;
}
