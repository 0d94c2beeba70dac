import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Fault, type FaultLimits, PASS, type ReplyFault, type RequestFault } from './fault.js';
import { getFreePort } from './free-port.js';
import { ProxiedConnection } from './proxied-connection.js';

export type { Fault, FaultLimits } from './fault.js';

/** Where a server listens. */
export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

/** Starts a proxy in front of a server; everything passes until a fault is injected. */
export async function startFaultProxy(target: ProxyTarget): Promise<FaultProxy> {
  const proxy = new FaultProxy(target, await getFreePort());
  await proxy.heal();
  return proxy;
}

/**
 * Stands between clients and a real server, and gets between them: it knows where commands and replies begin and end.
 *
 * @example
 * ```ts
 * const proxy = await startFaultProxy({ host: '127.0.0.1', port: 6379 });
 * await proxy.inject({ kind: 'drop-reply', afterwards: 'cut' }, { commands: ['set'], times: 1 });
 * // … a client at proxy.host:proxy.port writes …
 * proxy.carried('set'); // 1: it reached the server once, and was not sent again
 * await proxy.heal();
 * await proxy.close();
 * ```
 */
export class FaultProxy {
  readonly host = '127.0.0.1';
  readonly #target: ProxyTarget;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #carried = new Map<string, number>();
  readonly #identities = new Set<string>();
  readonly #repeated = new Set<string>();
  #listener: Server | undefined;
  #fault: Fault = PASS;
  #commands: readonly string[] | undefined;
  #timesLeft = Number.POSITIVE_INFINITY;
  #accepted = 0;

  constructor(
    target: ProxyTarget,
    readonly port: number,
  ) {
    this.#target = target;
  }

  /** The fault that is in force. */
  get fault(): Fault {
    return this.#fault;
  }

  /** How many connections were accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** How many connections stand. */
  get open(): number {
    return this.#connections.size;
  }

  /** How many commands of this name (in lower case) reached the server since the last {@link resetCounts}. */
  carried(command: string): number {
    return this.#carried.get(command) ?? 0;
  }

  /** How many commands reached the server, by name. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#carried);
  }

  /** What reached the server more than once: reads and writes of the same keys in the same way, as text. */
  get repeated(): readonly string[] {
    return [...this.#repeated];
  }

  resetCounts(): void {
    this.#carried.clear();
    this.#identities.clear();
    this.#repeated.clear();
  }

  /** Puts a fault in force, in the place of the one before. */
  async inject(fault: Fault, limits: FaultLimits = {}): Promise<void> {
    this.#fault = fault;
    this.#commands = limits.commands;
    this.#timesLeft = limits.times ?? Number.POSITIVE_INFINITY;
    for (const connection of this.#connections) strike(connection, fault);
    if (fault.kind === 'refuse') await this.#stopListening();
    else await this.#listen();
  }

  /** Lets everything pass again. What broke stays broken: a half-open connection does not come back. */
  async heal(): Promise<void> {
    await this.inject(PASS);
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await this.#stopListening();
  }

  async #listen(): Promise<void> {
    if (this.#listener !== undefined) return;
    this.#listener = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
    this.#listener.listen(this.port, this.host);
    await once(this.#listener, 'listening');
  }

  async #stopListening(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    if (listener === undefined) return;
    listener.close();
    await once(listener, 'close');
  }

  #accept(socket: Socket): void {
    this.#accepted += 1;
    const connection = new ProxiedConnection(socket, () => connect(this.#target), {
      requestFault: (command) => this.#requestFault(command),
      replyFault: (command) => this.#replyFault(command),
      onCarried: (command, identity) => this.#onCarried(command, identity),
      onClosed: (closed) => this.#connections.delete(closed),
    });
    this.#connections.add(connection);
    const fault = this.#fault;
    if (fault.kind === 'reset') connection.reset();
    else if (fault.kind === 'black-hole') swallow(connection, fault);
    else connection.release();
  }

  #onCarried(command: string, identity: string): void {
    this.#carried.set(command, this.carried(command) + 1);
    if (identity === '') return;
    if (this.#identities.has(identity)) this.#repeated.add(identity);
    this.#identities.add(identity);
  }

  #requestFault(command: string): RequestFault | undefined {
    const fault = this.#fault;
    return fault.kind === 'error-reply' && this.#takeTurn(command) ? fault : undefined;
  }

  #replyFault(command: string): ReplyFault | undefined {
    const fault = this.#fault;
    return isReplyFault(fault) && this.#takeTurn(command) ? fault : undefined;
  }

  /** Whether the fault befalls this command; its turns are counted. */
  #takeTurn(command: string): boolean {
    if (this.#timesLeft <= 0 || this.#commands?.includes(command) === false) return false;
    this.#timesLeft -= 1;
    return true;
  }
}

const REPLY_FAULTS: ReadonlySet<string> = new Set<ReplyFault['kind']>([
  'cut-mid-reply',
  'drop-reply',
  'delay-reply',
  'replace-reply',
  'noise-in-reply',
  'extra-reply',
]);

type BlackHole = Extract<Fault, { readonly kind: 'black-hole' }>;

function isReplyFault(fault: Fault): fault is ReplyFault {
  return REPLY_FAULTS.has(fault.kind);
}

function swallow(connection: ProxiedConnection, { healed }: BlackHole): void {
  connection.hold(healed === 'dead' ? 'never' : 'released');
}

/** What a fault does at once to a connection that stands. */
function strike(connection: ProxiedConnection, fault: Fault): void {
  switch (fault.kind) {
    case 'reset':
      connection.reset();
      return;
    case 'refuse':
      connection.destroy();
      return;
    case 'black-hole':
      if (fault.connections === 'all') swallow(connection, fault);
      else connection.release();
      return;
    case 'half-open':
      connection.abandon();
      return;
    default:
      connection.release();
      if (fault.kind === 'unsolicited') connection.interject(fault.bytes);
  }
}
