import { createServer, type Socket } from 'node:net';
import { getFreePort } from './free-port.js';

/** What a peer does with everyone who connects. */
export interface PeerBehaviour {
  /** Said at once. */
  readonly greeting?: string;
  /** The answer to each command; none: silence. It may be told which command, in lower case. */
  readonly answer?: (command: string, socket: Socket) => string | undefined;
  /** How late it repeats what it is asked to, in milliseconds: as late as what `answer` sends, which comes before it. */
  readonly echoAfter?: number;
  /** Called with every connection. */
  readonly onConnection?: (socket: Socket) => void;
}

/** Serves a peer that only looks like Redis, or does not, while the test runs. */
export async function withPeer(
  { greeting = '', answer, echoAfter = 0, onConnection }: PeerBehaviour,
  test: (port: number) => Promise<void>,
  port?: number,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    onConnection?.(socket);
    if (greeting !== '') socket.write(greeting);
    socket.on('data', (data) => {
      // Whatever it is, it keeps its replies in the order of the commands.
      for (const question of questionsIn(data)) {
        const echo = (): void => void socket.write(`$${question.length}\r\n${question}\r\n`);
        if (echoAfter === 0) echo();
        else setTimeout(echo, echoAfter);
      }
      for (const command of commandsIn(data)) {
        const reply = answer?.(command, socket);
        if (reply !== undefined && socket.writable) socket.write(reply);
      }
    });
  });
  const at = port ?? (await getFreePort());
  await new Promise<void>((resolve) => {
    server.listen(at, '127.0.0.1', resolve);
  });
  try {
    await test(at);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
}

/** The names of the commands in a packet; the packets of these tests hold whole commands. */
function commandsIn(data: Buffer): string[] {
  const starts = data.toString('latin1').matchAll(/\*(?!2\r\n\$4\r\nping)\d+\r\n\$\d+\r\n(\w+)/gi);
  return [...starts].map(([, name = '']) => name.toLowerCase());
}

/** The texts that a peer is asked to repeat. */
function questionsIn(data: Buffer): string[] {
  const questions = data.toString('latin1').matchAll(/\*2\r\n\$4\r\nping\r\n\$\d+\r\n(.*)\r\n/gi);
  return [...questions].map(([, text = '']) => text);
}
