import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Certificates } from './certificates.js';

/** How to reach a server without any client library. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly password?: string;
  readonly certificates?: Certificates;
}

/**
 * Sends one command over a connection of its own.
 *
 * @returns the reply as the server wrote it
 * @throws when nobody answers within a second, or the answer is an error
 */
export async function askRedis(address: RedisAddress, command: readonly string[]): Promise<string> {
  const commands = [...(address.password ? [['AUTH', address.password]] : []), command, ['QUIT']];
  const socket = open(address);
  try {
    socket.setTimeout(1_000, () => socket.destroy(new Error('no answer within a second')));
    socket.end(commands.map(encode).join(''));
    const reply = await readAll(socket);
    // A sentinel does not know QUIT; it hangs up all the same, at the end of what it is sent.
    const error = /^-(?!ERR unknown command .QUIT).*/m.exec(reply)?.[0];
    if (error) throw new Error(error);
    if (reply === '') throw new Error('the connection ended without an answer');
    return reply;
  } finally {
    socket.destroy();
  }
}

function open({ host, port, certificates }: RedisAddress): Socket {
  if (!certificates) return connect({ host, port });
  const { cert, key } = certificates.client;
  // The certificate's names are the tests' business: this only asks whether the server is there.
  return connectTls({ host, port, ca: certificates.ca, cert, key, checkServerIdentity: () => undefined });
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  await once(socket, 'end');
  return text;
}

function encode(command: readonly string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${parts.length}\r\n${parts.join('')}`;
}
