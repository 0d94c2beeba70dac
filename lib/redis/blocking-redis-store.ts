import type { BlockingOperation, Command, Reply } from '../core/cache-store.js';
import { type UnansweredEnd, WorkerBridge } from '../sync/worker-bridge.js';
import type { TopologySettings } from './create-topology.js';
import { connectionFailure } from './redis-failure.js';
import { lostError, type RedisRequest, timeoutError } from './redis-error.js';
import { RedisStore } from './redis-store.js';
import type { RedisTopology } from './redis-topology.js';
import { findWorkerFile } from './worker-file.js';

const VERBS: { readonly [Op in BlockingOperation]: RedisRequest['verb'] } = {
  read: 'read',
  write: 'write',
  remove: 'delete',
  clear: 'clear',
  versions: 'look up the tags of',
  stamp: 'look up the tags of',
};

/** A store that can also block, with the help of a thread that has a connection of its own. */
export class BlockingRedisStore extends RedisStore {
  readonly #bridge: WorkerBridge<TopologySettings>;

  constructor(topology: RedisTopology, { connection, socketTimeout }: TopologySettings) {
    super(topology);
    this.#bridge = new WorkerBridge({
      file: findWorkerFile(),
      settings: { connection, socketTimeout },
      timeout: socketTimeout,
      explain: (command, end) => explain(command, end, socketTimeout, topology),
    });
  }

  /** What waits for the end of this turn is sent before: its callers have called before. */
  executeSync<Op extends BlockingOperation>(command: Command<Op>): Reply<Op> {
    this.flush();
    return this.#bridge.execute(command);
  }

  override async close(): Promise<void> {
    await Promise.all([super.close(), this.#bridge.close()]);
  }
}

function explain(
  command: Command<BlockingOperation>,
  end: UnansweredEnd,
  timeout: number,
  { target }: RedisTopology,
): Error {
  const request: RedisRequest = { verb: VERBS[command.op], prefix: command.prefix, key: keyOf(command) };
  if (end !== 'gone') return timeoutError(end, timeout, request, target);
  const failure = connectionFailure('REDIS_CONNECTION_LOST', 'the thread that talks to Redis has ended');
  return lostError(failure, request, target);
}

function keyOf(command: Command<BlockingOperation>): string | undefined {
  if (command.op === 'write') return command.puts[0]?.key;
  return 'keys' in command ? command.keys[0] : undefined;
}
