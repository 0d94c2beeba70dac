// A Redis server of a run, and what it says of itself.
import { Redis } from 'ioredis';
import { startRedisServer } from '../../test/support/redis-server.ts';

/** Of keys that one script writes: others get in between. */
const CHUNK = 10_000;
const FILL = `for index = tonumber(ARGV[3]), tonumber(ARGV[4]) do redis.call('SET', ARGV[1] .. index, ARGV[2]) end`;

export class ObservedServer {
  #server;

  constructor(server) {
    this.#server = server;
    this.host = server.host;
    this.port = server.port;
    this.client = new Redis({ host: server.host, port: server.port });
  }

  static async start() {
    return new ObservedServer(await startRedisServer());
  }

  /** In microseconds since its start: of its main thread, which is the one that everybody waits for. */
  async processorTime() {
    const info = await this.info('cpu');
    return (info.get('used_cpu_user_main_thread') + info.get('used_cpu_sys_main_thread')) * 1e6;
  }

  async usedMemory() {
    return (await this.info('memory')).get('used_memory');
  }

  /** A section of INFO: numbers by their names. */
  async info(section) {
    const text = await this.client.info(section);
    return new Map(
      text
        .split('\r\n')
        .filter((line) => line.includes(':'))
        .map((line) => line.split(':'))
        .map(([name, value]) => [name, Number(value)]),
    );
  }

  /** Writes so many keys that no cache has made; `clear` does not look at what they hold. */
  async fill(prefix, count) {
    const value = 'v'.repeat(64);
    for (let first = 1; first <= count; first += CHUNK) {
      await this.client.eval(FILL, 0, prefix, value, first, Math.min(count, first + CHUNK - 1));
    }
  }

  async stop() {
    this.client.disconnect();
    await this.#server.stop();
  }
}
