#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { errorCode } from './error-code.js';
import { runProgram } from './program.js';

/** Whoever reads the results may have heard enough, as `head` has. */
process.stdout.on('error', (error) => {
  if (errorCode(error) !== 'EPIPE') throw error;
});

/** As it is reached from where the build puts this file. */
const manifest: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
);

process.exitCode = await runProgram({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  version: manifest.version,
});
