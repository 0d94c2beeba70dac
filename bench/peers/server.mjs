// The Redis server of a run, and what it says of itself.
import { Redis } from 'ioredis';
import { startRedisServer } from '../../test/support/redis-server.ts';

export async function startServer() {
  const server = await startRedisServer();
  const { host, port, description } = server;
  const client = new Redis({ host, port });
  return {
    host,
    port,
    description,
    /** In microseconds since its start: of its main thread, which is the one that everybody waits for. */
    processorTime: async () => {
      const info = await client.info('cpu');
      const seconds = (name) => Number(new RegExp(`^${name}:(.+)$`, 'm').exec(info)?.[1]);
      return (seconds('used_cpu_user_main_thread') + seconds('used_cpu_sys_main_thread')) * 1e6;
    },
    processId: async () => Number(/^process_id:(\d+)/m.exec(await client.info('server'))?.[1]),
    version: async () => /^redis_version:(.+)$/m.exec(await client.info('server'))?.[1]?.trim(),
    empty: () => client.flushall(),
    stop: async () => {
      client.disconnect();
      await server.stop();
    },
  };
}
