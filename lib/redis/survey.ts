import type { Redis } from 'ioredis';
import { HEAD_LENGTH } from '../codec/frame-head.js';
import { isVersionKey } from './key-prefix.js';
import { type KeyLook, KeyTally, type SurveyedKeys } from './key-tally.js';
import type { RedisRequest } from './redis-error.js';
import { classifyFailure, unlessForbidden } from './redis-failure.js';
import type { RedisShard, RedisTopology } from './redis-topology.js';
import { unlessRefused } from './refusal.js';
import { scanPage } from './scan-page.js';
import { describeReply, unexpectedReply } from './script-runner.js';
import { fieldOf, softwareOf } from './server-info.js';

/** How the servers of a cache do, and what is under its prefix; it holds no credential, and nothing of a value. */
export interface RedisCacheSurvey {
  /** The server, or each master of a cluster. */
  readonly servers: readonly SurveyedServer[];
  /** On all of them together. */
  readonly keys: SurveyedKeys;
}

/** One server; what it does not let one ask for is absent. */
export interface SurveyedServer {
  /** Such as `localhost:6379`, or the path of a socket. */
  readonly address: string;
  /** How long a ping took, in milliseconds. */
  readonly latency: number;
  /** Such as `Redis 7.2.4`. */
  readonly software?: string;
  /** Bytes of memory that it uses. */
  readonly usedMemory?: number;
  /** Bytes of memory that it may use; 0: as many as there are. */
  readonly maxMemory?: number;
  /** What it evicts when it may use no more. */
  readonly maxMemoryPolicy?: string;
}

/** Looks at each server, then counts its keys under the prefix page by page: others get in between, no page is kept. */
export async function surveyRedis(topology: RedisTopology, prefix: string): Promise<RedisCacheSurvey> {
  const request: RedisRequest = { verb: 'read', prefix };
  const { servers } = await topology.shards(request);
  const surveyed: SurveyedServer[] = [];
  const tally = new KeyTally();
  for (const server of servers) {
    surveyed.push(await surveyServer(server, request));
    await countKeys(server, request, tally);
  }
  return { servers: surveyed, keys: tally.keys };
}

async function surveyServer(server: RedisShard, request: RedisRequest): Promise<SurveyedServer> {
  const info = (await unlessRefused(server.run(request, (client) => client.info()))) ?? '';
  const latency = await server.run(request, async (_client, { line }) => {
    const askedAt = performance.now();
    await line.confirm();
    return performance.now() - askedAt;
  });
  const { address } = server.target;
  const [software, maxMemoryPolicy] = [softwareOf(info), fieldOf(info, 'maxmemory_policy')];
  const [usedMemory, maxMemory] = ['used_memory', 'maxmemory'].map((name) => numberOf(fieldOf(info, name)));
  return { address, latency, software, usedMemory, maxMemory, maxMemoryPolicy };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

async function countKeys(server: RedisShard, request: RedisRequest, tally: KeyTally): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await scanPage(server, request, cursor);
    await countPage(server, request, keys, tally);
    cursor = next;
  } while (cursor !== '0');
}

async function countPage(
  server: RedisShard,
  request: RedisRequest,
  keys: readonly Buffer[],
  tally: KeyTally,
): Promise<void> {
  const own = keys.filter((key) => !isVersionKey(key));
  for (let tags = keys.length - own.length; tags > 0; tags -= 1) tally.addTag();
  if (own.length === 0) return;
  const [time, looks] = await server.run(request, (client, { line }) =>
    Promise.all([
      client.time().then((reply) => timeOf(reply, server, request)),
      Promise.all(own.map((key) => lookAt(client, key))),
      // Any number would do for an answer.
      line.confirm(),
    ]),
  );
  for (const look of looks) {
    if (look === 'moving') tally.addMoving();
    else tally.add(look, time);
  }
}

/** By the server's clock, in milliseconds since the epoch. */
function timeOf(reply: unknown, { target }: RedisShard, request: RedisRequest): number {
  const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : [];
  const time = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  if (Number.isNaN(time)) throw unexpectedReply(request, 'TIME', describeReply(reply), target);
  return time;
}

async function lookAt(client: Redis, key: Buffer): Promise<KeyLook | 'moving'> {
  try {
    const [head, life, bytes] = await Promise.all([
      client.getrangeBuffer(key, 0, HEAD_LENGTH - 1).catch(unlessAnotherType),
      client.pttl(key),
      client.strlen(key).catch(unlessAnotherType).catch(unlessForbidden),
    ]);
    return { head, life, bytes: typeof bytes === 'number' ? bytes : undefined };
  } catch (error) {
    if (classifyFailure(error).kind === 'redirection') return 'moving';
    throw error;
  }
}

function unlessAnotherType(error: unknown): 'another type' {
  const failure = classifyFailure(error);
  if (failure.kind === 'operation' && failure.code === 'REDIS_WRONG_TYPE') return 'another type';
  throw error;
}
