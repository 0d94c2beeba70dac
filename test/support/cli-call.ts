import { PassThrough, Writable } from 'node:stream';
import { type ExitCode, runProgram } from '../../lib/cli/program.js';
import type { Variables } from '../../lib/cli/variables.js';

/** What came of one call of the command line tool. */
export interface CliRun {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a call takes place. */
export interface CliPlace {
  readonly env?: Variables;
  /** By default a folder without a file of variables. */
  readonly cwd?: string;
  /** What a person at a terminal types; absent: there is no terminal. */
  readonly typed?: string;
}

/** Calls the tool in this process; the version that it tells is `1.2.3`. */
export async function callCli(
  argv: readonly string[],
  { env = {}, cwd = 'test/support', typed }: CliPlace = {},
): Promise<CliRun> {
  const [stdout, stderr] = [new Collector(), new Collector()];
  const stdin = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
  stdin.end(typed);
  const code = await runProgram({ argv, env, cwd, stdin, stdout, stderr, version: '1.2.3' });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Collector extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
