import { inspect } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { FLAG } from '../../lib/codec/body.js';
import { createCodec } from '../../lib/codec/codec.js';
import { CacheHit, CacheMiss } from '../../lib/contract/cache-result.js';
import { CacheSerializationError } from '../../lib/contract/errors.js';
import { difference } from '../support/exactness.js';
import { SERIALIZATION_VALUES } from '../support/serialization-values.js';
import { encodeEntry, encodeLeasableEntry, encodeLease } from '../support/stored-frames.js';
import { PingProcess } from '../support/ping-process.js';
import { rejection } from '../support/rejection.js';
import { useRedisServer } from '../support/redis-fixture.js';

const redis = useRedisServer();
const codec = createCodec();

/** A cache and the place where a plain client finds the entries that it writes. */
function newCache() {
  const keyPrefix = redis.newPrefix();
  return { cache: redis.newCache({ keyPrefix }), keyPrefix, physical: (key: string) => keyPrefix + key };
}

function frameOf(value: unknown, wholeKey: string): Buffer {
  return encodeEntry(codec.encode(value, 'key'), wholeKey);
}

/** A body with the header of another, whose payload is said to be compressed. */
function compressedBody(header: Buffer, stream: Buffer): Buffer {
  const body = Buffer.concat([header.subarray(0, 6), Buffer.from('d'), stream]);
  body.writeUInt8(FLAG.compressed, 1);
  return body;
}

describe('A cache over a live server', () => {
  it('A01 answers a hit equal to what was set, and a miss for an absent key', async () => {
    const { cache } = newCache();
    await cache.set('profile:42', { name: 'Ada', born: new Date(0) });
    expect(await cache.get('profile:42')).toEqual(new CacheHit({ name: 'Ada', born: new Date(0) }));
    expect(await cache.get('absent')).toBe(CacheMiss.instance);
  });

  it('A02 answers a hit for undefined, null, false, 0 and the empty text', async () => {
    const { cache } = newCache();
    for (const value of [undefined, null, false, 0, '']) {
      await cache.set('falsy', value);
      expect(await cache.get('falsy')).toEqual(new CacheHit(value));
    }
  });

  it('A03 answers whether a deleted key was there', async () => {
    const { cache, physical } = newCache();
    await cache.set('key', null);
    expect(await cache.delete('key')).toBe(true);
    expect(await redis.raw.exists(physical('key'))).toBe(0);
    expect(await cache.delete('key')).toBe(false);
  });

  it('A04 expires after its time to live, and refuses one that is none before anything is written', async () => {
    const { cache, physical } = newCache();
    await cache.set('key', 1, { ttl: '1s' });
    const left = await redis.raw.pttl(physical('key'));
    expect(left).toBeGreaterThan(900);
    expect(left).toBeLessThanOrEqual(1_000);
    for (const ttl of [0, -1, Number.NaN, 1e18]) {
      expect(await rejection(cache.set('never', 1, { ttl }))).toMatchObject({ code: 'CACHE_TTL_INVALID' });
    }
    expect(await redis.raw.exists(physical('never'))).toBe(0);
    await new Promise((resolve) => {
      setTimeout(resolve, left + 20);
    });
    expect(await cache.get('key')).toBe(CacheMiss.instance);
  });

  it('A25 answers a typed error for a key that holds a list, in every operation that reads it', async () => {
    const { cache, physical } = newCache();
    await redis.raw.rpush(physical('list'), 'element');
    expect(await rejection(cache.get('list'))).toMatchObject({ code: 'REDIS_WRONG_TYPE', key: 'list' });
    expect(await rejection(cache.delete('list'))).toMatchObject({ code: 'REDIS_WRONG_TYPE', key: 'list' });
    expect(await redis.raw.lrange(physical('list'), 0, -1)).toEqual(['element']);
    await cache.set('list', 'replaced');
    expect(await cache.get('list')).toEqual(new CacheHit('replaced'));
  });

  it('A27 refuses a value over the cap without sending it, and takes the next one', async () => {
    const keyPrefix = redis.newPrefix();
    const cache = redis.newCache({ keyPrefix, serializer: { maxBytes: 1_000 } });
    expect(await rejection(cache.set('key', 'x'.repeat(1_001)))).toMatchObject({
      code: 'CACHE_VALUE_TOO_LARGE',
    });
    expect(await redis.raw.exists(`${keyPrefix}key`)).toBe(0);
    await cache.set('key', 'x'.repeat(900));
    expect(await cache.get('key')).toEqual(new CacheHit('x'.repeat(900)));
  });

  it('A28 clears its own keys only, whatever characters the prefix has', async () => {
    for (const prefix of [
      'a*b:',
      '[x]',
      '\\',
      '?',
      'a?c:',
      '[^a]:',
      '{tag}:',
      '\n',
      'ключ:',
      '\\*',
      '[a-z]:',
    ]) {
      const neighbours = ['aXb:1', 'x1', 'a1', 'abc:1', '1:1', 'tag:1', 'q:1', `z${prefix}1`];
      await redis.raw.flushall();
      await Promise.all(neighbours.map((key) => redis.raw.set(key, 'foreign')));
      const cache = redis.newCache({ keyPrefix: prefix });
      await cache.set('1', 'own');
      await cache.set('*', 'own');
      await cache.clear();
      expect((await redis.raw.keys('*')).toSorted()).toEqual(neighbours.toSorted());
    }
  });

  it('A29 refuses an empty prefix, which would make it own the whole database', () => {
    expect(() => redis.newCache({ keyPrefix: '' })).toThrow(/options\.keyPrefix/);
  });

  it.each(SERIALIZATION_VALUES)(
    'A34 gives back exactly, or refuses with the path: $name',
    async ({ make, refusedAt }) => {
      const { cache, physical } = newCache();
      if (refusedAt === undefined) {
        const value = make();
        await cache.set('key', value);
        const result = await cache.get('key');
        expect(result.hit).toBe(true);
        expect(result.hit && difference(value, result.value)).toBeUndefined();
        return;
      }
      const error = await rejection(cache.set('key', make()));
      expect(error).toMatchObject({ code: 'CACHE_VALUE_REFUSED', key: 'key' });
      expect(String(error)).toContain(refusedAt);
      expect(await redis.raw.exists(physical('key'))).toBe(0);
    },
  );

  it('A35 answers a typed error for foreign, truncated, damaged and newer bytes', async () => {
    const { cache, physical } = newCache();
    const frame = frameOf({ name: 'Ada' }, physical('key'));
    const damaged = Buffer.from(frame);
    damaged.writeUInt8(damaged.readUInt8(frame.length - 2) ^ 1, frame.length - 2);
    const newer = Buffer.from(frame);
    newer.writeUInt8(2, 2);
    const payloads = [
      ['plain text', 'CACHE_PAYLOAD_FOREIGN'],
      ['{"json":true}', 'CACHE_PAYLOAD_FOREIGN'],
      ['', 'CACHE_PAYLOAD_FOREIGN'],
      [frame.subarray(0, frame.length - 3), 'CACHE_PAYLOAD_DAMAGED'],
      [damaged, 'CACHE_PAYLOAD_DAMAGED'],
      [newer, 'CACHE_PAYLOAD_UNSUPPORTED'],
    ] as const;
    for (const [payload, code] of payloads) {
      await redis.raw.set(physical('key'), payload);
      const error = await rejection(cache.get('key'));
      expect(error).toBeInstanceOf(CacheSerializationError);
      expect(error).toMatchObject({ code, key: 'key' });
    }
  });

  it('A36 answers a typed error for a payload that claims more than it is', async () => {
    const { cache, physical } = newCache();
    const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000);
    const json = Buffer.from(codec.encode([1], 'key'));
    const before = process.memoryUsage.rss();
    // The same header as of a true JSON payload, with another text, its true length and a true checksum.
    const body = Buffer.concat([json.subarray(0, 6), Buffer.from(deep)]);
    body.writeUInt32BE(deep.length, 2);
    await redis.raw.set(physical('deep'), encodeEntry(body, physical('deep')));
    expect(String(await rejection(cache.get('deep')))).toMatch(/CacheSerializationError.*nested too deeply/);
    const huge = Buffer.from(json);
    huge.writeUInt32BE(0xff_ff_ff_ff, 2);
    await redis.raw.set(physical('huge'), encodeEntry(huge, physical('huge')));
    expect(String(await rejection(cache.get('huge')))).toMatch(/CacheSerializationError.*length is wrong/);
    const bomb = compressedBody(json, deflateRawSync(Buffer.alloc(256 * 1024 * 1024)));
    for (const claim of [1_000, 64 * 1024 * 1024]) {
      bomb.writeUInt32BE(claim, 2);
      await redis.raw.set(physical('bomb'), encodeEntry(bomb, physical('bomb')));
      expect(await rejection(cache.get('bomb'))).toMatchObject({ code: 'CACHE_PAYLOAD_DAMAGED' });
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(2 * 64 * 1024 * 1024);
  });

  it('A37 refuses __proto__ in a value, and pollutes nothing', async () => {
    const { cache, physical } = newCache();
    const poisoned: unknown = JSON.parse('{"__proto__": {"polluted": true}}');
    expect(await rejection(cache.set('key', poisoned))).toMatchObject({ code: 'CACHE_VALUE_REFUSED' });
    expect(await redis.raw.exists(physical('key'))).toBe(0);
    const json = Buffer.from(codec.encode({ a: 1 }, 'key'));
    const text = '{"__proto__":{"polluted":1}}';
    const body = Buffer.concat([json.subarray(0, 6), Buffer.from(text)]);
    body.writeUInt32BE(text.length, 2);
    await redis.raw.set(physical('key'), encodeEntry(body, physical('key')));
    expect(String(await rejection(cache.get('key')))).toMatch(/CacheSerializationError.*__proto__/);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

describe('A mistaken call', () => {
  it('shows no value in its error, wherever the value was put', async () => {
    const { cache, physical } = newCache();
    const unchecked: { set(...parameters: readonly unknown[]): Promise<void> } = cache;
    for (const parameters of [
      ['key', 5_000, 'V4LUE'],
      ['key', 5_000, { name: 'V4LUE' }],
      ['key', () => 'V4LUE'],
      [{ toString: () => 'V4LUE' }, 1],
    ]) {
      const error = await rejection(unchecked.set(...parameters));
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('V4LUE');
    }
    expect(await redis.raw.exists(physical('key'))).toBe(0);
  });
});

describe('What lies in Redis', () => {
  it('has the prefix and the key as they are, so that redis-cli finds it', async () => {
    const { cache, keyPrefix } = newCache();
    await cache.set('profile:42', 'Ada');
    expect(await redis.raw.keys(`${keyPrefix}*`)).toEqual([`${keyPrefix}profile:42`]);
  });

  it('has no expiry without a time to live, and takes the default of the cache where none is named', async () => {
    const keyPrefix = redis.newPrefix();
    const cache = redis.newCache({ keyPrefix, ttl: '1h' });
    await cache.set('default', 1);
    await cache.set('named', 1, { ttl: '1m' });
    await cache.set('none', 1, { ttl: null });
    expect(await redis.raw.pttl(`${keyPrefix}default`)).toBeGreaterThan(3_590_000);
    expect(await redis.raw.pttl(`${keyPrefix}named`)).toBeLessThanOrEqual(60_000);
    expect(await redis.raw.pttl(`${keyPrefix}none`)).toBe(-1);
  });

  it('is a miss while it is a bare lease, and a hit or a miss by its own times when it has some', async () => {
    const { cache, physical } = newCache();
    const body = codec.encode('value', 'key');
    const now = Date.now();
    const lease = { token: '\u0001'.repeat(16), leaseDeadline: now + 60_000 };
    const frames = {
      lease: encodeLease(Buffer.alloc(8), lease),
      fresh: encodeLeasableEntry(body, physical('fresh'), undefined, {
        freshUntil: now + 60_000,
        dieAt: now + 120_000,
      }),
      stale: encodeLeasableEntry(body, physical('stale'), undefined, {
        freshUntil: now - 1,
        dieAt: now + 120_000,
      }),
    };
    for (const [key, frame] of Object.entries(frames)) await redis.raw.set(physical(key), frame);
    expect(await cache.get('lease')).toBe(CacheMiss.instance);
    expect(await cache.get('fresh')).toEqual(new CacheHit('value'));
    expect(await cache.get('stale')).toBe(CacheMiss.instance);
    expect(await cache.delete('lease')).toBe(false);
    expect(await cache.delete('fresh')).toBe(true);
    expect(await cache.delete('stale')).toBe(false);
    expect(await redis.raw.exists(...Object.keys(frames).map((key) => physical(key)))).toBe(0);
    await redis.raw.set(physical('cut short'), frames.fresh.subarray(0, 40));
    expect(await cache.delete('cut short')).toBe(false);
    expect(await redis.raw.exists(physical('cut short'))).toBe(0);
  });

  it('is left as it is by a delete when something else wrote it', async () => {
    const { cache, physical } = newCache();
    for (const bytes of ['foreign', '']) {
      await redis.raw.set(physical('key'), bytes);
      expect(await rejection(cache.delete('key'))).toMatchObject({
        code: 'CACHE_PAYLOAD_FOREIGN',
        key: 'key',
      });
      expect(await redis.raw.get(physical('key'))).toBe(bytes);
    }
  });

  it('is the same entry for every cache under the prefix, in this process and in others', async () => {
    const { cache, keyPrefix } = newCache();
    await cache.set('key', new Map([['a', 1n]]));
    const other = redis.newCache({ keyPrefix });
    expect(await other.get('key')).toEqual(new CacheHit(new Map([['a', 1n]])));
    await other.delete('key');
    expect(await cache.get('key')).toBe(CacheMiss.instance);
  });
});

describe('A scope', () => {
  it('keeps its own keys under the longer prefix, and clears only those', async () => {
    const { cache, keyPrefix } = newCache();
    const profiles = cache.scope<string>('profile:').scope<string>('eu:');
    await cache.set('1', 'outside');
    await profiles.set('1', 'inside');
    expect(await redis.raw.exists(`${keyPrefix}profile:eu:1`)).toBe(1);
    await profiles.clear();
    expect(await cache.get('1')).toEqual(new CacheHit('outside'));
    expect(await profiles.get('1')).toBe(CacheMiss.instance);
  });

  it('is closed by itself alone, or with the cache that it belongs to', async () => {
    const { cache } = newCache();
    const first = cache.scope('first:');
    const second = cache.scope('second:');
    await first.close();
    expect(await rejection(first.get('key'))).toMatchObject({ code: 'CACHE_CLOSED' });
    await second.set('key', 1);
    await cache.close();
    expect(await rejection(second.get('key'))).toMatchObject({ code: 'CACHE_CLOSED', key: 'key' });
  });

  it('refuses a prefix that is none', () => {
    const { cache } = newCache();
    expect(() => cache.scope('')).toThrow(/scope\(prefix\) expects/);
    expect(() => cache.scope('\ud800')).toThrow(/scope\(prefix\) expects/);
  });
});

describe('clear', () => {
  it('removes 20,000 own keys and no foreign one, and answers others meanwhile', async () => {
    const { cache, keyPrefix } = newCache();
    await redis.raw.flushall();
    await fill(`${keyPrefix}own:`, 20_000);
    await fill('foreign:', 5_000);
    await redis.raw.config('RESETSTAT');
    const pinging = await PingProcess.start(redis.server);
    await cache.clear();
    const { worst } = await pinging.end();
    // One page after the other: the time grows with the key space alone, and no more than a page is ever held.
    expect(await callsOf('scan')).toBeLessThanOrEqual(26);
    expect(await callsOf('unlink')).toBeLessThanOrEqual(26);
    expect(await redis.raw.dbsize()).toBe(5_000);
    expect(worst).toBeLessThan(50);
  });

  it('also removes what is no entry of this cache but lies under its prefix', async () => {
    const { cache, physical } = newCache();
    await redis.raw.rpush(physical('list'), 'element');
    await redis.raw.set(Buffer.concat([Buffer.from(physical('')), Buffer.from([0xff, 1])]), 'bookkeeping');
    await cache.clear();
    expect(await redis.raw.dbsize()).toBe(5_000);
  });
});

async function fill(prefix: string, count: number): Promise<void> {
  const script = "for i = 1, ARGV[1] do redis.call('SET', KEYS[1] .. i, 'x') end";
  await redis.raw.eval(script, 1, prefix, count);
}

async function callsOf(command: string): Promise<number> {
  const stats = await redis.raw.info('commandstats');
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1]);
}
