import type { Redis } from 'ioredis';
import { createCodec } from '../../lib/codec/codec.js';
import type { RedisCacheOptions } from '../../lib/config/redis-cache-options.js';
import { resolveRedisCacheOptions } from '../../lib/config/resolve-redis-cache-options.js';
import type { EntryExtras } from '../../lib/core/cache-store.js';
import { createTopology } from '../../lib/redis/create-topology.js';
import { lifeOf, sealPut } from '../../lib/redis/redis-slot.js';
import { RedisStore } from '../../lib/redis/redis-store.js';

const AT_ONCE = 10_000;

/** Many entries with the same tags. */
export interface TaggedEntries {
  readonly keyPrefix: string;
  readonly count: number;
  readonly tags: readonly string[];
  /** In milliseconds. */
  readonly ttl: number;
}

/** The key of one of them. */
export function taggedKey(index: number): string {
  return `key:${index}`;
}

/**
 * Writes entries as the cache does, byte for byte, but without waiting for the answer to each: a million of them would
 * take a minute otherwise.
 */
export async function writeTaggedEntries(
  raw: Redis,
  address: RedisCacheOptions,
  { keyPrefix: prefix, count, tags, ttl }: TaggedEntries,
): Promise<void> {
  const resolved = resolveRedisCacheOptions({ options: address, variable: () => undefined });
  const topology = createTopology(resolved, undefined);
  const store = new RedisStore(topology);
  try {
    const versions = await store.execute({ op: 'stamp', prefix, tags, need: ttl });
    const extras: EntryExtras = { stamps: new Map(tags.map((tag, index) => [tag, versions[index] ?? ''])) };
    const room = store.roomFor(extras);
    const codec = createCodec(undefined);
    for (let start = 0; start < count; start += AT_ONCE) {
      const pipeline = raw.pipeline();
      for (let index = start; index < Math.min(start + AT_ONCE, count); index++) {
        const key = taggedKey(index);
        const put = { key, ttl, extras, bytes: codec.encode('value', key, room) };
        await sealPut(topology, put, { verb: 'write', prefix, key });
        pipeline.set(prefix + key, put.bytes, 'PX', Number(lifeOf(put)));
      }
      const replies = (await pipeline.exec()) ?? [];
      if (!replies.every(([error, reply]) => error === null && reply === 'OK')) {
        throw new Error('An entry could not be written');
      }
    }
  } finally {
    await store.close();
  }
}
