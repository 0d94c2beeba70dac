import { once } from 'node:events';
import { createServer } from 'node:net';

/** A TCP port that nobody listens on right now. Another process may take it first: whoever uses it must be ready to ask again. */
export async function getFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port');
  return address.port;
}
