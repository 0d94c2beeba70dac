import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';

/** A server that has been started, wherever it runs. */
export interface RunningServer {
  /** Settles when the server is gone, for whatever reason. */
  readonly exited: Promise<unknown>;
  /** What the server has said so far. */
  output(): Promise<string>;
  /** Sends a signal; SIGKILL and SIGTERM wait for the server's end. */
  signal(signal: NodeJS.Signals): Promise<void>;
}

/** Starts a server as a child process that does not outlive this one and does not keep it alive. */
export async function startProcess(
  command: string,
  args: readonly string[],
  folder: string,
  libraries?: string,
): Promise<RunningServer> {
  const log = join(folder, 'server.log');
  const file = openSync(log, 'w');
  const child = spawn(command, [...args], {
    cwd: folder,
    stdio: ['ignore', file, file],
    env: { ...process.env, ...(libraries && { LD_LIBRARY_PATH: libraries }) },
  });
  closeSync(file);
  await once(child, 'spawn');
  child.unref();
  const pid = child.pid ?? 0;
  // The end of a test run looks for this file: whoever forgets to stop a server is told.
  writeFileSync(join(folder, 'server.pid'), String(pid));
  const stopGuard = guard(pid, folder);
  const exited = tidyUpAfter(child, () => {
    stopGuard();
    rmSync(join(folder, 'server.pid'), { force: true });
  });
  return {
    exited,
    output: () => readFile(log, 'utf8'),
    async signal(signal) {
      child.kill(signal);
      if (signal !== 'SIGKILL' && signal !== 'SIGTERM') return;
      // This process must not end before what it waits for.
      child.ref();
      await exited;
    },
  };
}

async function tidyUpAfter(child: ChildProcess, tidyUp: () => void): Promise<void> {
  await once(child, 'exit');
  tidyUp();
}

/**
 * Kills the server and removes its files when this process dies, even by SIGKILL: the guard waits at a pipe that ends
 * with this process. An `exit` handler would not do: Jest gives tests a copy of `process` on which it never fires.
 */
function guard(pid: number, folder: string): () => void {
  const script = 'trap "" INT TERM HUP; read -r _; kill -9 "$0"; rm -rf "$1"';
  const child = spawn('/bin/sh', ['-c', script, String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return () => child.kill('SIGKILL');
}
