import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type ContainerRuntimeClient, GenericContainer, getContainerRuntimeClient } from 'testcontainers';
import { getFreePort } from './free-port.js';
import { askRedis } from './redis-server-probe.js';
import type { RunningServer } from './redis-server-process.js';

const run = promisify(execFile);
/** For the engine's answer, which takes milliseconds, and for loading what asks. */
const patience = 4_000;

/**
 * Makes sure that servers can run in containers here: an engine answers, the image can be had, and a process on this
 * machine reaches what listens inside.
 *
 * @throws when one of them is not so, saying which
 */
export async function assertContainersWork(image: string): Promise<void> {
  await findEngine();
  const port = await getFreePort();
  const server = await startContainer(image, ['--port', String(port), '--bind', '127.0.0.1']);
  try {
    await retry(() => askRedis({ host: '127.0.0.1', port }, ['PING']), 5_000);
  } catch (error) {
    throw new Error(`containers run, but cannot be reached at 127.0.0.1:${port}`, { cause: error });
  } finally {
    await server.signal('SIGKILL');
  }
}

/** Asks in a process of its own: an engine that hangs would keep this one alive. */
async function findEngine(): Promise<void> {
  const ask = "await (await import('testcontainers')).getContainerRuntimeClient(); process.exit()";
  const options = { timeout: patience, killSignal: 'SIGKILL' } as const;
  await run(process.execPath, ['--input-type=module', '--eval', ask], options).catch(() => {
    throw new Error('no Docker engine answers');
  });
}

async function retry(action: () => Promise<unknown>, forMilliseconds: number): Promise<void> {
  const end = Date.now() + forMilliseconds;
  for (;;) {
    try {
      await action();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await delay(50);
    }
  }
}

/**
 * Starts a server in a container on this machine's own network, under this user, with `folder` at the same path
 * inside: ports, replicas, sockets and certificate files then mean the same as for a local process.
 */
export async function startContainer(
  image: string,
  args: readonly string[],
  folder?: string,
): Promise<RunningServer> {
  const definition = new GenericContainer(image)
    .withNetworkMode('host')
    .withEntrypoint([image.includes('valkey') ? 'valkey-server' : 'redis-server'])
    .withCommand([...args]);
  if (process.getuid && process.getgid) definition.withUser(`${process.getuid()}:${process.getgid()}`);
  if (folder) definition.withBindMounts([{ source: folder, target: folder }]);
  const started = await definition.start();
  const client = await getContainerRuntimeClient();
  const container = client.container.getById(started.getId());
  return {
    exited: untilGone(container),
    output: async () => String(await container.logs({ stdout: true, stderr: true })),
    async signal(signal) {
      if (signal === 'SIGSTOP') await container.pause();
      else if (signal === 'SIGCONT') await container.unpause();
      else if (signal === 'SIGKILL') await container.remove({ force: true, v: true });
      else await container.kill({ signal });
      if (signal === 'SIGTERM') await container.wait();
    },
  };
}

/** Asks now and then: following the container instead would keep this process alive. */
async function untilGone(
  container: ReturnType<ContainerRuntimeClient['container']['getById']>,
): Promise<void> {
  const isRunning = async () => (await container.inspect()).State.Running;
  while (await isRunning().catch(() => false)) await delay(100, undefined, { ref: false });
}
