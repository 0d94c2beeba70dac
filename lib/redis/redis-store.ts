import type { Redis } from 'ioredis';
import { writeIdOf } from '../codec/frame.js';
import { asFailure } from '../core/as-failure.js';
import type {
  Command,
  CommandHandlers,
  EntryExtras,
  Operation,
  Outcome,
  Put,
  Reply,
  Slot,
  TagVersion,
  Watch,
} from '../core/cache-store.js';
import type { FollowableStore, Follower, Following, Kept } from '../core/followable-store.js';
import type { Look } from './change-feed.js';
import { inspectKey } from './inspect-key.js';
import { operationError, type RedisRequest } from './redis-error.js';
import { classifyFailure } from './redis-failure.js';
import { RedisFollowing } from './redis-following.js';
import { RedisKeeping } from './redis-keeping.js';
import { RedisLeases } from './redis-leases.js';
import { ABSENT, lifeOf, roomFor, sealPut, slotOf } from './redis-slot.js';
import type { RedisShard, RedisTopology } from './redis-topology.js';
import type { ServerSide } from './server-side.js';
import { RedisVersions } from './redis-versions.js';
import { TurnBatches } from './turn-batches.js';
import { describeReply, foreign, type KeyRequest, physicalKey, ScriptRunner } from './script-runner.js';
import { scanPage } from './scan-page.js';
import { ANSWER, REMOVE } from './scripts.js';

/** Slots in Redis, one key each, framed so that each value says what it is. */
export class RedisStore implements FollowableStore {
  readonly #topology: RedisTopology;
  readonly #scripts: ScriptRunner;
  readonly #keeping: RedisKeeping;
  readonly #handlers: CommandHandlers;
  /** Absent where keys that are asked for together may be on different servers. */
  readonly #batches: TurnBatches | undefined;

  constructor(topology: RedisTopology) {
    this.#topology = topology;
    this.#scripts = new ScriptRunner(topology);
    this.#batches = topology.connection && new TurnBatches(topology.connection);
    const leases = new RedisLeases(topology, this.#scripts);
    const versions = new RedisVersions(topology, this.#scripts);
    this.#keeping = new RedisKeeping(topology, this.#scripts, versions);
    this.#handlers = {
      read: ({ prefix, keys, absent }) =>
        this.#batches?.readMany(prefix, keys, absent !== 'likely') ??
        each(keys, (key) => this.#read(prefix, key, absent)),
      inspect: (command) => inspectKey(topology, this.#scripts, command),
      write: ({ prefix, puts }) =>
        each(puts, async (put) => {
          await this.#write({ verb: 'write', prefix, key: put.key }, put);
          return writeIdOf(put.bytes);
        }),
      remove: ({ prefix, keys }) => this.#remove(prefix, keys),
      clear: ({ prefix }) => this.#clear({ verb: 'clear', prefix }),
      ping: ({ prefix }) => this.#ping({ verb: 'reach', prefix }),
      acquire: (command) => leases.acquire(command),
      renew: (command) => leases.renew(command),
      fulfil: (command) => leases.fulfil(command),
      release: (command) => leases.release(command),
      begin: (command) => leases.begin(command),
      settle: (command) => leases.settle(command),
      keep: (command) => leases.keep(command),
      versions: (command) => versions.look(command),
      stamp: (command) => versions.stamp(command),
      evict: (command) => versions.evict(command),
    };
  }

  roomFor(extras: EntryExtras | undefined): number {
    return roomFor(extras);
  }

  execute<Op extends Operation>(command: Command<Op>): Promise<Reply<Op>> {
    if (command.op !== 'read') this.#keeping.flush();
    if (command.op !== 'read' && command.op !== 'write') this.#batches?.flush();
    return this.#handlers[command.op](command);
  }

  look(prefix: string, key: string): Promise<Slot> {
    return this.#read(prefix, key, 'certain');
  }

  put(prefix: string, put: Put): Promise<void> {
    this.#keeping.flush();
    return this.#write({ verb: 'write', prefix, key: put.key }, put);
  }

  async watch(prefix: string, key: string, onChange: () => void): Promise<Watch> {
    this.#batches?.flush();
    const request: KeyRequest = { verb: 'read', prefix, key };
    const wholeKey = physicalKey(request);
    let look: Look | undefined;
    const stop = (): void => look?.stop();
    try {
      const slot = await this.#topology.run(request, wholeKey, async (client, server) => {
        stop();
        look = server.changes.look(client, wholeKey, onChange);
        return await this.#slot(request, await look.reply, client, server);
      });
      return { slot, stop };
    } catch (error) {
      stop();
      throw error;
    }
  }

  follow(follower: Follower): Following {
    return new RedisFollowing(this.#topology, follower);
  }

  readToKeep(
    prefix: string,
    keys: readonly string[],
    absent?: Command<'read'>['absent'],
  ): Promise<readonly Kept<Outcome<Slot>>[]> {
    if (keys.some((key) => this.#batches?.holdsWriteOf(prefix + key) === true)) this.#batches?.flush();
    return this.#keeping.read(prefix, keys, absent);
  }

  versionsToKeep(prefix: string, tags: readonly string[]): Promise<readonly Kept<TagVersion | undefined>[]> {
    return this.#keeping.versions(prefix, tags);
  }

  close(): Promise<void> {
    this.flush();
    return this.#topology.close();
  }

  /** Sends what waits for the end of the turn. */
  flush(): void {
    this.#batches?.flush();
    this.#keeping.flush();
    this.#topology.connection?.sendHeld?.();
  }

  #read(prefix: string, key: string, absent: Command<'read'>['absent']): Promise<Slot> {
    if (this.#batches !== undefined) return this.#batches.read(prefix, key, absent !== 'likely');
    const request: KeyRequest = { verb: 'read', prefix, key };
    const wholeKey = physicalKey(request);
    return this.#topology.run(request, wholeKey, async (client, server) => {
      return await this.#slot(request, await client.getBuffer(wholeKey), client, server, absent);
    });
  }

  async #slot(
    request: KeyRequest,
    bytes: unknown,
    client: Redis,
    server: ServerSide,
    absent?: Command<'read'>['absent'],
  ): Promise<Slot> {
    if (Buffer.isBuffer(bytes)) return await slotOf(bytes, request, client, server);
    if (bytes !== null) throw this.#scripts.unexpected(request, 'GET', describeReply(bytes));
    // Nothing names its key: a reply too many looks just like it.
    if (absent !== 'likely') await server.line.confirm();
    return ABSENT;
  }

  /** What is sealed at once is sent at once, so that writes that nobody waited for keep their order. */
  #write(request: KeyRequest, put: Put): Promise<void> {
    const sealing = sealPut(this.#topology, put, request);
    return sealing === undefined ? this.#set(request, put) : sealing.then(() => this.#set(request, put));
  }

  #set(request: KeyRequest, put: Put): Promise<void> {
    if (this.#batches !== undefined) return this.#batches.write(request, put);
    const key = physicalKey(request);
    const life = lifeOf(put);
    return this.#topology.run(request, key, async (client) => {
      const reply = await (life === '' ? client.set(key, put.bytes) : client.set(key, put.bytes, 'PX', life));
      if (reply !== 'OK') throw this.#scripts.unexpected(request, 'SET', describeReply(reply));
    });
  }

  async #remove(prefix: string, keys: readonly string[]): Promise<readonly Outcome<boolean>[]> {
    const groups = this.#topology.group(keys.map((key) => prefix + key));
    if (groups.length === 1) return this.#removeGroup(prefix, keys);
    return (await Promise.all(keys.map((key) => this.#removeGroup(prefix, [key])))).flat();
  }

  /** Keys that one command may name together. */
  async #removeGroup(prefix: string, keys: readonly string[]): Promise<readonly Outcome<boolean>[]> {
    const requests = keys.map((key) => ({ verb: 'delete', prefix, key }) as const);
    const [request = { verb: 'delete', prefix }] = requests;
    const whole = keys.length === 1 ? request : ({ verb: 'delete', prefix, keys: keys.length } as const);
    const outcomes = await this.#scripts
      .run(whole, { script: REMOVE, keys: requests.map(physicalKey) }, (answers) =>
        requests.map((one, index) => this.#removed(one, answers[index])),
      )
      .catch(asFailure);
    return Array.isArray(outcomes) ? outcomes : requests.map(() => outcomes);
  }

  #removed(request: KeyRequest, answer: unknown): Outcome<boolean> {
    if (answer === ANSWER.yes) return true;
    if (answer === ANSWER.no) return false;
    if (answer === ANSWER.foreign) return foreign(request);
    const failure = classifyFailure(answer);
    if (failure.kind === 'operation') return operationError(failure, request, this.#topology.target);
    throw this.#scripts.unexpected(request, 'EVAL', describeReply(answer));
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
    let cursor = '0';
    let step = request;
    do {
      const [next, keys] = await scanPage(server, step, cursor);
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
      if (Number.isNaN(Number(reply)))
        throw this.#scripts.unexpected(request, 'UNLINK', describeReply(reply));
    });
  }

  async #ping(request: RedisRequest): Promise<void> {
    const { servers } = await this.#topology.shards(request);
    await Promise.all(servers.map((server) => this.#pingServer(server, request)));
  }

  #pingServer(server: RedisShard, request: RedisRequest): Promise<void> {
    return server.run(request, async (client) => {
      const reply: unknown = await client.ping();
      if (reply !== 'PONG') throw this.#scripts.unexpected(request, 'PING', describeReply(reply));
    });
  }
}

/** Asks about each item by itself, all at once; the failure of one is that one's outcome. */
function each<Item, Value>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Value>,
): Promise<readonly Outcome<Value>[]> {
  return Promise.all(items.map((item) => ask(item).catch(asFailure)));
}
