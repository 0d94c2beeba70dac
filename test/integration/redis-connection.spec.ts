import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Socket } from 'node:net';
import { CacheHit, CacheMiss } from '../../lib/contract/cache-result.js';
import type { ICache } from '../../lib/contract/cache.interface.js';
import { RedisCacheConnectionError, RedisCacheTimeoutError } from '../../lib/contract/redis-errors.js';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { withPeer } from '../support/fake-peer.js';
import { getFreePort } from '../support/free-port.js';
import { warningsDuring } from '../support/host-process.js';
import { changesData, operationNamed, OPERATIONS, Origin } from '../support/operations.js';
import { failuresOf, rejection } from '../support/rejection.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { eventually, openHandles, timed as timedOutcome } from '../support/waiting.js';

/** The socket timeout of these tests, and what "within the deadline" allows on top. */
const T = 500;
const WITHIN = T * 1.1 + 150;

/** A port whose server is dying may refuse or reset a connection; either way nothing was sent. */
const NOT_SENT: unknown = expect.stringMatching(/^REDIS_(UNREACHABLE|CONNECTION_LOST)$/);

const redis = useRedisServer();

afterEach(async () => {
  await redis.server.resume();
  if (redis.raw.status === 'end') await redis.restart();
});

function newCache(): RedisCache {
  return redis.newCache({ socketTimeout: T });
}

/** The reason that an operation failed for, and after how many milliseconds. */
async function timed(
  begin: () => Promise<unknown>,
): Promise<{ readonly error: unknown; readonly milliseconds: number; readonly elapsed: number }> {
  const { outcome, ...times } = await timedOutcome(() => rejection(begin()));
  return { error: outcome, ...times };
}

/** How many connections the server has accepted so far. */
async function connectionsReceived(): Promise<number> {
  const stats = await redis.raw.info('stats');
  return Number(/total_connections_received:(\d+)/.exec(stats)?.[1]);
}

describe('Without a server', () => {
  it.each(OPERATIONS)(
    'A05 $name is a typed error within the deadline, with its cause, and asks no origin',
    async ({ run, keys }) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port: await getFreePort(), socketTimeout: T });
      const origin = new Origin();
      const { error, milliseconds } = await timed(() => run(cache, origin));
      for (const failure of failuresOf(error, keys)) {
        expect(failure).toBeInstanceOf(RedisCacheConnectionError);
        expect(failure).toMatchObject({
          code: 'REDIS_UNREACHABLE',
          cause: { message: expect.stringContaining('ECONNREFUSED') },
        });
      }
      expect(milliseconds).toBeLessThan(WITHIN);
      expect(origin.calls).toBe(0);
    },
  );

  it('A07 names every address that refused when the name has several', async () => {
    const port = await getFreePort();
    const cache = redis.newCacheAt({ host: 'localhost', port, socketTimeout: T });
    const error = await rejection(cache.get('key'));
    expect(error).toMatchObject({ code: 'REDIS_UNREACHABLE', key: 'key' });
    const addresses = await lookup('localhost', { all: true });
    for (const { address, family } of addresses) {
      expect(String(error)).toContain(family === 6 ? `[${address}]:${port}` : `${address}:${port}`);
    }
    expect(String(error)).toContain('Is Redis running?');
  });

  it('fails at once while it is known to be away', async () => {
    const cache = redis.newCacheAt({ host: '127.0.0.1', port: await getFreePort(), socketTimeout: T });
    await rejection(cache.get('key'));
    for (const { run, keys } of OPERATIONS) {
      const { error, milliseconds } = await timed(() => run(cache));
      for (const failure of failuresOf(error, keys))
        expect(failure).toMatchObject({ code: 'REDIS_UNREACHABLE' });
      expect(milliseconds).toBeLessThan(50);
    }
  });

  it('is a typed error for a name that nobody has', async () => {
    const cache = redis.newCacheAt({ host: 'no-such-host.invalid', socketTimeout: T });
    expect(await rejection(cache.get('key'))).toMatchObject({ code: 'REDIS_UNREACHABLE' });
  });

  it('is a typed error for a unix socket that nobody listens at', async () => {
    const cache = redis.newCacheAt({ path: '/no/such/socket', socketTimeout: T });
    expect(await rejection(cache.get('key'))).toMatchObject({ code: 'REDIS_UNREACHABLE' });
    expect(cache.location).toEqual({
      address: '/no/such/socket',
      db: 0,
      prefix: 'spakky:cache:',
      ssl: false,
    });
  });
});

describe('A login that is refused', () => {
  it('A08 is a typed error that shows no password anywhere', async () => {
    const cache = redis.newCacheAt({
      ...redis.address,
      username: 'nobody',
      password: 'S3CRET',
      socketTimeout: T,
    });
    const error = await rejection(cache.set('key', 'V4LUE'));
    expect(error).toMatchObject({ code: 'REDIS_CREDENTIALS', key: 'key' });
    const shown = `${inspect(error, { depth: 9, showHidden: true })}${JSON.stringify(error)}${inspect(cache, { depth: 9, showHidden: true })}`;
    expect(shown).not.toMatch(/S3CRET|V4LUE/);
    expect((await timed(() => cache.get('key'))).milliseconds).toBeLessThan(50);
  });

  it('is a typed error, and keeps nobody busy, when it is refused while other commands are on the way', async () => {
    await withPeer({ answer: refuseLogin }, async (port) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port, password: 'S3CRET', socketTimeout: T });
      expect(await rejection(cache.get('key'))).toMatchObject({ code: 'REDIS_CREDENTIALS' });
    });
  });

  it('is not tried again for ten seconds', async () => {
    const cache = redis.newCacheAt({
      ...redis.address,
      username: 'nobody',
      password: 'S3CRET',
      socketTimeout: T,
    });
    await rejection(cache.get('key'));
    const before = await connectionsReceived();
    await delay(1_500);
    expect(await connectionsReceived()).toBe(before);
  });

  it('A11 is a typed error for a database that does not exist, and nothing reaches another one', async () => {
    const cache = redis.newCacheAt({ ...redis.address, db: 99, keyPrefix: 'db99:', socketTimeout: T });
    for (const { run, keys } of OPERATIONS) {
      for (const failure of failuresOf(await rejection(run(cache)), keys)) {
        expect(failure).toMatchObject({ code: 'REDIS_DATABASE' });
      }
    }
    expect(await redis.raw.keys('db99:*')).toEqual([]);
  });

  it('asks a function for the password at every connection', async () => {
    let asked = 0;
    await redis.raw.call('ACL', 'SETUSER', 'rotating', 'on', '>first', '~*', '+@all');
    const cache = redis.newCacheAt({
      ...redis.address,
      username: 'rotating',
      password: async () => {
        asked += 1;
        return asked === 1 ? 'first' : 'second';
      },
      socketTimeout: T,
    });
    await cache.ping();
    await redis.raw.call('ACL', 'SETUSER', 'rotating', 'resetpass', '>second');
    await redis.raw.call('CLIENT', 'KILL', 'USER', 'rotating');
    await eventually(2_000, () => cache.ping());
    expect(asked).toBe(2);
  });

  it('is a typed error when the function that answers the password fails, without what it said', async () => {
    const cache = redis.newCacheAt({
      ...redis.address,
      password: () => Promise.reject(new Error('S3CRET vault token')),
      socketTimeout: T,
    });
    const error = await rejection(cache.get('key'));
    expect(error).toMatchObject({ code: 'REDIS_CREDENTIALS' });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('S3CRET');
  });

  it.each([undefined, '', 42])(
    'does not log in without a password when the function answers %p',
    async (answer) => {
      const password: unknown = () => answer;
      const cache: unknown = Reflect.construct(RedisCache, [
        { ...redis.address, password, socketTimeout: T },
      ]);
      if (!(cache instanceof RedisCache)) throw new Error('It is no cache');
      expect(await rejection(cache.get('key'))).toMatchObject({ code: 'REDIS_CREDENTIALS' });
      await cache.close();
    },
  );

  it('does not wait for a password that never comes', async () => {
    const cache = redis.newCacheAt({
      ...redis.address,
      password: () => new Promise(() => undefined),
      socketTimeout: T,
    });
    const { error, milliseconds } = await timed(() => cache.get('key'));
    expect(error).toMatchObject({ code: 'REDIS_CREDENTIALS' });
    expect(milliseconds).toBeLessThan(WITHIN);
    await delay(100);
    expect((await timed(() => cache.get('key'))).milliseconds).toBeLessThan(50);
  });
});

describe('A server that dies', () => {
  it('A13, A14 fails what is in flight with a typed error, then works again within 2 s of its return', async () => {
    const cache = newCache();
    await cache.set('key', 'before');
    await redis.server.freeze();
    const read = timed(() => cache.get('key'));
    const write = timed(() => cache.set('key', 'after'));
    await redis.server.kill('SIGKILL');
    expect((await read).error).toMatchObject({ code: 'REDIS_CONNECTION_LOST', key: 'key' });
    expect((await write).error).toMatchObject({ code: 'REDIS_OUTCOME_UNKNOWN_LOST', key: 'key' });
    expect(await rejection(cache.get('key'))).toMatchObject({ code: NOT_SENT });
    await redis.restart();
    expect(await eventually(2_000, () => cache.get('key'))).toBe(CacheMiss.instance);
  });

  it('A19 never carries out later what timed out or was refused while it was away', async () => {
    const cache = newCache();
    await cache.ping();
    await redis.server.kill('SIGKILL');
    expect(await rejection(cache.set('key', 'too late'))).toMatchObject({ code: NOT_SENT });
    await redis.restart();
    await eventually(2_000, () => cache.ping());
    expect(await cache.get('key')).toBe(CacheMiss.instance);
  });

  it('is told to the log once, and so is its return', async () => {
    const lines: string[] = [];
    const logger = { log: (line: string) => lines.push(line), warn: (line: string) => lines.push(line) };
    const cache = new RedisCache(
      { ...redis.address, socketTimeout: T },
      {
        variable: () => undefined,
        logger: { log: (line) => void logger.log(line), warn: (line) => void logger.warn(line) },
      },
    );
    await cache.ping();
    await redis.server.kill('SIGKILL');
    await rejection(cache.ping());
    await delay(500);
    await redis.restart();
    await eventually(2_000, () => cache.ping());
    await cache.close();
    expect(lines).toEqual([
      expect.stringContaining('Lost the connection'),
      expect.stringContaining('is back'),
    ]);
  });

  it('is not noticed when only the connection ended, and the next one stands at once', async () => {
    const cache = newCache();
    await cache.set('key', 1);
    await redis.raw.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await delay(5);
    expect(await cache.get('key')).toEqual(new CacheHit(1));
  });
});

describe('A server that freezes', () => {
  it.each(OPERATIONS)('A16 $name times out within the deadline', async (operation) => {
    const cache = newCache();
    await cache.ping();
    await redis.server.freeze();
    const { error, milliseconds, elapsed } = await timed(() => operation.run(cache));
    await redis.server.resume();
    const code = changesData(operation) ? 'REDIS_OUTCOME_UNKNOWN_TIMEOUT' : 'REDIS_TIMEOUT';
    for (const failure of failuresOf(error, operation.keys)) {
      expect(failure).toBeInstanceOf(RedisCacheTimeoutError);
      expect(failure).toMatchObject({ code });
    }
    expect(elapsed).toBeGreaterThanOrEqual(T - 1);
    expect(milliseconds).toBeLessThan(WITHIN);
  });

  it('A16 is silent to what was asked a moment later too, and lost to what was asked much later', async () => {
    const cache = redis.newCache({ socketTimeout: 2_000 });
    await cache.ping();
    await redis.server.freeze();
    const first = rejection(cache.get('first'));
    await delay(5);
    const next = rejection(cache.set('next', 'value'));
    await delay(1_000);
    const last = rejection(cache.get('last'));
    const [ofFirst, ofNext, ofLast] = await Promise.all([first, next, last]);
    await redis.server.resume();
    expect(ofFirst).toMatchObject({ code: 'REDIS_TIMEOUT', message: expect.stringContaining('2000 ms') });
    expect(ofNext).toMatchObject({ code: 'REDIS_OUTCOME_UNKNOWN_TIMEOUT', key: 'next' });
    expect(ofNext).toMatchObject({ message: expect.stringMatching(/no answer within 1[89]\d\d ms/) });
    expect(ofLast).toMatchObject({ code: 'REDIS_CONNECTION_LOST', key: 'last' });
  });

  it('is left for a new connection', async () => {
    const cache = newCache();
    await cache.ping();
    const before = await connectionsReceived();
    await redis.server.freeze();
    await rejection(cache.get('key'));
    await redis.server.resume();
    await eventually(2_000, () => cache.ping());
    expect(await connectionsReceived()).toBeGreaterThan(before);
  });

  it('A17 gives every caller its own value after it thawed', async () => {
    const cache = newCache();
    const keys = Array.from({ length: 100 }, (_, index) => `key:${index}`);
    await Promise.all(keys.map((key) => cache.set(key, key)));
    await redis.server.freeze();
    await rejection(cache.get('key:0'));
    await redis.server.resume();
    await eventually(2_000, () => cache.ping());
    const results = await Promise.all(keys.map((key) => cache.get(key)));
    expect(results).toEqual(keys.map((key) => new CacheHit(key)));
  });

  it('A18 leaves none of 10,000 calls pending', async () => {
    const warnings = await warningsDuring(async () => {
      const cache = newCache();
      await cache.ping();
      await redis.server.freeze();
      const calls = await Promise.allSettled(
        Array.from({ length: 10_000 }, (_, index) => cache.get(`key:${index}`)),
      );
      await redis.server.resume();
      expect(calls.every(({ status }) => status === 'rejected')).toBe(true);
      await eventually(2_000, () => cache.ping());
    });
    expect(warnings).toEqual([]);
  });

  it('lets operations wait for the first attempt to connect, and no longer than their deadline', async () => {
    await redis.server.freeze();
    const cache = newCache();
    const { error, milliseconds } = await timed(() => cache.get('key'));
    await redis.server.resume();
    expect(error).toMatchObject({ code: 'REDIS_UNREACHABLE' });
    expect(milliseconds).toBeLessThan(WITHIN);
  });

  it('does not declare an answer late that came while this process was busy', async () => {
    const cache = newCache();
    await cache.set('key', 1);
    const read = cache.get('key');
    const end = performance.now() + T + 200;
    while (performance.now() < end);
    expect(await read).toEqual(new CacheHit(1));
  });
});

describe('TLS', () => {
  const secure = useRedisServer({ tls: true });

  it('is spoken with a server whose certificate is trusted, by useSsl and by url', async () => {
    const tls = { ca: secure.server.certificates?.ca };
    const { host, port } = secure.address;
    const byOptions = redis.newCacheAt({
      host,
      port,
      useSsl: true,
      tls,
      keyPrefix: 'tls:',
      socketTimeout: T,
    });
    await byOptions.set('key', 'secret');
    const byUrl = redis.newCacheAt({ url: secure.server.url, tls, keyPrefix: 'tls:', socketTimeout: T });
    expect(await byUrl.get('key')).toEqual(new CacheHit('secret'));
  });

  it('A26 is a typed error for an authority that is not trusted, and never downgraded', async () => {
    const cache = redis.newCacheAt({ ...secure.address, useSsl: true, socketTimeout: T });
    const { error, milliseconds } = await timed(() => cache.set('key', 'value'));
    expect(error).toMatchObject({ code: 'REDIS_TLS', key: 'key' });
    expect(milliseconds).toBeLessThan(WITHIN);
  });

  it('A26 is a typed error when the peer hangs up on the handshake', async () => {
    await withPeer({ onConnection: (socket) => void socket.destroy() }, async (port) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port, useSsl: true, socketTimeout: T });
      expect(await rejection(cache.get('key'))).toMatchObject({ code: 'REDIS_TLS' });
    });
  });

  it('A26 is a typed error between a side that speaks it and one that does not', async () => {
    const toPlain = redis.newCacheAt({ ...redis.address, useSsl: true, socketTimeout: T });
    const first = await timed(() => toPlain.get('key'));
    expect(first.error).toMatchObject({ code: 'REDIS_TLS' });
    expect(String(first.error)).toContain('SPAKKY_REDIS__USE_SSL');
    const toTls = redis.newCacheAt({ ...secure.address, socketTimeout: T });
    const second = await timed(() => toTls.get('key'));
    expect(second.error).toBeInstanceOf(RedisCacheConnectionError);
    expect(Math.max(first.milliseconds, second.milliseconds)).toBeLessThan(WITHIN);
  });
});

describe('A unix socket', () => {
  const local = useRedisServer({ unixSocket: true });

  it('is as good as a port', async () => {
    const { path } = local.server;
    if (path === undefined) throw new Error('The server has no socket');
    const cache = redis.newCacheAt({ path, keyPrefix: 'unix:', socketTimeout: T });
    await cache.set('key', 1);
    expect(await cache.get('key')).toEqual(new CacheHit(1));
    expect(cache.location.address).toBe(path);
  });
});

describe('A peer that is no Redis', () => {
  it.each([
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['noise', '\u0000\u0001\u0002\u0003'],
  ])('A21 is a typed error within the deadline: %s', async (_name, greeting) => {
    await withPeer({ greeting }, async (port) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port, socketTimeout: T });
      const { error, milliseconds } = await timed(() => cache.get('key'));
      expect(error).toMatchObject({ code: 'REDIS_PROTOCOL', key: 'key' });
      expect(milliseconds).toBeLessThan(WITHIN);
    });
  });

  it('is dialled less and less often when each connection ends at once', async () => {
    let connections = 0;
    const hangUpAfterProof = (socket: Socket) => {
      connections += 1;
      socket.on('data', () => setTimeout(() => socket.destroy(), 1));
    };
    await withPeer({ answer: () => '+PONG\r\n', onConnection: hangUpAfterProof }, async (port) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port, socketTimeout: T });
      await rejection(cache.set('key', 1));
      await delay(1_500);
    });
    expect(connections).toBeLessThan(9);
  });

  it('A22 is left at once when it says something that nobody asked for', async () => {
    const ended: string[] = [];
    const sockets: Socket[] = [];
    const onConnection = (socket: Socket) => {
      sockets.push(socket);
      socket.on('close', () => ended.push('left'));
    };
    await withPeer({ answer: answerMiss, onConnection }, async (port) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port, socketTimeout: T });
      await cache.ping();
      sockets[0]?.write('$5\r\nstray\r\n');
      await delay(50);
      expect(ended).toEqual(['left']);
      expect(await eventually(2_000, () => cache.get('key'))).toBe(CacheMiss.instance);
      expect(sockets.length).toBe(2);
    });
  });

  it.each(['$-1\r\n', '*-1\r\n', '-ERR stray\r\n$-1\r\n', ':1\r\n$-1\r\n$-1\r\n'])(
    'A22 is left, and the process lives on, when nobody asked for %j',
    async (stray) => {
      const sockets: Socket[] = [];
      const onConnection = (socket: Socket) => void sockets.push(socket);
      await withPeer({ answer: answerMiss, onConnection }, async (port) => {
        const cache = redis.newCacheAt({ host: '127.0.0.1', port, socketTimeout: T });
        await cache.ping();
        sockets[0]?.write(stray);
        await delay(50);
        expect(await eventually(2_000, () => cache.get('key'))).toBe(CacheMiss.instance);
        expect(sockets.length).toBe(2);
      });
    },
  );

  it('A22 is left, and the process lives on, when another miss follows the one that was asked for', async () => {
    const sockets: Socket[] = [];
    const onConnection = (socket: Socket) => void sockets.push(socket);
    await withPeer({ answer: answerMissTwice, onConnection }, async (port) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port, socketTimeout: T });
      await cache.ping();
      await Promise.allSettled([cache.get('key')]);
      await delay(50);
      await eventually(2_000, () => cache.ping());
      expect(sockets.length).toBe(2);
    });
  });

  it('is kept when only the handshake was slow, and what came late fails alone', async () => {
    let connections = 0;
    const onConnection = () => {
      connections += 1;
    };
    await withPeer({ answer: answerSlowly, echoAfter: T * 0.4, onConnection }, async (port) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port, socketTimeout: T });
      expect(await rejection(cache.get('key'))).toMatchObject({ code: 'REDIS_TIMEOUT' });
      expect(await cache.get('key')).toBe(CacheMiss.instance);
    });
    expect(connections).toBe(1);
  });

  it('is told as the reason of the last attempt, not of the first', async () => {
    const port = await getFreePort();
    const cache = redis.newCacheAt({ host: '127.0.0.1', port, socketTimeout: T });
    expect(await rejection(cache.get('key'))).toMatchObject({ code: 'REDIS_UNREACHABLE' });
    const peer = { greeting: 'HTTP/1.1 400 Bad Request\r\n\r\n' };
    const test = () =>
      eventually(2_000, async () => {
        expect(await rejection(cache.get('key'))).toMatchObject({ code: 'REDIS_PROTOCOL' });
      });
    await withPeer(peer, test, port);
  });

  it('A20 is a typed error within the deadline when it says nothing', async () => {
    await withPeer({}, async (port) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port, socketTimeout: T });
      const { error, milliseconds } = await timed(() => cache.get('key'));
      expect(error).toMatchObject({ code: 'REDIS_UNREACHABLE' });
      expect(String(error)).toContain('no answer to a new connection');
      expect(milliseconds).toBeLessThan(WITHIN);
    });
  });

  it.each([
    ['get', ':42\r\n'],
    ['set', '+QUEUED\r\n'],
    ['delete', '+OK\r\n'],
    ['delete', '*3\r\n:1\r\n:2\r\n:1\r\n'],
    ['clear', '+OK\r\n'],
    ['ping', '+PANG\r\n'],
    ['set with tags', '*3\r\n$1\r\n1\r\n:2\r\n:3\r\n'],
    ['writeThrough', '*3\r\n$1\r\n1\r\n:2\r\n:99\r\n'],
  ])('A23 %s is a typed error for a reply that it cannot have', async (name, reply) => {
    await withPeer({ answer: () => reply }, async (port) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port, socketTimeout: T });
      expect(await rejection(operationNamed(name).run(cache))).toMatchObject({
        code: 'REDIS_UNEXPECTED_REPLY',
      });
    });
  });

  it.each([
    ['-OOM command not allowed', 'REDIS_OUT_OF_MEMORY'],
    ['-READONLY You can not write', 'REDIS_READONLY'],
    ['-MISCONF Redis is configured', 'REDIS_PERSISTENCE'],
    ['-BUSY Redis is busy', 'REDIS_BUSY'],
    ['-LOADING Redis is loading', 'REDIS_LOADING'],
    ['-NOPERM this user', 'REDIS_NO_PERMISSION'],
    ['-NOAUTH Authentication required', 'REDIS_CREDENTIALS'],
    ['-ERR unknown command with V4LUE', 'REDIS_ERROR_REPLY'],
  ])('A24 tells error replies apart by code: %s', async (reply, code) => {
    await withPeer({ answer: () => `${reply}\r\n` }, async (port) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port, socketTimeout: T });
      const error = await rejection(cache.set('key', 'V4LUE'));
      expect(error).toMatchObject({ code, key: 'key' });
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('V4LUE');
    });
  });
});

describe('close', () => {
  it.each(['never connected', 'ready', 'reconnecting', 'frozen'])(
    'A32 resolves in time, twice: %s',
    async (state) => {
      const handles = openHandles();
      const cache = newCache();
      if (state !== 'never connected') await cache.ping();
      if (state === 'reconnecting') {
        await redis.server.kill('SIGKILL');
        await rejection(cache.get('key'));
      }
      if (state === 'frozen') await redis.server.freeze();
      const pending = state === 'frozen' ? rejection(cache.get('key')) : undefined;
      const start = performance.now();
      await Promise.all([cache.close(), cache.close()]);
      expect(performance.now() - start).toBeLessThan(T + 1_000);
      // The socket is destroyed a turn later; anything forgotten would stay far longer.
      await eventually(200, async () => expect(openHandles()).toBeLessThanOrEqual(handles));
      await redis.server.resume();
      if (pending !== undefined) expect(await pending).toMatchObject({ code: 'CACHE_CLOSED', key: 'key' });
    },
  );

  it('tells a clear that it cut off that part of it was done', async () => {
    const keyPrefix = redis.newPrefix();
    const cache = redis.newCache({ keyPrefix, socketTimeout: T });
    await redis.raw.eval("for i = 1, 30000 do redis.call('SET', KEYS[1] .. i, 'x') end", 1, keyPrefix);
    const cleared = rejection(cache.clear());
    while ((await redis.raw.dbsize()) > 29_000) await delay(1);
    await cache.close();
    expect(await cleared).toMatchObject({ code: 'CACHE_CLOSED' });
    expect(String(await cleared)).toContain('Part of the entries is gone already');
    await redis.newCache({ keyPrefix }).clear();
  });

  it('A33 lets what is under way end, and refuses what comes after', async () => {
    const cache = newCache();
    await cache.set('key', 1);
    const before = cache.get('key');
    const closed = cache.close();
    const after = rejection(cache.get('key'));
    expect(await before).toEqual(new CacheHit(1));
    expect(await after).toMatchObject({ code: 'CACHE_CLOSED', key: 'key' });
    await closed;
  });

  it('A33 fails what never got a connection', async () => {
    const cache = newCache();
    const pending = rejection(cache.get('key'));
    await cache.close();
    expect(await pending).toMatchObject({ code: 'CACHE_CLOSED', key: 'key' });
  });

  it('happens by itself at the end of an await using block', async () => {
    let seen: ICache | undefined;
    {
      await using cache = redis.newCache();
      await cache.set('key', 1);
      seen = cache;
    }
    expect(await rejection(seen.get('key'))).toMatchObject({ code: 'CACHE_CLOSED' });
  });

  it('leaves a client of the application open', async () => {
    const client = redis.newClient({ lazyConnect: true });
    const cache = redis.newCacheAt({ client, keyPrefix: redis.newPrefix() });
    await cache.set('key', 1);
    await cache.close();
    expect(await client.ping()).toBe('PONG');
    expect(client.listenerCount('ready') + client.listenerCount('close')).toBe(0);
  });
});

describe('A client of the application', () => {
  it('is waited for while it connects, and reported while it is away', async () => {
    const client = redis.newClient({ retryStrategy: () => 20 });
    const cache = redis.newCacheAt({ client, keyPrefix: redis.newPrefix(), socketTimeout: T });
    await cache.ping();
    await redis.server.kill('SIGKILL');
    await delay(100);
    expect((await timed(() => cache.get('key'))).milliseconds).toBeLessThan(50);
    await redis.restart();
    await eventually(2_000, () => cache.ping());
  });

  it('is refused when it is none, or one of a cluster', () => {
    const options = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false };
    expect(() => redis.newCacheAt({ client: { status: 'ready', options } })).toThrow(/client of ioredis/);
    const cluster = Object.assign(redis.newClient(), { isCluster: true });
    expect(() => redis.newCacheAt({ client: cluster })).toThrow(/for one server/);
  });

  it('is reported at once when the application ended it, before or while it is used', async () => {
    const client = redis.newClient();
    const cache = redis.newCacheAt({ client, keyPrefix: redis.newPrefix(), socketTimeout: T });
    await cache.ping();
    client.disconnect();
    await once(client, 'end');
    const late = redis.newCacheAt({ client, keyPrefix: redis.newPrefix(), socketTimeout: T });
    for (const one of [cache, late]) {
      const { error, milliseconds } = await timed(() => one.get('key'));
      expect(error).toMatchObject({ code: 'REDIS_CONNECTION_LOST' });
      expect(String(error)).toContain('the application ended the client');
      expect(milliseconds).toBeLessThan(50);
    }
  });

  it.each(['before', 'after'])(
    'is not used on a database that was refused %s it was handed in',
    async (when) => {
      const keyPrefix = redis.newPrefix();
      const client = redis.newClient({ db: 99, retryStrategy: () => 50 });
      if (when === 'before') await delay(200);
      expect(client.status === 'ready').toBe(when === 'before');
      const cache = redis.newCacheAt({ client, keyPrefix, socketTimeout: T });
      expect(await rejection(cache.set('key', 1))).toMatchObject({ code: 'REDIS_DATABASE' });
      await delay(T);
      expect(await rejection(cache.set('key', 1))).toMatchObject({ code: 'REDIS_DATABASE' });
      expect(await redis.raw.exists(`${keyPrefix}key`)).toBe(0);
    },
  );

  it('A15 never sends a write again that was lost with its connection', async () => {
    const keyPrefix = redis.newPrefix();
    const client = redis.newClient({ retryStrategy: () => 50 });
    const cache = redis.newCacheAt({ client, keyPrefix, socketTimeout: T });
    await cache.ping();
    await redis.server.freeze();
    const { error, milliseconds } = await timed(() =>
      Promise.all([cache.set('key', 'once'), delay(20).then(() => redis.server.kill('SIGKILL'))]),
    );
    expect(error).toMatchObject({ code: 'REDIS_OUTCOME_UNKNOWN_LOST', key: 'key' });
    expect(milliseconds).toBeLessThan(T * 0.9);
    await redis.restart();
    await eventually(2_000, () => cache.ping());
    expect(await redis.raw.exists(`${keyPrefix}key`)).toBe(0);
  });

  it('goes on after a reply that nobody asked for, as the application does', async () => {
    const sockets: Socket[] = [];
    await withPeer(
      { answer: answerMiss, onConnection: (socket) => void sockets.push(socket) },
      async (port) => {
        const client = redis.newClient({ host: '127.0.0.1', port, enableReadyCheck: false, protocol: 2 });
        const cache = redis.newCacheAt({ client, keyPrefix: 'stray:', socketTimeout: T });
        await cache.ping();
        sockets[0]?.write('$5\r\nstray\r\n');
        await delay(20);
        expect(await cache.get('key')).toBe(CacheMiss.instance);
        client.disconnect();
      },
    );
  });

  it('keeps its connection when the server falls silent, and goes on with it afterwards', async () => {
    const client = redis.newClient();
    const cache = redis.newCacheAt({ client, keyPrefix: redis.newPrefix(), socketTimeout: T });
    await cache.ping();
    let closed = 0;
    client.on('close', () => {
      closed += 1;
    });
    await redis.server.freeze();
    expect(await rejection(cache.get('key'))).toMatchObject({ code: 'REDIS_TIMEOUT' });
    await redis.server.resume();
    expect(await cache.get('key')).toBe(CacheMiss.instance);
    expect(closed).toBe(0);
  });

  it('with a login that is refused is a typed error', async () => {
    const client = redis.newClient({ username: 'nobody', password: 'S3CRET', retryStrategy: () => 1_000 });
    const cache = redis.newCacheAt({ client, keyPrefix: redis.newPrefix(), socketTimeout: T });
    expect(await rejection(cache.get('key'))).toMatchObject({ code: 'REDIS_CREDENTIALS' });
  });
});

/** Answers every key with nothing, and everything else with PONG. */
function answerMiss(command: string): string {
  return command === 'get' ? '$-1\r\n' : '+PONG\r\n';
}

function answerMissTwice(command: string): string {
  return command === 'get' ? '$-1\r\n$-1\r\n' : '+PONG\r\n';
}

/** Takes most of the deadline for the handshake, and less than half of it for anything else. */
function answerSlowly(command: string, socket: Socket): undefined {
  const [reply, milliseconds] = command === 'ping' ? ['+PONG\r\n', T * 0.8] : ['$-1\r\n', T * 0.4];
  setTimeout(() => socket.writable && socket.write(reply), milliseconds);
}

/** Answers nothing but the login, and that badly. */
function refuseLogin(command: string): string | undefined {
  return command === 'auth' ? '-WRONGPASS invalid\r\n' : undefined;
}
