import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Certificates, copyCertificates, createCertificates } from './certificates.js';
import { getFreeNodePort, getFreePort } from './free-port.js';
import {
  type RedisServerOptions,
  sentinelConfiguration,
  sentinelFile,
  serverArguments,
} from './redis-server-arguments.js';
import { startContainer } from './redis-server-container.js';
import { askRedis } from './redis-server-probe.js';
import { type RunningServer, startProcess } from './redis-server-process.js';
import { getRedisSource, type RedisSource } from './redis-server-source.js';

export type { RedisServerOptions } from './redis-server-arguments.js';

const startAttempts = 5;
const patience = 20_000;

/**
 * Starts a Redis (or Valkey) server of its own for a test or a demonstration, empty and without persistence.
 *
 * It listens on 127.0.0.1 at a free port and answers when this resolves. It does not outlive this process.
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const source = await getRedisSource();
  for (let attempt = 1; ; attempt++) {
    const server = await RedisServer.create(source, options);
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server.stop();
      if (attempt === startAttempts || !isPortTaken(error)) throw error;
    }
  }
}

/** One server: what it takes to reach it, and what can be done to it. */
export class RedisServer {
  readonly host: string = '127.0.0.1';
  private running?: RunningServer;
  private isFrozen = false;

  private constructor(
    private readonly source: RedisSource,
    private readonly options: RedisServerOptions,
    /** It works here, and everything in it goes when it is stopped. */
    readonly folder: string,
    readonly port: number,
    /** The authority and the certificates of a server with TLS. */
    readonly certificates: Certificates | undefined,
  ) {}

  /** Prepares what the server needs, and does not start it yet. */
  static async create(source: RedisSource, options: RedisServerOptions): Promise<RedisServer> {
    // A test run collects its servers in one folder, to see at its end that none is left.
    const folder = await mkdtemp(join(process.env['SPAKKY_TEST_RUN_FOLDER'] ?? tmpdir(), 'redis-'));
    const certificates = await certificatesIn(folder, options);
    const port = await (options.cluster ? getFreeNodePort() : getFreePort());
    if (options.sentinel) {
      await writeFile(sentinelFile(folder), sentinelConfiguration(options, { folder, port }));
    }
    return new RedisServer(source, options, folder, port, certificates);
  }

  /** What runs here, in one line: for reports, and for tests that depend on the version. */
  get description(): string {
    return this.source.description;
  }

  get password(): string | undefined {
    return this.options.password;
  }

  /** The unix socket, when one was asked for. */
  get path(): string | undefined {
    return this.options.unixSocket ? join(this.folder, 'redis.sock') : undefined;
  }

  /** Where the server is, password included. */
  get url(): string {
    const secret = this.password === undefined ? '' : `:${encodeURIComponent(this.password)}@`;
    return `${this.certificates ? 'rediss' : 'redis'}://${secret}${this.host}:${this.port}`;
  }

  /** Whether it runs and is not frozen. */
  get isServing(): boolean {
    return this.running !== undefined && !this.isFrozen;
  }

  /** Sends a signal. SIGKILL and SIGTERM resolve when the server is gone; `restart()` brings it back. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { running } = this;
    await running?.signal(signal);
    const hasEnded = signal === 'SIGKILL' || signal === 'SIGTERM';
    if (hasEnded && this.running === running) this.running = undefined;
  }

  /** Stops the clock for the server: it accepts connections (the kernel does) and answers nothing. */
  async freeze(): Promise<void> {
    this.isFrozen = true;
    await this.running?.signal('SIGSTOP');
  }

  /** Lets a frozen server go on. */
  async resume(): Promise<void> {
    await this.running?.signal('SIGCONT');
    this.isFrozen = false;
  }

  /** Starts the server again at the same port, empty; kills it first when it still runs. */
  async restart(): Promise<void> {
    await this.kill();
    const launched = await this.launch(serverArguments(this.options, this));
    this.running = launched;
    this.isFrozen = false;
    void this.forgetWhenGone(launched);
    await this.waitUntilReady(launched);
  }

  /** Ends the server for good and removes its files. May be repeated. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private async forgetWhenGone(launched: RunningServer): Promise<void> {
    await launched.exited;
    if (this.running === launched) this.running = undefined;
  }

  private launch(args: readonly string[]): Promise<RunningServer> {
    if (this.source.kind === 'container') return startContainer(this.source.image, args, this.folder);
    return startProcess(this.source.command, args, this.folder, this.source.libraries);
  }

  private async waitUntilReady(launched: RunningServer): Promise<void> {
    const end = Date.now() + patience;
    let reason: unknown;
    while (this.running === launched && Date.now() < end) {
      try {
        if (await this.answers()) return;
      } catch (error) {
        reason = error;
      }
      await delay(10);
    }
    const how = this.running === launched ? `did not answer within ${patience} ms` : 'ended at once';
    const said = `Its output:\n${await launched.output()}`;
    throw new Error(`The Redis server ${how} (${this.description}). ${said}`, { cause: reason });
  }

  private async answers(): Promise<boolean> {
    await askRedis(this, ['PING']);
    if (!this.options.replicaOf) return true;
    const replication = await askRedis(this, ['INFO', 'replication']);
    return replication.includes('master_link_status:up');
  }
}

async function certificatesIn(
  folder: string,
  { tls }: RedisServerOptions,
): Promise<Certificates | undefined> {
  if (!tls) return undefined;
  const { hosts, certificates } = typeof tls === 'object' ? tls : {};
  return certificates ? copyCertificates(certificates, folder) : createCertificates(folder, hosts);
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && /address already in use/i.test(error.message);
}
