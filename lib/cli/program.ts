import type { Readable, Writable } from 'node:stream';
import { SpakkyCacheError } from '../contract/errors.js';
import { RedisCache } from '../redis/redis-cache.js';
import { formatOf, readInvocation, type Settings } from './invocation.js';
import { carryOut, type Result } from './tasks.js';
import { printable } from './text.js';
import { USAGE, UsageError } from './usage.js';
import { readVariables, type Variables } from './variables.js';

/** What surrounds one call of the program. */
export interface Surroundings {
  /** Without the names of Node.js and of the program. */
  readonly argv: readonly string[];
  readonly env: Variables;
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Of the package. */
  readonly version: string;
}

/** With which it ends. */
export type ExitCode = 0 | 1 | 2;

/** Runs the program: results go to `stdout`, and all else to `stderr`. */
export async function runProgram(surroundings: Surroundings): Promise<ExitCode> {
  const { argv, stdout, stderr } = surroundings;
  const format = formatOf(argv);
  try {
    const { text, json } = await resultOf(surroundings);
    stdout.write(format === 'json' ? `${JSON.stringify(json)}\n` : text);
    return 0;
  } catch (error) {
    if (!(error instanceof SpakkyCacheError || error instanceof UsageError)) throw error;
    const { code, message } = error;
    const isMisuse = error instanceof UsageError;
    const text = `${printable(`${code}: ${message}`)}\n${isMisuse ? `\n${USAGE}\n` : ''}`;
    stderr.write(format === 'json' ? `${JSON.stringify({ code, message })}\n` : text);
    return isMisuse ? 2 : 1;
  }
}

async function resultOf(surroundings: Surroundings): Promise<Result> {
  const { argv, stdin, stderr, version } = surroundings;
  const invocation = readInvocation(argv);
  if (invocation.show === 'help') return { text: `${USAGE}\n`, json: { usage: USAGE } };
  if (invocation.show === 'version') return { text: `${version}\n`, json: { version } };
  const cache = openCache(invocation.settings, surroundings);
  try {
    return await carryOut(invocation.task, cache, { input: stdin, output: stderr });
  } finally {
    await cache.close();
  }
}

/** The cache that an application would make in this place. */
function openCache({ name, prefix, envFile }: Settings, { env, cwd }: Surroundings): RedisCache {
  const variables = readVariables(env, cwd, envFile);
  return new RedisCache({ keyPrefix: prefix }, { name, variable: (variable) => variables[variable] });
}
