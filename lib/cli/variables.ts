import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { errorCode } from './error-code.js';
import { UsageError } from './usage.js';

/** Variables by their names. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The variables as an application with ConfigModule sees them: those of the process, then those of a file.
 *
 * @param env of the process
 * @param cwd the folder in which `.env` is looked for
 * @param file in the place of `.env`, which need not be there
 * @throws UsageError when a file cannot be read
 */
export function readVariables(env: Variables, cwd: string, file: string | undefined): Variables {
  const text = file === undefined ? readDefaultFile(resolve(cwd, '.env')) : readFile(resolve(cwd, file));
  return { ...parseEnv(text), ...env };
}

function readDefaultFile(path: string): string {
  return existsSync(path) ? readFile(path) : '';
}

function readFile(path: string): string {
  try {
    // Some editors begin a file with a mark of its encoding.
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new UsageError(`Cannot read the variables in ${path} (${errorCode(error)})`);
  }
}
