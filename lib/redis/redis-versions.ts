import { randomBytes } from 'node:crypto';
import { TOKEN_LENGTH } from '../codec/frame-layout.js';
import { CacheSerializationError } from '../contract/errors.js';
import type { Command, TagVersion } from '../core/cache-store.js';
import { versionKey } from './key-prefix.js';
import type { RedisRequest } from './redis-error.js';
import type { RedisTopology } from './redis-topology.js';
import { describeReply, type ScriptRunner } from './script-runner.js';
import { STAMP } from './scripts.js';

/** Versions of tags, a key each. */
export class RedisVersions {
  readonly #topology: RedisTopology;
  readonly #scripts: ScriptRunner;

  constructor(topology: RedisTopology, scripts: ScriptRunner) {
    this.#topology = topology;
    this.#scripts = scripts;
  }

  async look({ prefix, tags }: Command<'versions'>): Promise<(TagVersion | undefined)[]> {
    const request: RedisRequest = { verb: 'look up the tags of', prefix };
    const groups = this.#topology.group(tags.map((tag) => versionKey(prefix, tag)));
    return (await Promise.all(groups.map((keys) => this.#lookAt(request, keys)))).flat();
  }

  async stamp({ prefix, tags, need }: Command<'stamp'>): Promise<TagVersion[]> {
    const request: RedisRequest = { verb: 'look up the tags of', prefix };
    const groups = this.#topology.group(tags.map((tag) => versionKey(prefix, tag)));
    const stamped = await Promise.all(
      groups.map((keys) => {
        const drawn = keys.map(() => randomBytes(TOKEN_LENGTH));
        return this.#scripts.run(request, { script: STAMP, keys, rest: [need, ...drawn] }, (versions) =>
          versions.map((version) => this.versionOf(version, request, 'EVAL')),
        );
      }),
    );
    return stamped.flat();
  }

  async evict({ prefix, tags }: Command<'evict'>): Promise<void> {
    const request: RedisRequest = { verb: 'evict tags of', prefix };
    const [first, ...others] = this.#topology.group(tags.map((tag) => versionKey(prefix, tag)));
    if (first === undefined) return;
    await this.#drop(request, first);
    await Promise.all(others.map((keys) => this.#drop({ ...request, begun: true }, keys)));
  }

  #lookAt(request: RedisRequest, keys: readonly Buffer[]): Promise<(TagVersion | undefined)[]> {
    const [first = ''] = keys;
    return this.#topology.run(request, first, async (client, { line }) => {
      const versions: unknown[] = await Promise.all(keys.map((key) => client.getBuffer(key)));
      if (versions.includes(null)) await line.confirm();
      return versions.map((version) =>
        version === null ? undefined : this.versionOf(version, request, 'GET'),
      );
    });
  }

  #drop(request: RedisRequest, keys: Buffer[]): Promise<void> {
    const [first = ''] = keys;
    return this.#topology.run(request, first, async (client, { line }) => {
      // Any number would do for an answer.
      const [reply] = await Promise.all([client.unlink(keys), line.confirm()]);
      if (typeof reply !== 'number') throw this.#scripts.unexpected(request, 'UNLINK', describeReply(reply));
    });
  }

  /** The version that a key holds. */
  versionOf(bytes: unknown, request: RedisRequest, command: string): TagVersion {
    if (!Buffer.isBuffer(bytes)) throw this.#scripts.unexpected(request, command, describeReply(bytes));
    if (bytes.length === TOKEN_LENGTH) return bytes.toString('latin1');
    throw new CacheSerializationError(
      'CACHE_PAYLOAD_FOREIGN',
      `Cannot look up a tag (prefix "${request.prefix}"): its version holds bytes that this cache did not write. ` +
        'They were left as they are; evictTags() drops them.',
    );
  }
}
