import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('ping-program.mjs', import.meta.url));

/** Where a server listens. */
interface Place {
  readonly host: string;
  readonly port: number;
}

/** Another client of a server, in a process of its own, that asks without a break whether the server is there. */
export class PingProcess {
  private constructor(private readonly child: ChildProcess) {}

  static async start({ host, port }: Place): Promise<PingProcess> {
    const child = fork(PROGRAM, [host, String(port)]);
    await once(child, 'message');
    // A test that fails meanwhile must not keep its process: the child ends with that.
    child.unref();
    child.channel?.unref();
    return new PingProcess(child);
  }

  /** @returns the longest time that an answer took, in milliseconds, and how many there were */
  async end(): Promise<{ readonly worst: number; readonly count: number }> {
    this.child.ref();
    this.child.channel?.ref();
    this.child.send('enough');
    const [[worst, count] = []]: unknown[][] = await once(this.child, 'message');
    this.child.disconnect();
    await once(this.child, 'exit');
    return { worst: Number(worst), count: Number(count) };
  }
}
