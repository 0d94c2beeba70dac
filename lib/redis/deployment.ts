import { MAGIC, OFFSET, WIRE_VERSION } from '../codec/frame-layout.js';
import { RedisCacheOperationError } from '../contract/redis-errors.js';
import { isUnder, isVersionKey, patternUnder } from './key-prefix.js';
import type { RedisRequest } from './redis-error.js';
import type { RedisShard, RedisTopology } from './redis-topology.js';
import { unlessRefused } from './refusal.js';
import { fieldOf } from './server-info.js';
import type { Send } from './server-side.js';

/** The oldest server that the package is tested with. */
const OLDEST = [6, 2] as const;
/** How many keys are looked at: enough to meet another application, and no work for the server. */
const SAMPLE = 1_000;
const ENTRIES_OF_SAMPLE = 20;

/**
 * Looks at the server for what will go wrong later, as far as it may be looked at: what is refused is left out.
 *
 * @param prefix of the cache; no other keys are read, only their names
 * @returns one sentence for each finding
 */
export async function inspectDeployment(topology: RedisTopology, prefix: string): Promise<readonly string[]> {
  const request: RedisRequest = { verb: 'reach', prefix };
  const { servers } = await topology.shards(request);
  const findings = await Promise.all(servers.map((server) => inspectServer(server, request)));
  return [...new Set(findings.flat())];
}

async function inspectServer(server: RedisShard, request: RedisRequest): Promise<readonly string[]> {
  const ask = <Reply>(send: Send<Reply>) => unlessRefused(server.run(request, send));
  const [info, own, all] = await Promise.all([
    ask((client) => client.info()),
    ask((client) => client.scanBuffer(0, 'MATCH', patternUnder(request.prefix), 'COUNT', SAMPLE)),
    ask((client) => client.scanBuffer(0, 'COUNT', SAMPLE)),
  ]);
  const sample = own?.[1].filter((key) => !isVersionKey(key)).slice(0, ENTRIES_OF_SAMPLE) ?? [];
  const heads = await Promise.all(sample.map((key) => headOf(server, request, key)));
  const prefix = Buffer.from(request.prefix);
  const isShared = all?.[1].some((key) => !isUnder(prefix, key)) ?? false;
  return [...aboutServer(info ?? '', isShared), ...aboutEntries(heads, request.prefix)];
}

/** The first bytes of a value; none when it may not be looked at, or is gone. */
async function headOf(
  server: RedisShard,
  request: RedisRequest,
  key: Buffer,
): Promise<Buffer | 'another type' | undefined> {
  try {
    const head = await server.run(request, (client) => client.getrangeBuffer(key, 0, OFFSET.kind));
    return head.length === 0 ? undefined : head;
  } catch (error) {
    if (!(error instanceof RedisCacheOperationError)) throw error;
    return error.code === 'REDIS_WRONG_TYPE' ? 'another type' : undefined;
  }
}

function* aboutServer(info: string, isShared: boolean): Generator<string> {
  const version = fieldOf(info, 'redis_version');
  if (version !== undefined && isOlder(version)) {
    yield `The server is of version ${version}; ${OLDEST.join('.')} is the oldest that is tested`;
  }
  const policy = fieldOf(info, 'maxmemory_policy') ?? '';
  if (isShared && fieldOf(info, 'maxmemory') !== '0' && policy.startsWith('allkeys-')) {
    yield (
      `When its memory is full the server evicts any key (maxmemory-policy ${policy}), and the database holds ` +
      'keys of others, which the cache may push out: give the cache a server of its own, or choose a volatile-* policy'
    );
  }
}

function* aboutEntries(
  heads: readonly (Buffer | 'another type' | undefined)[],
  prefix: string,
): Generator<string> {
  const remedy = 'give each application a SPAKKY_REDIS__KEY_PREFIX of its own';
  const versions = heads.filter((head) => head !== undefined).map(versionOf);
  if (versions.includes(undefined)) {
    yield `Under the prefix "${prefix}" there are values that this cache did not write: ${remedy}`;
  }
  const other = versions.find((version) => version !== undefined && version !== WIRE_VERSION);
  if (other !== undefined) {
    yield (
      `Under the prefix "${prefix}" there are entries in version ${other} of the wire format, and this package ` +
      `writes version ${WIRE_VERSION}: use one version of the package everywhere, or ${remedy}`
    );
  }
}

/** The version of the wire format; `undefined` of what this cache did not write. */
function versionOf(head: Buffer | 'another type'): number | undefined {
  if (head === 'another type') return undefined;
  return MAGIC.every((byte, index) => head[OFFSET.magic + index] === byte) ? head[OFFSET.version] : undefined;
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
