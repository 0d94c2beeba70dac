import { once } from 'node:events';
import { createServer } from 'node:net';

/** A TCP port that nobody listens on right now. Another process may take it first: whoever uses it must be ready to ask again. */
export function getFreePort(): Promise<number> {
  return tryPort(0);
}

/**
 * A port for a node of a cluster: where the nodes talk to each other, 10,000 above it, is free as well.
 * (Only from Redis 7 on may that be another port.)
 */
export async function getFreeNodePort(): Promise<number> {
  for (;;) {
    const port = (await getFreePort()) - 10_000;
    if (await tryPort(port).catch(() => undefined)) return port;
  }
}

/** Listens for a moment; at any free port when it is 0. */
async function tryPort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port');
  return address.port;
}
