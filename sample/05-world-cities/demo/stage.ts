import { randomUUID } from 'node:crypto';
import { type RedisServer, startRedisServer } from '../../../test/support/redis-server.js';
import { configureRedis, isRedisConfigured } from '../choose-redis.js';
import { ApplicationProcess } from './application-process.js';
import { Report } from './report.js';

/** The deadline of one operation, in seconds: short, because the demonstration shows it. */
export const SOCKET_TIMEOUT = 1;

/** What the demonstration plays with: one Redis, and two applications that share it. */
export class Stage {
  readonly report = new Report();

  private constructor(
    /** Under which the applications keep everything; no other run has it. */
    readonly prefix: string,
    /** A server of our own, which may be stopped; absent when a configured one is used. */
    readonly server: RedisServer | undefined,
    readonly applications: readonly [ApplicationProcess, ApplicationProcess],
  ) {}

  static async setUp(): Promise<Stage> {
    const prefix = `world-cities:demo-${randomUUID().slice(0, 8)}:`;
    process.env['SPAKKY_REDIS__KEY_PREFIX'] = prefix;
    const server = isRedisConfigured() ? undefined : await startRedisServer();
    if (server) {
      configureRedis(server);
      process.env['SPAKKY_REDIS__SOCKET_TIMEOUT'] = String(SOCKET_TIMEOUT);
    }
    const applications = await Promise.all([ApplicationProcess.start('A'), ApplicationProcess.start('B')]);
    return new Stage(prefix, server, applications);
  }

  /** Ends everything that was started, and says whether it ended by itself. */
  async tearDown(): Promise<void> {
    this.report.title('The end');
    for (const application of this.applications) {
      const { name, pid } = application;
      this.report.check(await application.end(), `process ${name} (pid ${pid}) ended by itself`);
    }
    await this.server?.stop();
  }
}
