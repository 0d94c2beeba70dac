import { describe, expect, it } from '@jest/globals';
import { CacheHit, type CacheResult } from '../../lib/contract/cache-result.js';
import { SpakkyCacheError } from '../../lib/contract/errors.js';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import type { Fault } from '../support/fault.js';

import { fillKeys, useFaultProxy } from '../support/proxied-fixture.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { timed } from '../support/waiting.js';

/** The socket timeout of these tests, and what "within the deadline" allows on top. */
const T = 300;
const WITHIN = Math.max(T * 1.1, T + 50);

const redis = useRedisServer();
const way = useFaultProxy(redis, T);

/** As Redis would say it. */
function bulk(bytes: Buffer | null): string {
  if (bytes === null) throw new Error('There is no such key');
  return `$${bytes.length}\r\n${bytes.toString('latin1')}\r\n`;
}

/** Whether a caller got what its key holds, or an error that says that something is wrong. */
function isHonest(result: PromiseSettledResult<CacheResult<unknown>> | undefined, key: string): boolean {
  if (result?.status !== 'fulfilled') return result?.reason instanceof SpakkyCacheError;
  return result.value.hit && result.value.value === key;
}

describe('Replies that belong to somebody else', () => {
  it.each(['a value of no cache', 'the value of another key', 'a miss'])(
    'A22 never reach one of 100 concurrent gets: %s, in between, that nobody asked for',
    async (kind) => {
      const keyPrefix = redis.newPrefix();
      const cache = way.newProxiedCache(keyPrefix);
      const keys = await fillKeys(cache, 100);
      await cache.set('other', 'other');
      const other = await redis.raw.getBuffer(`${keyPrefix}other`);
      const strays = new Map([
        ['a value of no cache', '$5\r\nstray\r\n'],
        ['the value of another key', bulk(other)],
        ['a miss', '$-1\r\n'],
      ]);
      const extra: Fault = { kind: 'extra-reply', bytes: strays.get(kind) ?? '' };
      await way.proxy.inject(extra, { commands: ['get'], times: 1 });
      const results = await Promise.allSettled(keys.map((key) => cache.get(key)));
      expect(keys.filter((key, index) => !isHonest(results[index], key))).toEqual([]);
    },
  );

  it.each([
    ['get', '$-1\r\n', (cache: RedisCache) => cache.get('key')],
    ['delete', ':0\r\n', (cache: RedisCache) => cache.delete('key')],
  ])('A22 never pass for the answer to a %s that is alone', async (_, bytes, run) => {
    const cache = way.newProxiedCache();
    await cache.set('key', 1);
    await way.proxy.inject({ kind: 'black-hole', connections: 'all' });
    const alone = timed(() => run(cache));
    await way.proxy.inject({ kind: 'unsolicited', bytes });
    expect((await alone).outcome).toBeInstanceOf(SpakkyCacheError);
  });

  it('A22 never make a clear remove a key that is not under its prefix', async () => {
    await redis.raw.set('foreign', 'precious');
    const cache = way.newProxiedCache();
    await cache.set('key', 1);
    const page = '*2\r\n$1\r\n0\r\n*1\r\n$7\r\nforeign\r\n';
    await way.proxy.inject(
      { kind: 'replace-reply', bytes: page, afterwards: 'pass' },
      { commands: ['scan'] },
    );
    const { outcome } = await timed(() => cache.clear());
    expect(await redis.raw.get('foreign')).toBe('precious');
    expect(outcome).toMatchObject({ code: 'REDIS_UNEXPECTED_REPLY' });
  });

  it('A21 give no other value than the right one, wherever noise comes in a reply', async () => {
    const keyPrefix = redis.newPrefix();
    await way.newProxiedCache(keyPrefix).set('key', 'value');
    const { length } = bulk(await redis.raw.getBuffer(`${keyPrefix}key`));
    const seen: unknown[] = [];
    for (let at = 0; at <= length; at++) {
      const cache = way.newProxiedCache(keyPrefix);
      await cache.ping();
      await way.proxy.inject(
        { kind: 'noise-in-reply', bytes: '\u00fe\u0001\u0000', at },
        { commands: ['get'] },
      );
      const { outcome, milliseconds } = await timed(() => cache.get('key'));
      expect(milliseconds).toBeLessThan(WITHIN);
      if (!(outcome instanceof SpakkyCacheError)) seen.push(outcome);
      await cache.close();
    }
    expect(length).toBeGreaterThan(30);
    expect(seen).toEqual(seen.map(() => new CacheHit('value')));
  });
});
