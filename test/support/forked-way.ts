import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { getFreePort } from './free-port.js';

/** Where a server listens. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** An address at which connections reach one server after the other, and the last one from then on. */
export class ForkedWay {
  readonly #sockets = new Set<Socket>();
  #targets: readonly Address[];
  #turn = 0;

  private constructor(
    private readonly listener: Server,
    private readonly port: number,
    targets: readonly Address[],
  ) {
    this.#targets = targets;
    listener.on('connection', (socket) => this.#join(socket));
  }

  static async open(targets: readonly Address[]): Promise<ForkedWay> {
    const port = await getFreePort();
    const listener = createServer().listen(port, '127.0.0.1');
    await once(listener, 'listening');
    return new ForkedWay(listener, port, targets);
  }

  get address(): Address {
    return { host: '127.0.0.1', port: this.port };
  }

  /** Leads new connections there, and ends those that are. */
  lead(targets: readonly Address[]): void {
    this.#targets = targets;
    this.#turn = 0;
    this.#hangUp();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    this.#hangUp();
    await once(this.listener, 'close');
  }

  #hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(socket: Socket): void {
    const target = this.#targets[Math.min(this.#turn, this.#targets.length - 1)];
    this.#turn += 1;
    if (target === undefined) return;
    const server = connect(target.port, target.host);
    for (const [from, to] of [
      [socket, server],
      [server, socket],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
