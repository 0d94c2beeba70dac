import { describe, expect, it } from '@jest/globals';
import { expectTypeOf } from 'expect-type';
import { Redis } from 'ioredis';
import { Redis as RedisV5 } from 'ioredis-v5';
import type { RedisCacheOptions, RedisClientLike } from '../../lib/config/redis-cache-options.js';
import type { ResolvedRedisConnection } from '../../lib/config/resolved-redis-cache-options.js';
import type { Duration } from '../../lib/contract/duration.js';

const client: RedisClientLike = { status: 'ready', options: {} };
const sentinels = [{ host: 'a', port: 26_379 }];
const cluster = [{ host: 'a', port: 6_379 }] as const;

describe('the types of the options', () => {
  it('accept each way to connect with what belongs to it', () => {
    const accepted: readonly RedisCacheOptions[] = [
      {},
      {
        host: 'redis',
        port: 6380,
        db: 1,
        username: 'ada',
        password: 'secret',
        useSsl: true,
        tls: { ca: 'pem' },
      },
      { url: 'rediss://redis', tls: { ca: 'pem' } },
      { path: '/run/redis.sock', db: 1, username: 'ada', password: async () => 'secret' },
      { client },
      { client, keyPrefix: 'shop:', ttl: null, socketTimeout: { seconds: 5 }, lazy: true },
      { host: 'redis', url: undefined, path: undefined },
      { sentinels: [{ host: 'a' }, { host: 'b', port: 1 }], sentinelName: 'main' },
      {
        sentinels,
        sentinelName: 'main',
        sentinelPassword: async () => 'theirs',
        db: 1,
        username: 'ada',
        password: () => 'secret',
        useSsl: true,
        tls: { ca: 'pem' },
      },
      { cluster: [{ host: 'a' }, { host: 'b', port: 1 }] },
      { cluster, username: 'ada', password: 'secret', useSsl: true, tls: { ca: 'pem' }, db: 0 },
      { cluster, sentinels: undefined, host: undefined },
      { onWriteError: (error, { key, value, attempts }) => console.error(error, key, value, attempts) },
      { client, onWriteError: () => undefined },
      { near: true },
      { near: { maxEntries: 1_000, maxBytes: 2 ** 20, ttl: '5m', values: 'frozen' } },
    ];

    expect(accepted).toHaveLength(16);
  });

  it('refuse ways to connect that exclude each other', () => {
    const refused: readonly RedisCacheOptions[] = [
      // @ts-expect-error a URL already names the host
      { url: 'redis://redis', host: 'redis' },
      // @ts-expect-error a URL already names the database
      { url: 'redis://redis', db: 1 },
      // @ts-expect-error a URL already holds the credentials
      { url: 'redis://redis', password: 'secret' },
      // @ts-expect-error the scheme of a URL already says whether TLS is spoken
      { url: 'redis://redis', useSsl: true },
      // @ts-expect-error a socket has no port
      { path: '/run/redis.sock', port: 6379 },
      // @ts-expect-error a socket speaks no TLS
      { path: '/run/redis.sock', tls: {} },
      // @ts-expect-error a socket is not behind a URL
      { path: '/run/redis.sock', url: 'redis://redis' },
      // @ts-expect-error a client is connected already
      { client, host: 'redis' },
      // @ts-expect-error a client has chosen its database already
      { client, db: 1 },
      // @ts-expect-error sentinels name the host
      { sentinels, sentinelName: 'main', host: 'redis' },
      // @ts-expect-error sentinels are not behind a URL
      { sentinels, sentinelName: 'main', url: 'redis://redis' },
      // @ts-expect-error sentinels are reached over TCP
      { sentinels, sentinelName: 'main', path: '/run/redis.sock' },
      // @ts-expect-error a cluster needs no sentinels
      { sentinels, sentinelName: 'main', cluster },
      // @ts-expect-error a client is connected already
      { sentinels, sentinelName: 'main', client },
      // @ts-expect-error sentinels know masters by their names
      { sentinels },
      // @ts-expect-error a name is known by sentinels
      { sentinelName: 'main' },
      // @ts-expect-error a password for sentinels is nothing to a server
      { host: 'redis', sentinelPassword: 'secret' },
      // @ts-expect-error a cluster names the host
      { cluster, host: 'redis' },
      // @ts-expect-error a cluster names the port
      { cluster, port: 6379 },
      // @ts-expect-error a cluster is not behind a URL
      { cluster, url: 'redis://redis' },
      // @ts-expect-error a cluster is reached over TCP
      { cluster, path: '/run/redis.sock' },
      // @ts-expect-error a client is connected already
      { cluster, client },
      // @ts-expect-error a cluster has only database 0
      { cluster, db: 1 },
      // @ts-expect-error a cluster has no sentinels
      { cluster, sentinelName: 'main' },
    ];

    expect(refused).toHaveLength(24);
  });

  it('refuse names and values that no option has', () => {
    const refused: readonly RedisCacheOptions[] = [
      // @ts-expect-error the option is called keyPrefix
      { keyprefix: 'shop:' },
      // @ts-expect-error a number in text needs a unit
      { socketTimeout: '5' },
      // @ts-expect-error a port is a number
      { port: '6379' },
      // @ts-expect-error an address is an object
      { cluster: ['redis:6379'] },
      // @ts-expect-error an address has a host
      { cluster: [{ port: 6379 }] },
      // @ts-expect-error the credentials stand beside the list
      { cluster: [{ host: 'redis', password: 'secret' }] },
      // @ts-expect-error it is a list
      { sentinels: { host: 'redis' }, sentinelName: 'main' },
      // @ts-expect-error it is called, not named
      { onWriteError: 'log' },
      // @ts-expect-error values are copied or frozen
      { near: { values: 'shared' } },
      // @ts-expect-error a key is a string
      { onWriteError: (_error, write: { key: number }) => write.key },
    ];

    expect(refused).toHaveLength(10);
  });

  it('know both majors of ioredis as clients', () => {
    expectTypeOf<Redis>().toExtend<RedisClientLike>();
    expectTypeOf<RedisV5>().toExtend<RedisClientLike>();
    expectTypeOf<RedisCacheOptions['ttl']>().toEqualTypeOf<Duration | null | undefined>();
    expect(Redis).not.toBe(RedisV5);
  });

  it('tell the resolved ways to connect apart by their kind', () => {
    expectTypeOf<ResolvedRedisConnection['kind']>().toEqualTypeOf<
      'tcp' | 'unix' | 'sentinel' | 'cluster' | 'client'
    >();
    expectTypeOf<Extract<ResolvedRedisConnection, { kind: 'client' }>>().not.toHaveProperty('password');
    expectTypeOf<Extract<ResolvedRedisConnection, { kind: 'cluster' }>>().not.toHaveProperty('db');
    expectTypeOf<Extract<ResolvedRedisConnection, { kind: 'sentinel' }>>().toHaveProperty('db');
    expect.assertions(0);
  });
});
