// How much starting an application pays for this package: the time of its import, in fresh processes.
// Run after a build: `npm run bench:import`.
import { execFileSync } from 'node:child_process';

const runs = 15;
const name = '@spakky/nestjs-redis-cache';
const application = ['reflect-metadata', '@nestjs/common', '@nestjs/core', '@nestjs/config', 'ioredis'];

function measure(before) {
  const script = `
    for (const name of ${JSON.stringify(before)}) await import(name);
    const start = performance.now();
    await import('${name}');
    console.log(performance.now() - start);`;
  return Number(
    execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }),
  );
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function report(label, before) {
  const times = Array.from({ length: runs }, () => measure(before));
  const range = `${Math.min(...times).toFixed(1)}–${Math.max(...times).toFixed(1)}`;
  console.log(`import ${label}: ${median(times).toFixed(1)} ms (median of ${runs}, ${range})`);
}

report('beside a loaded Nest and ioredis', application);
report('alone', []);
