import { setTimeout as delay } from 'node:timers/promises';
import { runInThisContext } from 'node:vm';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheOptions } from '../../lib/config/redis-cache-options.js';
import type { RedisCache } from '../../lib/redis/redis-cache.js';
import { readAclRule } from '../support/acl-rule.js';
import { expectToServe } from '../support/expectations.js';
import type { Variables } from '../support/cache-fixture.js';
import { OPERATIONS } from '../support/operations.js';
import { type RedisFixture, useRedisServer } from '../support/redis-fixture.js';
import { encodeLeasableEntry } from '../support/stored-frames.js';
import { failuresOf, rejection } from '../support/rejection.js';
import { eventually } from '../support/waiting.js';

/** The socket timeout of these tests. */
const T = 500;

/** What a cache is told, in code and by variables. */
interface Way {
  readonly options?: RedisCacheOptions;
  readonly variables?: Variables;
}

/** Ways by name; each is asked for when the servers stand. */
type Ways = Readonly<Record<string, () => Way>>;

function newCache(redis: RedisFixture, { options, variables }: Way): RedisCache {
  return redis.newCacheAt({ keyPrefix: redis.newPrefix(), socketTimeout: T, ...options }, variables);
}

/** Every operation fails there in the same way. */
async function expectToFail(cache: RedisCache, error: object): Promise<void> {
  for (const { run, keys } of OPERATIONS) {
    for (const failure of failuresOf(await rejection(run(cache)), keys)) expect(failure).toMatchObject(error);
  }
}

describe('TLS', () => {
  const redis = useRedisServer({ tls: true });
  const mutual = useRedisServer({ tls: { mutual: true } });
  const elsewhere = useRedisServer({ tls: { hosts: ['redis.example'] } });

  const trusted: Ways = {
    'useSsl and tls': () => ({ options: { ...redis.address, useSsl: true, tls: { ca: pem(redis).ca } } }),
    'tls alone': () => ({ options: { ...redis.address, tls: { ca: pem(redis).ca } } }),
    'a name of the certificate': () => ({
      options: { ...redis.address, host: 'localhost', tls: { ca: pem(redis).ca } },
    }),
    'a url and tls': () => ({ options: { url: redis.server.url, tls: { ca: pem(redis).ca } } }),
    'the variable of the authority': () => ({ variables: { ...place(redis), ...caFile(redis) } }),
    'that variable and USE_SSL': () => ({
      variables: { ...place(redis), ...caFile(redis), SPAKKY_REDIS__USE_SSL: 'yes' },
    }),
    'that variable and URL': () => ({
      variables: { ...caFile(redis), SPAKKY_REDIS__URL: redis.server.url },
    }),
    'a certificate of its own': () => ({
      options: { ...mutual.address, tls: { ca: pem(mutual).ca, ...pem(mutual).client } },
    }),
    'variables for a certificate of its own': () => ({
      variables: { ...place(mutual), ...caFile(mutual), ...ownFiles(mutual) },
    }),
    'the name that the certificate has': () => ({
      options: { ...elsewhere.address, tls: { ca: pem(elsewhere).ca, servername: 'redis.example' } },
    }),
  };

  it.each(Object.entries(trusted))('is spoken by %s', async (_, way) => {
    await expectToServe(newCache(redis, way()));
  });

  const distrusted: Ways = {
    'A26 an authority that is unknown': () => ({ options: { ...redis.address, useSsl: true } }),
    'A26 an authority that is unknown, by variables': () => ({
      variables: { ...place(redis), SPAKKY_REDIS__USE_SSL: 'true' },
    }),
    'A26 another authority': () => ({ variables: { ...place(redis), ...caFile(mutual) } }),
    'A26 a certificate of another name': () => ({
      options: { ...elsewhere.address, tls: { ca: pem(elsewhere).ca } },
    }),
    'A26 a certificate of another name, by variables': () => ({
      variables: { ...place(elsewhere), ...caFile(elsewhere) },
    }),
    'A26 no certificate where one is wanted': () => ({
      options: { ...mutual.address, tls: { ca: pem(mutual).ca } },
    }),
    'A26 a certificate that another authority vouches for': () => ({
      options: { ...mutual.address, tls: { ca: pem(mutual).ca, ...pem(redis).client } },
    }),
  };

  it.each(Object.entries(distrusted))('is refused to %s, by a typed error', async (_, way) => {
    await expectToFail(newCache(redis, way()), { name: 'RedisCacheConnectionError', code: 'REDIS_TLS' });
  });

  describe('where the environment tells Node to trust everyone', () => {
    // Jest gives tests a copy of `process.env`; Node looks at the real one.
    const environment: unknown = runInThisContext('process.env');
    const set = (value: string | undefined) => {
      if (typeof environment !== 'object' || environment === null) throw new Error('There is no environment');
      if (value === undefined) Reflect.deleteProperty(environment, 'NODE_TLS_REJECT_UNAUTHORIZED');
      else Reflect.set(environment, 'NODE_TLS_REJECT_UNAUTHORIZED', value);
    };
    beforeEach(() => set('0'));
    afterEach(() => set(undefined));

    it('still verifies the server', async () => {
      for (const way of Object.values(distrusted)) {
        await expectToFail(newCache(redis, way()), { code: 'REDIS_TLS' });
      }
    });
  });
});

describe('A unix socket', () => {
  const redis = useRedisServer({ unixSocket: true, password: 'secret' });

  const ways: Ways = {
    'by an option': () => ({ options: { path: redis.server.path ?? '', password: 'secret', db: 2 } }),
    'by a variable': () => ({
      variables: {
        SPAKKY_REDIS__PATH: redis.server.path ?? '',
        SPAKKY_REDIS__PASSWORD: 'secret',
        SPAKKY_REDIS__DB: '2',
      },
    }),
  };

  it.each(Object.entries(ways))('is reached %s, password and database included', async (_, way) => {
    const cache = newCache(redis, way());
    await expectToServe(cache);
    await cache.set('last', 1);
    await redis.raw.select(2);
    expect(await redis.raw.exists(`${cache.location.prefix}last`)).toBe(1);
  });

  it('A09 asks for its password, and the error names the variable', async () => {
    await expectToFail(newCache(redis, { options: { path: redis.server.path ?? '' } }), {
      code: 'REDIS_CREDENTIALS',
      message: expect.stringContaining('SPAKKY_REDIS__PASSWORD'),
    });
  });
});

/** Takes the lease of an entry that would end before the lease does. */
function refresh(cache: RedisCache): Promise<unknown> {
  return cache.getOrSet('stale', () => 'new', { ttl: '1m', staleFor: '1m' });
}

describe('A user with the rule of the README', () => {
  const redis = useRedisServer();
  const rule = readAclRule();
  const { user: username, password, prefix } = rule;

  /** Grants what the rule says, with some of it left out. */
  async function grant(...withheld: readonly string[]): Promise<void> {
    await redis.raw.call('ACL', 'DELUSER', username);
    await redis.raw.call('ACL', rule.argumentsWithout(...withheld));
  }

  function cacheOfUser(keyPrefix = prefix + redis.newPrefix(), db = 0): RedisCache {
    return newCache(redis, { options: { ...redis.address, username, password, db, keyPrefix } });
  }

  it('may do everything, by options and by variables', async () => {
    await grant();
    await expectToServe(cacheOfUser());
    const variables = {
      ...place(redis),
      SPAKKY_REDIS__USERNAME: username,
      SPAKKY_REDIS__PASSWORD: password,
      SPAKKY_REDIS__KEY_PREFIX: prefix,
    };
    await expectToServe(redis.newCacheAt({}, variables));
  });

  it('A10 may do nothing to keys of another prefix: each operation on them is a typed error', async () => {
    await grant();
    await redis.raw.set('foreign:key', 'theirs');
    const cache = cacheOfUser('foreign:');
    for (const { run, effect, keys } of OPERATIONS) {
      if (effect === 'reaches') continue;
      for (const failure of failuresOf(await rejection(run(cache)), keys)) {
        expect(failure).toMatchObject({ name: 'RedisCacheOperationError', code: 'REDIS_NO_PERMISSION' });
      }
    }
    expect(await redis.raw.get('foreign:key')).toBe('theirs');
  });

  /** What cannot be done without a command of the rule. */
  const needs: Readonly<Record<string, (cache: RedisCache) => Promise<unknown>>> = {
    ping: (cache) => cache.ping(),
    get: (cache) => cache.get('key'),
    set: (cache) => cache.set('key', 'value'),
    eval: (cache) => cache.delete('key'),
    getrange: (cache) => cache.delete('key'),
    exists: (cache) => cache.delete('absent'),
    unlink: (cache) => cache.delete('key'),
    time: (cache) => cache.get('with times of its own'),
    scan: (cache) => cache.clear(),
    setrange: (cache) => refresh(cache),
    pttl: (cache) => refresh(cache),
    pexpire: (cache) => refresh(cache),
  };

  it('has no command that nothing needs', () => {
    expect([...Object.keys(needs), 'select', 'pexpireat'].toSorted()).toEqual(rule.commands.toSorted());
  });

  it('A10 gets a typed error without select, and nothing reaches database 0 in the place of another', async () => {
    await grant('select');
    const cache = cacheOfUser(undefined, 1);
    await expectToFail(cache, {
      name: 'RedisCacheConnectionError',
      code: 'REDIS_DATABASE',
      message: expect.stringContaining('SELECT was refused: NOPERM'),
    });
    expect(await redis.raw.keys(`${cache.location.prefix}*`)).toEqual([]);
    await expectToServe(cacheOfUser());
  });

  it('A10 counts what it could not give back without pexpireat, and serves nevertheless', async () => {
    await grant('pexpireat');
    const cache = cacheOfUser();
    const options = { ttl: 50, staleFor: '1m' } as const;
    await cache.getOrSet('key', () => 'old', options);
    await delay(100);
    expect(await cache.getOrSet('key', () => Promise.reject(new Error('away')), options)).toBe('old');
    expect(cache.metrics().errors).toEqual({ REDIS_NO_PERMISSION: 1 });
  });

  it('A24 waits with its database while a script blocks the server', async () => {
    await grant();
    await redis.raw.config('SET', 'lua-time-limit', 1);
    const runner = redis.newClient({ enableOfflineQueue: true });
    const end = rejection(runner.eval('while true do end', 0));
    await eventually(1_000, () => expect(redis.raw.get('key')).rejects.toThrow('BUSY'));
    const cache = cacheOfUser(undefined, 1);
    expect(await rejection(cache.set('key', 1))).toMatchObject({ code: 'REDIS_UNREACHABLE' });
    await redis.raw.script('KILL');
    await end;
    await eventually(2_000, () => cache.set('key', 1));
    expect(await redis.raw.keys(`${cache.location.prefix}*`)).toEqual([]);
  });

  it.each(Object.entries(needs))('A10 gets a typed error without %s', async (command, run) => {
    await grant(command);
    const cache = cacheOfUser();
    const now = Date.now();
    const times = { freshUntil: now + 60_000, dieAt: now + 60_000 };
    const physical = (key: string) => `${cache.location.prefix}${key}`;
    const entryOf = (key: string) => encodeLeasableEntry(Buffer.of(0), physical(key), undefined, times);
    for (const key of ['key', 'with times of its own']) await redis.raw.set(physical(key), entryOf(key));
    const past = { freshUntil: now - 1_000, dieAt: now + 2_000 };
    const stale = encodeLeasableEntry(Buffer.of(0), physical('stale'), undefined, past);
    await redis.raw.set(physical('stale'), stale, 'PX', 2_000);
    expect(await rejection(run(cache))).toMatchObject({
      name: 'RedisCacheOperationError',
      code: 'REDIS_NO_PERMISSION',
      message: expect.stringMatching(/ACL/),
    });
  });
});

describe('A server that refuses CLIENT, CONFIG and INFO', () => {
  const redis = useRedisServer();

  beforeAll(async () => {
    await redis.raw.call('ACL', 'SETUSER', 'default', '-client', '-config', '-info');
  });

  it('serves every operation', async () => {
    for (const command of [['CLIENT', 'ID'], ['CONFIG', 'GET', '*'], ['INFO']] as const) {
      const [name, ...parameters] = command;
      await expect(redis.raw.call(name, parameters)).rejects.toThrow('NOPERM');
    }
    await expectToServe(redis.newCache());
  });
});

function place(redis: RedisFixture): Variables {
  const { host, port } = redis.address;
  return { SPAKKY_REDIS__HOST: host, SPAKKY_REDIS__PORT: String(port) };
}

function certificatesOf(redis: RedisFixture) {
  const { certificates } = redis.server;
  if (!certificates) throw new Error('This server speaks no TLS');
  return certificates;
}

/** The authority of a server, and the certificate that it accepts of clients, as text. */
function pem(redis: RedisFixture) {
  const { ca, client } = certificatesOf(redis);
  return { ca, client: { cert: client.cert, key: client.key } };
}

function caFile(redis: RedisFixture): Variables {
  return { SPAKKY_REDIS__TLS_CA_FILE: certificatesOf(redis).caFile };
}

function ownFiles(redis: RedisFixture): Variables {
  const { certFile, keyFile } = certificatesOf(redis).client;
  return { SPAKKY_REDIS__TLS_CERT_FILE: certFile, SPAKKY_REDIS__TLS_KEY_FILE: keyFile };
}
