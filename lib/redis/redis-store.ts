import type { Redis } from 'ioredis';
import { BODY_OFFSET } from '../codec/frame-layout.js';
import { parseFrame, sealEntry } from '../codec/frame.js';
import { CacheSerializationError, SpakkyCacheError } from '../contract/errors.js';
import type {
  CacheStore,
  Command,
  CommandHandlers,
  Operation,
  Outcome,
  Put,
  Reply,
  Slot,
} from '../core/cache-store.js';
import { isUnder, patternUnder } from './key-prefix.js';
import { operationError, type RedisRequest } from './redis-error.js';
import { operationFailure } from './redis-failure.js';
import type { RedisShard, RedisTopology } from './redis-topology.js';
import { secondStep } from './reply-line.js';
import { REMOVE, REMOVED } from './scripts.js';

/** Measured: larger pages make other clients wait longer (28 ms against 5–8 ms), smaller ones take twice as long. */
const SCAN_PAGE = 1_000;

const ABSENT: Slot = { state: 'absent' };

/** Slots in Redis, one key each, framed so that each value says what it is. */
export class RedisStore implements CacheStore {
  readonly room = BODY_OFFSET.entry;
  readonly #topology: RedisTopology;
  /** Each removal is answered with a mark of its own. */
  #marks = 0;

  readonly #handlers: CommandHandlers = {
    read: ({ prefix, keys }) => each(keys, (key) => this.#read({ verb: 'read', prefix, key })),
    write: ({ prefix, puts }) =>
      each(puts, (put) => this.#write({ verb: 'write', prefix, key: put.key }, put)),
    remove: ({ prefix, keys }) => each(keys, (key) => this.#remove({ verb: 'delete', prefix, key })),
    clear: ({ prefix }) => this.#clear({ verb: 'clear', prefix }),
    ping: ({ prefix }) => this.#ping({ verb: 'reach', prefix }),
  };

  constructor(topology: RedisTopology) {
    this.#topology = topology;
  }

  execute<Op extends Operation>(command: Command<Op>): Promise<Reply<Op>> {
    return this.#handlers[command.op](command);
  }

  close(): Promise<void> {
    return this.#topology.close();
  }

  #read(request: KeyRequest): Promise<Slot> {
    const key = physicalKey(request);
    return this.#topology.run(request, key, async (client, line) => {
      const bytes: unknown = await client.getBuffer(key);
      if (Buffer.isBuffer(bytes)) return await slotOf(bytes, request.key, key, client);
      if (bytes !== null) throw this.#unexpected(request, 'GET', describe(bytes));
      // Nothing names its key: a reply too many looks just like it.
      await line.confirm();
      return ABSENT;
    });
  }

  #write(request: KeyRequest, { bytes, ttl }: Put): Promise<void> {
    const key = physicalKey(request);
    sealEntry(bytes, key);
    return this.#topology.run(request, key, async (client) => {
      const reply = await (ttl === undefined ? client.set(key, bytes) : client.set(key, bytes, 'PX', ttl));
      if (reply !== 'OK') throw this.#unexpected(request, 'SET', describe(reply));
    });
  }

  #remove(request: KeyRequest): Promise<boolean> {
    const key = physicalKey(request);
    return this.#topology.run(request, key, async (client) => {
      this.#marks += 1;
      const mark = String(this.#marks);
      const reply: unknown = await client.eval(REMOVE, 1, key, mark);
      const found: unknown = Array.isArray(reply) && reply[0] === mark ? reply[1] : undefined;
      switch (Number(found)) {
        case REMOVED.foreign:
          throw foreign(request);
        case REMOVED.freshEntry:
          return true;
        case REMOVED.nothingFresh:
          return false;
        default:
          throw this.#unexpected(request, 'EVAL', describe(reply));
      }
    });
  }

  async #clear(request: RedisRequest): Promise<void> {
    const shards = await this.#topology.shards(request);
    const begun = await this.#clearServers(shards.servers, request);
    if (await shards.keptTheirKeys(begun)) return;
    // A key that moved to a server that was done before has escaped, once: its next move would be another migration.
    const { servers } = await this.#topology.shards(begun);
    await this.#clearServers(servers, begun);
  }

  async #clearServers(servers: readonly RedisShard[], request: RedisRequest): Promise<RedisRequest> {
    let step = request;
    for (const server of servers) step = await this.#clearServer(server, step);
    return step;
  }

  /** Page by page, so that neither the server nor this process ever holds more than a page, and others get in between. */
  async #clearServer(server: RedisShard, request: RedisRequest): Promise<RedisRequest> {
    const pattern = patternUnder(request.prefix);
    let cursor = '0';
    let step = request;
    do {
      const [next, keys] = await this.#scan(server, step, cursor, pattern);
      if (keys.length > 0) {
        await this.#unlink(step, keys);
        step = { ...request, begun: true };
      }
      cursor = next;
    } while (cursor !== '0');
    return step;
  }

  async #unlink(request: RedisRequest, keys: Buffer[]): Promise<void> {
    const groups = this.#topology.group(keys);
    const outcomes = await Promise.allSettled(groups.map((group) => this.#unlinkGroup(request, group)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #unlinkGroup(request: RedisRequest, keys: Buffer[]): Promise<void> {
    const [first = ''] = keys;
    return this.#topology.run(request, first, async (client) => {
      const reply: unknown = await client.unlink(keys);
      if (Number.isNaN(Number(reply))) throw this.#unexpected(request, 'UNLINK', describe(reply));
    });
  }

  #scan(
    server: RedisShard,
    request: RedisRequest,
    cursor: string,
    pattern: string,
  ): Promise<[string, Buffer[]]> {
    const prefix = Buffer.from(request.prefix);
    return server.run(request, async (client) => {
      const reply = await client.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', SCAN_PAGE);
      if (!Array.isArray(reply) || !Buffer.isBuffer(reply[0]) || !Array.isArray(reply[1])) {
        throw this.#unexpected(request, 'SCAN', describe(reply));
      }
      // They are about to be removed.
      if (!reply[1].every((key) => isUnder(prefix, key)))
        throw this.#unexpected(request, 'SCAN', 'other keys');
      return [reply[0].toString(), reply[1]];
    });
  }

  async #ping(request: RedisRequest): Promise<void> {
    const { servers } = await this.#topology.shards(request);
    await Promise.all(servers.map((server) => this.#pingServer(server, request)));
  }

  #pingServer(server: RedisShard, request: RedisRequest): Promise<void> {
    return server.run(request, async (client) => {
      const reply: unknown = await client.ping();
      if (reply !== 'PONG') throw this.#unexpected(request, 'PING', describe(reply));
    });
  }

  #unexpected(request: RedisRequest, command: string, what: string): SpakkyCacheError {
    const failure = operationFailure('REDIS_UNEXPECTED_REPLY', `${command} answered ${what}`);
    return operationError(failure, request, this.#topology.target);
  }
}

function describe(reply: unknown): string {
  return reply === null ? 'null' : typeof reply;
}

type KeyRequest = RedisRequest & { readonly key: string };

function physicalKey({ prefix, key }: KeyRequest): string {
  return prefix + key;
}

/** Asks about each item by itself, all at once; the failure of one is that one's outcome. */
function each<Item, Value>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Value>,
): Promise<readonly Outcome<Value>[]> {
  return Promise.all(items.map((item) => ask(item).catch(outcomeOf)));
}

function outcomeOf(error: unknown): SpakkyCacheError {
  if (error instanceof SpakkyCacheError) return error;
  throw error;
}

async function slotOf(bytes: Buffer, key: string, wholeKey: string, client: Redis): Promise<Slot> {
  const frame = parseFrame(bytes, key, wholeKey);
  if (frame.kind === 'lease') return { state: 'lease' };
  // Redis' own expiry is the end of a plain entry; one with times of its own is judged by the server's clock.
  const fresh = frame.times === undefined || (await serverTime(client)) < frame.times.freshUntil;
  return { state: 'entry', fresh, bytes: frame.bytes, start: frame.bodyStart };
}

async function serverTime(client: Redis): Promise<number> {
  const [seconds, microseconds] = await secondStep(client.time());
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

function foreign({ prefix, key }: KeyRequest): CacheSerializationError {
  return new CacheSerializationError(
    'CACHE_PAYLOAD_FOREIGN',
    `Cannot delete ${JSON.stringify(key)} (prefix "${prefix}"): the key holds bytes that this cache did not write. ` +
      'They were left as they are; set() replaces them.',
    { key },
  );
}
