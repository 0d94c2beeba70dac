// What a process behind a near tier runs: it does what it is told over the channel to its parent, and ends with that.
import { setTimeout as delay } from 'node:timers/promises';
import type { Follower, Following } from '../../lib/core/followable-store.js';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { RedisStore } from '../../lib/redis/redis-store.js';
import { MemberLoad } from './member-load.js';
import type { Answers, Numbered, Order, SharedValue } from './protocol.js';

let cache: RedisCache<SharedValue> | undefined;
let load: MemberLoad | undefined;
/** By key, for as long as the cache is the same. */
let versions = new Map<string, number>();

// oxlint-disable-next-line typescript/unbound-method -- it is called with its store
const { follow } = RedisStore.prototype;

/** The tier does what it does; when it has dropped something, that is noted. */
RedisStore.prototype.follow = function observed(this: RedisStore, follower: Follower): Following {
  return follow.call(this, {
    onChange(wholeKey) {
      watched(wholeKey.slice(wholeKey.lastIndexOf(':') + 1), () => follower.onChange(wholeKey));
    },
    onVersionChange(prefix, tag) {
      watched(tag, () => follower.onVersionChange(prefix, tag));
    },
    onLoss: () => follower.onLoss(),
  });
};

function watched(key: string, drop: () => void): void {
  const before = cache?.metrics().near?.entries ?? 0;
  drop();
  if ((cache?.metrics().near?.entries ?? 0) < before) load?.log.dropped(key);
}

process.on('message', ({ id, body: order }: Numbered<Order>) => {
  void obey(order).then((body) => process.send?.({ id, body }));
});
process.on('disconnect', () => void cache?.close());

async function obey(order: Order): Promise<Answers[Order['kind']]> {
  if (order.kind === 'open') {
    await cache?.close();
    cache = new RedisCache<SharedValue>(order.options, { variable: () => undefined });
    versions = new Map();
    return null;
  }
  if (cache === undefined) throw new Error('The first order is to open a cache');
  if (order.kind === 'load') {
    load = new MemberLoad(cache, order.plan, versions);
    return load.run();
  }
  if (order.kind === 'look') return look(cache, order.keys);
  const { near } = cache.metrics();
  if (near === undefined) throw new Error('There is no near tier');
  return near;
}

async function look(target: RedisCache<SharedValue>, keys: readonly string[]): Promise<readonly number[]> {
  for (;;) {
    try {
      const results = await target.getMany(keys);
      return [...results.values()].map((result) => (result.hit ? result.value.version : 0));
    } catch {
      await delay(20);
    }
  }
}
