import type { Socket } from 'node:net';
import type { ReplyFault, RequestFault } from './fault.js';
import { ReplyQueue } from './reply-queue.js';
import { commandIdentity, commandName, isPush, RespSplitter } from './resp-frames.js';

/** What a connection asks the proxy about each command. */
export interface ProxyDirections {
  /** What befalls a command on its way to the server. */
  requestFault(command: string): RequestFault | undefined;
  /** What befalls the reply to a command. */
  replyFault(command: string): ReplyFault | undefined;
  /**
   * Told of every command that went on to the server.
   *
   * @param identity the same when it is sent again; empty for one that may be
   */
  onCarried(command: string, identity: string): void;
  /** Told when nothing is left of the connection. */
  onClosed(connection: ProxiedConnection): void;
}

/** A command that the client waits for: the server answers it, or the proxy did. */
interface Expectation {
  readonly command: string;
  readonly answer?: Buffer;
}

/** One client's connection, and the one to the server that belongs to it. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #connectToServer: () => Socket;
  readonly #directions: ProxyDirections;
  readonly #replies: ReplyQueue;
  readonly #expectations: Expectation[] = [];
  #server: Socket | undefined;
  /** Whether the client hears nothing more. */
  #isMute = false;
  #isAbandoned = false;
  #isStuck = false;

  /** @param client a socket that was paused before anything was read from it */
  constructor(client: Socket, connectToServer: () => Socket, directions: ProxyDirections) {
    this.#client = client;
    this.#connectToServer = connectToServer;
    this.#directions = directions;
    this.#replies = new ReplyQueue(client);
    const requests = new RespSplitter();
    client.setNoDelay(true);
    client.on('error', () => undefined);
    client.on('data', (chunk: Buffer) => {
      for (const frame of requests.push(chunk)) this.#onCommand(frame);
    });
    client.on('close', () => {
      this.#replies.stop();
      this.#server?.end();
      directions.onClosed(this);
    });
    client.pause();
  }

  /** Carries from here on, and first what was held back. */
  release(): void {
    if (this.#isStuck) return;
    this.#server ??= this.#openServer();
    this.#server.resume();
    this.#replies.release();
    this.#client.resume();
  }

  /** Carries nothing until it is released, or ever again. */
  hold(until: 'released' | 'never' = 'released'): void {
    this.#isStuck ||= until === 'never';
    this.#client.pause();
    this.#server?.pause();
    this.#replies.hold();
  }

  /** Says to the client what nobody asked for. */
  interject(bytes: string): void {
    this.#say(Buffer.from(bytes, 'latin1'));
  }

  /** Lets the server's side vanish: the client is not told, and what it sends is lost. */
  abandon(): void {
    this.#isMute = true;
    this.#isAbandoned = true;
    this.#server?.destroy();
    this.release();
  }

  /** Resets the connection; the server sees an ordinary end. */
  reset(): void {
    this.#client.resetAndDestroy();
  }

  destroy(): void {
    this.#client.destroy();
    this.#server?.destroy();
  }

  #openServer(): Socket {
    const server = this.#connectToServer();
    const replies = new RespSplitter();
    server.setNoDelay(true);
    server.on('error', () => undefined);
    server.on('data', (chunk: Buffer) => {
      for (const frame of replies.push(chunk)) this.#onReply(frame);
    });
    server.on('close', () => {
      if (!this.#isAbandoned) this.#client.destroySoon();
    });
    return server;
  }

  #onCommand(frame: Buffer): void {
    const command = commandName(frame);
    const fault = this.#directions.requestFault(command);
    if (fault !== undefined) {
      this.#expectations.push({ command, answer: Buffer.from(`-${fault.error}\r\n`) });
      this.#sayOwnAnswers();
      return;
    }
    if (this.#server?.writable !== true) return;
    this.#expectations.push({ command });
    this.#directions.onCarried(command, commandIdentity(frame));
    this.#server.write(frame);
  }

  #onReply(frame: Buffer): void {
    if (isPush(frame)) {
      this.#say(frame);
      return;
    }
    const command = this.#expectations.shift()?.command ?? '';
    this.#deliver(frame, this.#directions.replyFault(command));
    this.#sayOwnAnswers();
  }

  /** The proxy's own answers wait their turn among the server's. */
  #sayOwnAnswers(): void {
    for (;;) {
      const answer = this.#expectations[0]?.answer;
      if (answer === undefined) return;
      this.#expectations.shift();
      this.#say(answer);
    }
  }

  #deliver(frame: Buffer, fault: ReplyFault | undefined): void {
    const half = Math.ceil(frame.length / 2);
    switch (fault?.kind) {
      case undefined:
        this.#say(frame);
        return;
      case 'cut-mid-reply':
        this.#say(frame.subarray(0, half));
        this.#cut();
        return;
      case 'drop-reply':
        if (fault.afterwards === 'cut') this.#cut();
        this.#isMute = true;
        return;
      case 'delay-reply':
        this.#say(frame, fault.milliseconds);
        return;
      case 'replace-reply':
        this.interject(fault.bytes);
        this.#isMute = fault.afterwards === 'silence';
        return;
      case 'noise-in-reply':
        this.#say(withNoise(frame, fault.bytes, fault.at ?? half));
        return;
      case 'extra-reply':
        this.#say(withNoise(frame, fault.bytes, frame.length));
    }
  }

  #say(bytes: Buffer, delay = 0): void {
    if (!this.#isMute) this.#replies.write(bytes, delay);
  }

  /** Ends the client's side once it has what was said so far; what it sent stays with the server. */
  #cut(): void {
    if (!this.#isMute) this.#client.destroySoon();
    this.#isMute = true;
  }
}

/** In one piece, so that it is never a matter of luck how much of it the client has seen before it acts. */
function withNoise(frame: Buffer, bytes: string, at: number): Buffer {
  return Buffer.concat([frame.subarray(0, at), Buffer.from(bytes, 'latin1'), frame.subarray(at)]);
}
