import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { getFreePort } from '../support/free-port.js';

/** Where a server listens. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** A connection on its way. */
interface Passage {
  readonly client: Socket;
  readonly server: Socket;
  /** Whether it is one on which the server tells of changes. */
  isListening: boolean;
  isSilent: boolean;
}

/**
 * A way to a server on which the connections that listen fall silent, and nobody is told: each right after the server
 * has answered on it, so that it is trusted for as long as can be.
 */
export class SilentWay {
  readonly #passages = new Set<Passage>();
  #isSilencing = false;

  private constructor(
    private readonly listener: Server,
    private readonly target: Address,
    readonly address: Address,
  ) {
    listener.on('connection', (socket) => this.#join(socket));
  }

  static async open(target: Address): Promise<SilentWay> {
    const port = await getFreePort();
    const listener = createServer().listen(port, '127.0.0.1');
    await once(listener, 'listening');
    return new SilentWay(listener, target, { host: '127.0.0.1', port });
  }

  /** Lets every connection that listens now fall silent after its next answer; new ones are not touched. */
  silence(): void {
    this.#isSilencing = true;
  }

  /** How many connections that listen have fallen silent. */
  get silent(): number {
    return [...this.#passages].filter(({ isSilent }) => isSilent).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    for (const { client } of this.#passages) client.destroy();
    await once(this.listener, 'close');
  }

  #join(client: Socket): void {
    const server = connect(this.target.port, this.target.host);
    const passage: Passage = { client, server, isListening: false, isSilent: false };
    this.#passages.add(passage);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#passages.delete(passage);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (bytes: Buffer) => {
      passage.isListening ||= !this.#isSilencing && bytes.includes('SUBSCRIBE');
      server.write(bytes);
    });
    server.on('data', (bytes: Buffer) => {
      if (passage.isSilent) return;
      client.write(bytes);
      passage.isSilent = this.#isSilencing && passage.isListening && bytes.includes('pong');
    });
  }
}
