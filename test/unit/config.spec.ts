import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import { CONFIGURATION_VARIABLES } from '../../lib/config/configuration-variables.js';
import { readEnvironment } from '../../lib/config/environment.js';
import { REDIS_CACHE_DEFAULTS } from '../../lib/config/redis-cache-defaults.js';
import type { RedisCacheOptions } from '../../lib/config/redis-cache-options.js';
import { resolveRedisCacheOptions } from '../../lib/config/resolve-redis-cache-options.js';
import type {
  ResolvedAddress,
  ResolvedRedisCacheOptions,
} from '../../lib/config/resolved-redis-cache-options.js';
import { CacheConfigurationError } from '../../lib/contract/errors.js';
import { type Certificates, createCertificates } from '../support/certificates.js';

type Variables = Readonly<Record<string, unknown>>;

interface Given {
  readonly options?: unknown;
  readonly namespace?: unknown;
  /** By the part of the name after `SPAKKY_REDIS__`. */
  readonly variables?: Variables;
  readonly name?: string;
}

/** Lets a test write options as JavaScript would: unchecked. */
function assertUnchecked(_options: unknown): asserts _options is RedisCacheOptions | undefined {}

function lookUp(variables: Variables = {}): (name: string) => unknown {
  return (name) => variables[name.replace('SPAKKY_REDIS__', '')];
}

function resolve({ options, namespace, variables, name }: Given = {}): ResolvedRedisCacheOptions {
  assertUnchecked(options);
  return resolveRedisCacheOptions({ options, namespace, variable: lookUp(variables), name });
}

function errorOf(given: Given): CacheConfigurationError {
  try {
    resolve(given);
  } catch (error) {
    if (error instanceof CacheConfigurationError) return error;
    throw error;
  }
  throw new Error('expected the configuration to be refused');
}

function problemsOf(given: Given): readonly string[] {
  return errorOf(given).problems;
}

/** Every text in which a secret could hide. */
function everythingSaidBy(error: CacheConfigurationError): string {
  return [error.message, error.stack, JSON.stringify(error), ...error.problems, String(error.cause)].join(
    '\n',
  );
}

const SAFE = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false };
const CLIENT = { status: 'ready', options: SAFE };
function password(): string {
  return 'fresh';
}

const TCP = {
  kind: 'tcp',
  host: 'localhost',
  port: 6379,
  db: 0,
  username: undefined,
  password: undefined,
  tls: false,
};

function fail(): never {
  throw new Error('hunter2');
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('defaults', () => {
  it('are those of the family when nothing is set', () => {
    expect(resolve()).toEqual({
      connection: TCP,
      keyPrefix: 'spakky:cache:',
      ttl: undefined,
      socketTimeout: 5_000,
      lazy: false,
      serializer: undefined,
      near: undefined,
      sync: false,
      onWriteError: undefined,
    });
  });

  it('are what the table of variables says', () => {
    const written = CONFIGURATION_VARIABLES.map((each) => [
      each.name.replace('SPAKKY_REDIS__', ''),
      each.default,
    ]);

    expect(resolve({ variables: Object.fromEntries(written) })).toEqual(resolve());
  });

  it('put a named cache under a prefix of its own', () => {
    expect(resolve({ name: 'users' }).keyPrefix).toBe('spakky:users:');
    expect(resolve({ name: 'users', options: { keyPrefix: 'u:' } }).keyPrefix).toBe('u:');
    expect(problemsOf({ name: '\ud800' })).toEqual([expect.stringContaining('the name of the cache')]);
  });

  it('and what is resolved of them are frozen', () => {
    const resolved = resolve({ options: { tls: { ca: 'pem' } } });

    expect(Object.isFrozen(REDIS_CACHE_DEFAULTS)).toBe(true);
    expect(Object.isFrozen(resolved)).toBe(true);
    expect(Object.isFrozen(resolved.connection)).toBe(true);
    expect(resolved.connection.kind === 'tcp' && Object.isFrozen(resolved.connection.tls)).toBe(true);
  });
});

describe('the table of variables', () => {
  it('names the eight of the family and the other ways to connect', () => {
    expect(CONFIGURATION_VARIABLES.map((each) => [each.name, each.default])).toEqual([
      ['SPAKKY_REDIS__HOST', 'localhost'],
      ['SPAKKY_REDIS__PORT', '6379'],
      ['SPAKKY_REDIS__DB', '0'],
      ['SPAKKY_REDIS__USERNAME', undefined],
      ['SPAKKY_REDIS__PASSWORD', undefined],
      ['SPAKKY_REDIS__USE_SSL', 'false'],
      ['SPAKKY_REDIS__TLS_CA_FILE', undefined],
      ['SPAKKY_REDIS__TLS_CERT_FILE', undefined],
      ['SPAKKY_REDIS__TLS_KEY_FILE', undefined],
      ['SPAKKY_REDIS__URL', undefined],
      ['SPAKKY_REDIS__PATH', undefined],
      ['SPAKKY_REDIS__SENTINELS', undefined],
      ['SPAKKY_REDIS__SENTINEL_NAME', undefined],
      ['SPAKKY_REDIS__SENTINEL_PASSWORD', undefined],
      ['SPAKKY_REDIS__CLUSTER', undefined],
      ['SPAKKY_REDIS__KEY_PREFIX', 'spakky:cache:'],
      ['SPAKKY_REDIS__SOCKET_TIMEOUT', '5.0'],
    ]);
    expect(CONFIGURATION_VARIABLES.every((each) => each.description.endsWith('.'))).toBe(true);
  });

  it('names nothing that could weaken the verification of TLS', () => {
    const aboutTls = CONFIGURATION_VARIABLES.filter((each) =>
      /SSL|TLS|CERT|VERIF|AUTH|INSECURE/.test(each.name),
    );

    expect(aboutTls.map((each) => each.name.replace('SPAKKY_REDIS__', ''))).toEqual([
      'USE_SSL',
      'TLS_CA_FILE',
      'TLS_CERT_FILE',
      'TLS_KEY_FILE',
    ]);
  });
});

describe('the environment', () => {
  it.each([
    ['HOST', 'redis.internal', { host: 'redis.internal' }],
    ['HOST', '::1', { host: '::1' }],
    ['PORT', '6380', { port: 6380 }],
    ['PORT', ' 6380 ', { port: 6380 }],
    ['PORT', 6380, { port: 6380 }],
    ['DB', '15', { db: 15 }],
    ['DB', 0, { db: 0 }],
    ['USERNAME', 'ada', { username: 'ada' }],
    ['PASSWORD', ' s3cret ', { password: ' s3cret ' }],
    ['KEY_PREFIX', 'shop:', { keyPrefix: 'shop:' }],
    ['SOCKET_TIMEOUT', '2', { socketTimeout: 2_000 }],
    ['SOCKET_TIMEOUT', '2.5', { socketTimeout: 2_500 }],
    ['SOCKET_TIMEOUT', '.5', { socketTimeout: 500 }],
    ['SOCKET_TIMEOUT', '1.1', { socketTimeout: 1_100 }],
    ['SOCKET_TIMEOUT', '500ms', { socketTimeout: 500 }],
    ['SOCKET_TIMEOUT', ' 1m ', { socketTimeout: 60_000 }],
    ['SOCKET_TIMEOUT', 2.5, { socketTimeout: 2_500 }],
    ['URL', 'redis://redis:7000/2', { url: 'redis://redis:7000/2' }],
    ['PATH', '/run/redis.sock', { path: '/run/redis.sock' }],
  ])('reads %s=%j', (name, value, options) => {
    expect(readEnvironment(lookUp({ [name]: value }))).toStrictEqual({ options, problems: [] });
  });

  it.each(['true', 'TRUE', '1', 'yes', 'On', ' on ', true, 1])('reads USE_SSL=%j as true', (value) => {
    expect(readEnvironment(lookUp({ USE_SSL: value })).options).toStrictEqual({ useSsl: true });
  });

  it.each(['false', 'False', '0', 'no', 'off', false, 0])('reads USE_SSL=%j as false', (value) => {
    expect(readEnvironment(lookUp({ USE_SSL: value })).options).toStrictEqual({ useSsl: false });
  });

  it.each(['', undefined, null])('takes every variable that is %j as unset, but for the prefix', (value) => {
    const names = CONFIGURATION_VARIABLES.map((each) => each.name).filter(
      (name) => !name.endsWith('KEY_PREFIX'),
    );
    const variables = Object.fromEntries(names.map((name) => [name.replace('SPAKKY_REDIS__', ''), value]));

    expect(readEnvironment(lookUp(variables))).toStrictEqual({ options: {}, problems: [] });
  });

  it('leaves unknown variables to other members of the family', () => {
    expect(resolve({ variables: { FLAVOUR: 'vanilla', TTL: '-1' } })).toEqual(resolve());
  });

  it('asks for its own variables only', () => {
    const asked: string[] = [];
    readEnvironment((name) => void asked.push(name));

    expect(asked).toEqual(CONFIGURATION_VARIABLES.map((each) => each.name));
  });

  it('leaves out what is wrong and what contradicts itself, and says so', () => {
    const { options, problems } = readEnvironment(
      lookUp({ URL: 'redis://redis', HOST: 'redis', SOCKET_TIMEOUT: 'soon', KEY_PREFIX: 'shop:' }),
    );

    expect(options).toStrictEqual({ keyPrefix: 'shop:' });
    expect(problems).toEqual([
      expect.stringContaining('SPAKKY_REDIS__SOCKET_TIMEOUT'),
      expect.stringMatching(/SPAKKY_REDIS__URL .*SPAKKY_REDIS__HOST/),
    ]);
  });

  it('keeps the login of a socket', () => {
    const variables = { PATH: '/run/redis.sock', DB: '2', USERNAME: 'ada', PASSWORD: 'pw', USE_SSL: 'false' };

    expect(readEnvironment(lookUp(variables)).options).toStrictEqual({
      path: '/run/redis.sock',
      db: 2,
      username: 'ada',
      password: 'pw',
    });
  });

  it.each([
    ['HOST', 'redis:6379', '"redis:6379"'],
    ['HOST', 'two words', '"two words"'],
    ['PORT', '0', '"0"'],
    ['PORT', '65536', '"65536"'],
    ['PORT', '0x10', '"0x10"'],
    ['PORT', 1.5, '1.5'],
    ['PORT', true, 'true'],
    ['DB', '-1', '"-1"'],
    ['DB', 'abc', '"abc"'],
    ['DB', '99999999999999999999', '"99999999999999999999"'],
    ['USE_SSL', 'maybe', '"maybe"'],
    ['USE_SSL', 2, '2'],
    ['USE_SSL', {}, 'an object'],
    ['SOCKET_TIMEOUT', '0', '"0"'],
    ['SOCKET_TIMEOUT', '-1', '"-1"'],
    ['SOCKET_TIMEOUT', 'NaN', '"NaN"'],
    ['SOCKET_TIMEOUT', '86401', '"86401"'],
    ['SOCKET_TIMEOUT', { seconds: 1 }, 'an object'],
    ['PATH', 'a\0b', '"a\\u0000b"'],
    ['PATH', 5, '5'],
    ['USERNAME', 5, 'a number'],
    ['PASSWORD', () => 'pw', 'a function'],
  ])('refuses %s=%j', (name, value, found) => {
    const [problem, ...others] = problemsOf({ variables: { [name]: value } });

    expect(problem).toMatch(new RegExp(`^SPAKKY_REDIS__${name} expects .+, but found `));
    expect(problem?.endsWith(`but found ${found}`)).toBe(true);
    expect(others).toEqual([]);
  });
});

describe('options in code and in the namespace', () => {
  const sources = [
    ['code', 'options.%', (value: unknown): Given => ({ options: value })],
    ['the namespace', 'SPAKKY_REDIS.% (ConfigService)', (value: unknown): Given => ({ namespace: value })],
  ] as const;

  describe.each(sources)('in %s', (_, label, given) => {
    it.each([
      [1_500, 1_500],
      ['250ms', 250],
      ['5s', 5_000],
      [{ minutes: 5 }, 300_000],
      [0.2, 1],
      [86_400_000, 86_400_000],
    ])('a socketTimeout of %j is %d milliseconds', (socketTimeout, milliseconds) => {
      expect(resolve(given({ socketTimeout })).socketTimeout).toBe(milliseconds);
    });

    it.each([
      [90_000, 90_000],
      ['5m', 300_000],
      [{ hours: 2 }, 7_200_000],
      [null, undefined],
    ])('a ttl of %j is %s milliseconds', (ttl, milliseconds) => {
      expect(resolve(given({ ttl })).ttl).toBe(milliseconds);
    });

    const nearByDefault = { maxEntries: 10_000, maxBytes: 67_108_864, ttl: undefined, values: 'copied' };

    it.each([
      [true, nearByDefault],
      [{}, nearByDefault],
      [false, undefined],
      [
        { maxEntries: 5, maxBytes: 1, ttl: '5s', values: 'frozen' },
        { maxEntries: 5, maxBytes: 1, ttl: 5_000, values: 'frozen' },
      ],
      [
        { ttl: { minutes: 1 }, values: undefined },
        { ...nearByDefault, ttl: 60_000 },
      ],
    ])('a near of %j is %j', (near, resolved) => {
      expect(resolve(given({ near })).near).toEqual(resolved);
    });

    it.each([
      [{ password: () => 'secret' }, 'password', 'a function'],
      [
        { sentinels: [{ host: 'a' }], sentinelName: 'm', sentinelPassword: () => 's' },
        'sentinelPassword',
        'a function',
      ],
      [
        { useSsl: true, tls: { checkServerIdentity: () => undefined } },
        'tls.checkServerIdentity',
        'a function',
      ],
      [{ useSsl: true, tls: { ca: new WeakMap() } }, 'tls.ca', 'an object of this thread'],
      [{ client: CLIENT }, 'client', "the application's own client"],
    ])('sync refuses what another thread cannot be given (%#)', (connection, option, found) => {
      expect(problemsOf(given({ ...connection, sync: true }))).toEqual([
        `${label.replace('%', 'sync')} expects what can be copied to another thread, but found ${found} in ${label.replace('%', option)}`,
      ]);
      expect(resolve(given({ ...connection, sync: false })).sync).toBe(false);
    });

    it('every part of near that does not fit is told', () => {
      const near = { maxEntries: 0, maxBytes: 1.5, ttl: '5', values: 'shared', maxSize: 1, nonsense: 1 };
      const whole = label.replace('%', 'near');
      const known = 'maxEntries, maxBytes, ttl, values';

      expect(problemsOf(given({ near }))).toEqual([
        `${label.replace('%', 'near.maxEntries')} expects a whole number from 1 to 16777216, but found 0`,
        `${label.replace('%', 'near.maxBytes')} expects a whole number of bytes above 0, but found 1.5`,
        `${label.replace('%', 'near.ttl')} expects a duration of more than 0 ms, such as 1500, '5m' or { minutes: 5 }, but found "5"`,
        `${label.replace('%', 'near.values')} expects 'copied' or 'frozen', but found "shared"`,
        `${whole} expects nothing but ${known}, but found "maxSize" in it`,
        `${whole} expects nothing but ${known}, but found "nonsense" in it`,
      ]);
    });

    it('the other options are taken as they are', () => {
      const serializer = { classes: [] };
      const resolved = resolve(given({ password, lazy: true, serializer, useSsl: true, tls: { ca: 'pem' } }));

      expect(resolved).toMatchObject({ lazy: true, connection: { ...TCP, password, tls: { ca: 'pem' } } });
      expect(resolved.serializer).toBe(serializer);
      expect(resolve(given({ onWriteError: fail })).onWriteError).toBe(fail);
    });

    it.each([
      ['host', '', 'an empty string'],
      ['host', '[::1]', '"[::1]"'],
      ['host', 5n, '5n'],
      ['host', Symbol('s'), 'a symbol'],
      ['port', '6379', '"6379"'],
      ['port', NaN, 'NaN'],
      ['port', null, 'null'],
      ['db', -1, '-1'],
      ['username', '', 'an empty string'],
      ['password', '', 'an empty string'],
      ['password', null, 'null'],
      ['useSsl', 'true', '"true"'],
      ['useSsl', 1, '1'],
      ['tls', true, 'a boolean'],
      ['tls', [], 'an array'],
      ['url', new URL('redis://redis'), 'an object'],
      ['path', '', 'an empty string'],
      ['client', {}, 'an object'],
      ['client', 'redis', '"redis"'],
      ['client', { status: 'ready' }, 'an object'],
      ['client', { status: 'ready', options: null }, 'an object'],
      ['keyPrefix', '', 'an empty string'],
      ['keyPrefix', 5, '5'],
      ['keyPrefix', 'a\udc00', 'a lone surrogate in it'],
      ['keyPrefix', 'é'.repeat(257), '514 bytes'],
      ['ttl', 0, '0'],
      ['ttl', -1, '-1'],
      ['ttl', Infinity, 'Infinity'],
      ['ttl', '5 minutes', '"5 minutes"'],
      ['ttl', 8.64e15 + 2, '8640000000000002'],
      ['socketTimeout', 0, '0'],
      ['socketTimeout', 86_400_001, '86400001'],
      ['socketTimeout', '5', '"5"'],
      ['lazy', 'yes', '"yes"'],
      ['serializer', 'json', '"json"'],
      ['serializer', revoked(), 'one that throws'],
      ['near', 'yes', '"yes"'],
      ['near', null, 'null'],
      ['near', [], 'an array'],
      ['near', revoked(), 'one that throws'],
      ['sync', 'yes', '"yes"'],
      ['onWriteError', 'log', '"log"'],
      ['onWriteError', null, 'null'],
      ['port', 'x'.repeat(100), `"${'x'.repeat(40)}…"`],
    ])('%s refuses what does not fit (%#)', (option, value, found) => {
      const [problem, ...others] = problemsOf(given({ [option]: value }));

      expect(problem?.startsWith(`${label.replace('%', option)} expects `)).toBe(true);
      expect(problem?.endsWith(`but found ${found}`)).toBe(true);
      expect(others).toEqual([]);
    });

    it.each([
      ['keyprefix', 'keyPrefix'],
      ['key_prefix', 'keyPrefix'],
      ['__SOCKET_TIMEOUT', 'socketTimeout'],
      ['hots', 'host'],
      ['timeout', 'socketTimeout'],
      ['SSL', 'useSsl'],
    ])('%s is unknown, and %s was meant', (written, meant) => {
      expect(problemsOf(given({ [written]: 1 }))).toEqual([
        `${label.replace('%', written)} is not an option: did you mean ${label.replace('%', meant)}?`,
      ]);
    });

    it.each(['retries', 'xy', '', 'a'.repeat(100), 'with blank'])(
      '%j is unknown, and nothing is near',
      (written) => {
        const [problem] = problemsOf(given({ [written]: 1 }));

        expect(problem).toMatch(
          /is not an option: the options are host, port, .*, serializer, near, sync, onWriteError$/,
        );
        expect(problem?.length).toBeLessThan(300);
      },
    );

    it.each([null, 'redis://redis', 5, []].map((value) => [value]))('%j is no object of options', (value) => {
      expect(problemsOf(given(value))).toEqual([
        expect.stringContaining('expects an object of options, but found '),
      ]);
    });
  });

  it('accept a prefix of 512 bytes, and of any script', () => {
    expect(resolve({ options: { keyPrefix: 'é'.repeat(256) } }).keyPrefix).toHaveLength(256);
    expect(resolve({ options: { keyPrefix: '캐시😀:' } }).keyPrefix).toBe('캐시😀:');
  });
});

describe('precedence', () => {
  const high = { host: 'a', port: 1, db: 1, username: 'a', password: 'a', useSsl: true, keyPrefix: 'a' };
  const low = { host: 'b', port: 2, db: 2, username: 'b', password: 'b', useSsl: false, keyPrefix: 'b' };
  const variables = {
    HOST: 'c',
    PORT: '3',
    DB: '3',
    USERNAME: 'c',
    PASSWORD: 'c',
    USE_SSL: 'no',
    KEY_PREFIX: 'c',
    SOCKET_TIMEOUT: '3',
  };

  it('code wins over the namespace and the variables, option by option', () => {
    for (const option of Object.keys(high)) {
      const only = Object.fromEntries(Object.entries(high).filter(([name]) => name === option));
      const rest = Object.fromEntries(Object.entries(low).filter(([name]) => name !== option));

      expect(resolve({ options: only, namespace: low, variables })).toEqual(
        resolve({ options: { ...rest, ...only }, variables }),
      );
    }
  });

  it('the namespace wins over the variables, and these over the defaults', () => {
    const resolved = resolve({ namespace: { host: 'b', db: 2 }, variables });

    expect(resolved).toMatchObject({ keyPrefix: 'c', socketTimeout: 3_000 });
    expect(resolved.connection).toEqual({ ...TCP, host: 'b', port: 3, db: 2, username: 'c', password: 'c' });
  });

  it('code wins for the options that have no variable', () => {
    const namespace = { ttl: 5, lazy: true, serializer: { name: 'low' }, onWriteError: fail };

    expect(resolve({ options: { ttl: null, lazy: false }, namespace })).toMatchObject({
      ttl: undefined,
      lazy: false,
      serializer: { name: 'low' },
      onWriteError: fail,
    });
    expect(resolve({ options: { onWriteError: password }, namespace }).onWriteError).toBe(password);
  });

  it('undefined in a layer means that it is not set there', () => {
    const options = Object.fromEntries(Object.keys(high).map((name) => [name, undefined]));

    expect(resolve({ options, namespace: low })).toEqual(resolve({ namespace: low }));
  });

  it.each(['options', 'namespace'])('a URL in %s hides everything below about the server', (layer) => {
    const { connection } = resolve({
      [layer]: { url: 'redis://redis' },
      variables: { ...variables, USE_SSL: 'yes' },
    });

    expect(connection).toEqual({ ...TCP, host: 'redis' });
  });

  it('a socket hides everything below about the server', () => {
    const given = { options: { path: '/run/redis.sock' }, namespace: { ...high }, variables };

    expect(resolve(given).connection).toEqual({
      kind: 'unix',
      path: '/run/redis.sock',
      db: 0,
      username: undefined,
      password: undefined,
    });
  });

  it('a client hides everything below about the server, but not the settings', () => {
    const resolved = resolve({ options: { client: CLIENT }, variables: { ...variables, URL: undefined } });

    expect(resolved.connection).toEqual({ kind: 'client', client: CLIENT });
    expect(resolved).toMatchObject({ keyPrefix: 'c', socketTimeout: 3_000 });
  });

  it('a URL replaces a socket below it, and a socket a URL', () => {
    const variables2 = { PATH: '/run/redis.sock', PASSWORD: 'low' };

    expect(resolve({ namespace: { url: 'redis://redis' }, variables: variables2 }).connection).toEqual({
      ...TCP,
      host: 'redis',
    });
    expect(
      resolve({ options: { path: '/s' }, variables: { URL: 'rediss://:low@redis' } }).connection,
    ).toMatchObject({
      kind: 'unix',
      path: '/s',
      password: undefined,
    });
  });

  it('a URL below counts as the options that it spells', () => {
    const given = { options: { host: 'near', db: 4 }, variables: { URL: 'rediss://ada:pw@far:7000/2' } };

    expect(resolve(given).connection).toEqual({
      kind: 'tcp',
      host: 'near',
      port: 7000,
      db: 4,
      username: 'ada',
      password: 'pw',
      tls: {},
    });
  });

  it('a host above a socket or a client means TCP', () => {
    expect(resolve({ options: { host: 'a' }, variables: { PATH: '/s' } }).connection).toEqual({
      ...TCP,
      host: 'a',
    });
    expect(resolve({ options: { port: 7 }, namespace: { client: CLIENT } }).connection).toEqual({
      ...TCP,
      port: 7,
    });
  });

  it('a login above a socket is used with it', () => {
    const given = { options: { db: 3, password: 'pw' }, variables: { PATH: '/s', DB: '1', USERNAME: 'ada' } };

    expect(resolve(given).connection).toMatchObject({ kind: 'unix', db: 3, username: 'ada', password: 'pw' });
  });
});

describe('TLS', () => {
  it.each([
    ['nothing', {}, false],
    ['useSsl', { useSsl: true }, {}],
    ['tls', { tls: { ca: 'pem' } }, { ca: 'pem' }],
    ['both', { useSsl: true, tls: { ca: 'pem' } }, { ca: 'pem' }],
    ['rediss:// and tls', { url: 'rediss://localhost', tls: { ca: 'pem' } }, { ca: 'pem' }],
  ])('follows from %s', (_, options, tls) => {
    expect(resolve({ options }).connection).toMatchObject({ tls });
  });

  it('is decided by the highest layer that says anything about it', () => {
    expect(resolve({ options: { useSsl: false }, namespace: { tls: {} } }).connection).toMatchObject({
      tls: false,
    });
    expect(resolve({ options: { tls: {} }, variables: { USE_SSL: 'no' } }).connection).toMatchObject({
      tls: {},
    });
    expect(resolve({ options: { useSsl: true }, namespace: { tls: { ca: 'x' } } }).connection).toMatchObject({
      tls: { ca: 'x' },
    });
  });

  it('keeps its own copy of the options', () => {
    const tls = { ca: 'first' };
    const resolved = resolve({ options: { tls } });
    tls.ca = 'second';

    expect(resolved.connection).toMatchObject({ tls: { ca: 'first' } });
  });
});

/** A private key in PEM, encrypted when there is a passphrase. */
function keyOf(passphrase?: string, type: 'pkcs1' | 'pkcs8' = 'pkcs8'): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 });
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-128-cbc', passphrase };
  return privateKey.export({ format: 'pem', type, ...encryption }).toString();
}

describe('the files of TLS', () => {
  const marker = 'hunter2';
  const files = { TLS_CA_FILE: 'ca', TLS_CERT_FILE: 'cert', TLS_KEY_FILE: 'key' } as const;
  let folder: string;
  let certificates: Certificates;
  let all: Readonly<Record<keyof typeof files, string>>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spakky-tls-files-'));
    certificates = await createCertificates(folder);
    const { certFile, keyFile } = certificates.client;
    all = { TLS_CA_FILE: certificates.caFile, TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile };
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  function fileWith(content: string): string {
    const file = join(folder, `${randomUUID()}.pem`);
    writeFileSync(file, content);
    return file;
  }

  function contents(): ConnectionOptions {
    return { ca: certificates.ca, cert: certificates.client.cert, key: certificates.client.key };
  }

  it('are read into the option tls, and imply TLS', () => {
    const tls = contents();

    expect(readEnvironment(lookUp(all))).toStrictEqual({ options: { tls }, problems: [] });
    expect(resolve({ variables: all }).connection).toEqual({ ...TCP, tls });
    expect(resolve({ variables: { ...all, USE_SSL: 'true' } }).connection).toEqual({ ...TCP, tls });
    expect(resolve({ variables: { TLS_CA_FILE: all.TLS_CA_FILE } }).connection).toEqual({
      ...TCP,
      tls: { ca: certificates.ca },
    });
    expect(
      resolve({ variables: { TLS_CERT_FILE: all.TLS_CERT_FILE, TLS_KEY_FILE: all.TLS_KEY_FILE } }),
    ).toMatchObject({
      connection: { tls: { cert: certificates.client.cert, key: certificates.client.key } },
    });
  });

  it('serve sentinels, a cluster and a URL as well', () => {
    const tls = contents();
    const ways = [{ SENTINELS: 'a', SENTINEL_NAME: 'main' }, { CLUSTER: 'a' }, { URL: 'rediss://redis' }];
    for (const way of ways) {
      expect(resolve({ variables: { ...way, ...all } }).connection).toMatchObject({ tls });
      expect(readEnvironment(lookUp({ ...way, ...all })).options).toMatchObject({ tls });
    }
  });

  it('are read once: what becomes of them later changes nothing', () => {
    const file = fileWith(certificates.ca);
    const resolved = resolve({ variables: { TLS_CA_FILE: file } });
    writeFileSync(file, '');

    expect(resolved.connection).toMatchObject({ tls: { ca: certificates.ca } });
    expect(resolved.connection.kind === 'tcp' && Object.isFrozen(resolved.connection.tls)).toBe(true);
  });

  it('are hidden and overridden as the option tls is', () => {
    expect(resolve({ options: { useSsl: false }, variables: all }).connection).toEqual(TCP);
    expect(resolve({ options: { url: 'rediss://a' }, variables: all }).connection).toMatchObject({ tls: {} });
    expect(resolve({ namespace: { tls: { ca: 'pem' } }, variables: all }).connection).toMatchObject({
      tls: { ca: 'pem' },
    });
    expect(resolve({ options: { host: 'a' }, variables: all }).connection).toMatchObject({ tls: contents() });
  });

  it('accept what the tools write', () => {
    const rsa = keyOf(undefined, 'pkcs1');
    const bundle = `# Authorities\n\n${certificates.ca}\n${certificates.server.cert}`.replaceAll(
      '\n',
      '\r\n',
    );
    const both = fileWith(`${certificates.client.cert}\n${certificates.client.key}`);

    expect(rsa).toContain('BEGIN RSA PRIVATE KEY');
    expect(problemsOf({ variables: { ...all, TLS_KEY_FILE: fileWith(rsa) } })).toEqual([
      expect.stringMatching(/^SPAKKY_REDIS__TLS_KEY_FILE expects the key of .* but found another$/),
    ]);
    expect(resolve({ variables: { TLS_CA_FILE: fileWith(bundle) } }).connection).toMatchObject({
      tls: { ca: bundle },
    });
    expect(resolve({ variables: { TLS_CERT_FILE: both, TLS_KEY_FILE: both } }).connection.kind).toBe('tcp');
  });

  it('follow links, as mounted secrets are', () => {
    const link = join(folder, 'link.pem');
    symlinkSync(certificates.caFile, link);

    expect(resolve({ variables: { TLS_CA_FILE: link } }).connection).toMatchObject({
      tls: { ca: certificates.ca },
    });
  });

  const unreadable: readonly (readonly [what: string, value: () => unknown, found: string])[] = [
    ['a file that is not there', () => join(folder, marker), 'none that can be read (ENOENT)'],
    ['a file below a file', () => join(certificates.caFile, marker), 'none that can be read (ENOTDIR)'],
    ['a path that is too long', () => marker.repeat(1_000), 'none that can be read (ENAMETOOLONG)'],
    ['a path that cannot be', () => `${marker}\0`, 'none that can be read (no path)'],
    ['a directory', () => folder, 'a directory'],
    ['a device', () => '/dev/zero', 'no regular file'],
    ['an empty file', () => fileWith(''), 'an empty file'],
    ['a huge file', () => fileWith(marker.repeat(1_000_000)), 'a file of 7000000 bytes'],
    ['the content of a file', () => `-----BEGIN PRIVATE KEY-----\n${marker}`, 'the content of one'],
    ['a key without its first line', () => `MIIEvQ${marker}+/==`, 'none that can be read (ENOENT)'],
    ['a number', () => 5, 'a number'],
    ['a list', () => [marker], 'an array'],
  ];

  describe.each(Object.keys(files))('of %s', (name) => {
    it.each(unreadable)('refuses %s', (_, value, found) => {
      const error = errorOf({ variables: { ...all, [name]: value() } });

      expect(error.problems).toEqual([
        expect.stringMatching(
          new RegExp(
            `^SPAKKY_REDIS__${name} expects the path of a PEM file with (certificates|a private key, .*), but found `,
          ),
        ),
      ]);
      expect(error.problems[0]?.endsWith(`but found ${found}`)).toBe(true);
      expect(everythingSaidBy(error)).not.toContain(marker);
    });

    it.each(['', undefined, null])('is unset when it is %j', (value) => {
      const [ca, pair] = [{ TLS_CA_FILE: value }, { TLS_CERT_FILE: value, TLS_KEY_FILE: value }];

      expect(resolve({ variables: { ...ca, ...pair } }).connection).toEqual(TCP);
    });
  });

  const damaged: readonly (readonly [
    name: keyof typeof files,
    what: string,
    content: () => string,
    found: string,
  ])[] = [
    ['TLS_CA_FILE', 'blanks', () => ' \n', 'no certificate in the file'],
    ['TLS_CA_FILE', 'noise', () => marker, 'no certificate in the file'],
    ['TLS_CA_FILE', 'a key', () => certificates.server.key, 'no certificate in the file'],
    ['TLS_CERT_FILE', 'a key', () => certificates.client.key, 'no certificate in the file'],
    [
      'TLS_CA_FILE',
      'a certificate cut off',
      () => `${certificates.ca}\n${certificates.ca.slice(0, 200)}`,
      'a damaged certificate in the file',
    ],
    [
      'TLS_CA_FILE',
      'two certificates in one line, of which Node sees none',
      () => certificates.ca + certificates.server.cert,
      'a damaged certificate in the file',
    ],
    [
      'TLS_CERT_FILE',
      'a certificate of noise',
      () => `-----BEGIN CERTIFICATE-----\n${marker}\n-----END CERTIFICATE-----\n`,
      'a damaged certificate in the file',
    ],
    [
      'TLS_CA_FILE',
      'a thousand beginnings',
      () => `-----BEGIN CERTIFICATE-----\n${marker}-----END`.repeat(1_000),
      'a damaged certificate in the file',
    ],
    ['TLS_KEY_FILE', 'a certificate', () => certificates.client.cert, 'no private key in the file'],
    [
      'TLS_KEY_FILE',
      'a public key',
      () => createPublicKey(certificates.client.cert).export({ format: 'pem', type: 'spki' }).toString(),
      'no private key in the file',
    ],
    ['TLS_KEY_FILE', 'noise', () => `password: ${marker}`, 'no private key in the file'],
    [
      'TLS_KEY_FILE',
      'a key of noise',
      () => `-----BEGIN PRIVATE KEY-----\n${marker}\n-----END PRIVATE KEY-----\n`,
      'a damaged key in the file',
    ],
    ['TLS_KEY_FILE', 'an encrypted key', () => keyOf(marker), 'an encrypted key in the file'],
    ['TLS_KEY_FILE', 'an encrypted key of old', () => keyOf(marker, 'pkcs1'), 'an encrypted key in the file'],
  ];

  it.each(damaged)('%s refuses %s', (name, _, content, found) => {
    const text = content();
    const error = errorOf({ variables: { ...all, [name]: fileWith(text) } });

    expect(error.problems).toHaveLength(1);
    expect(error.problems[0]?.startsWith(`SPAKKY_REDIS__${name} expects `)).toBe(true);
    expect(error.problems[0]?.endsWith(`but found ${found}`)).toBe(true);
    const said = everythingSaidBy(error);
    expect(text.split(/\s/).filter((line) => line.length > 10 && said.includes(line))).toEqual([]);
    expect(said).not.toContain(marker);
  });

  it('are refused in part: a key without its certificate, a certificate without its key', () => {
    expect(problemsOf({ variables: { TLS_KEY_FILE: all.TLS_KEY_FILE } })).toEqual([
      'SPAKKY_REDIS__TLS_KEY_FILE expects SPAKKY_REDIS__TLS_CERT_FILE beside it, but found none',
    ]);
    expect(
      problemsOf({ variables: { TLS_CERT_FILE: all.TLS_CERT_FILE, TLS_CA_FILE: all.TLS_CA_FILE } }),
    ).toEqual(['SPAKKY_REDIS__TLS_CERT_FILE expects SPAKKY_REDIS__TLS_KEY_FILE beside it, but found none']);
  });

  it('are refused when the key is that of another certificate', () => {
    expect(problemsOf({ variables: { ...all, TLS_KEY_FILE: certificates.server.keyFile } })).toEqual([
      'SPAKKY_REDIS__TLS_KEY_FILE expects the key of the first certificate of SPAKKY_REDIS__TLS_CERT_FILE, but found another',
    ]);
  });

  it('are refused beside what says that TLS is not spoken', () => {
    expect(problemsOf({ variables: { ...all, USE_SSL: 'no' } })).toEqual([
      'SPAKKY_REDIS__TLS_CA_FILE, SPAKKY_REDIS__TLS_CERT_FILE, SPAKKY_REDIS__TLS_KEY_FILE expects TLS to be spoken, ' +
        'but found SPAKKY_REDIS__USE_SSL: false',
    ]);
    expect(problemsOf({ variables: { TLS_CA_FILE: all.TLS_CA_FILE, URL: 'redis://redis' } })).toEqual([
      'SPAKKY_REDIS__TLS_CA_FILE expects a URL with rediss://, but found redis:// in SPAKKY_REDIS__URL',
    ]);
    expect(problemsOf({ variables: { TLS_CA_FILE: all.TLS_CA_FILE, PATH: '/s' } })).toEqual([
      'SPAKKY_REDIS__PATH expects no TLS, which sockets do not speak, but found SPAKKY_REDIS__TLS_CA_FILE',
    ]);
    // Also where a file is wrong in itself.
    expect(problemsOf({ variables: { TLS_CA_FILE: folder, USE_SSL: 'no' } })).toHaveLength(2);
  });

  it('that are wrong are left out of the options of the environment, and told', () => {
    const { options, problems } = readEnvironment(
      lookUp({ ...all, TLS_CA_FILE: folder, KEY_PREFIX: 'shop:' }),
    );

    expect(options).toStrictEqual({ keyPrefix: 'shop:' });
    expect(problems).toEqual([expect.stringMatching(/^SPAKKY_REDIS__TLS_CA_FILE .* found a directory$/)]);
  });
});

describe('a URL', () => {
  it.each([
    ['redis://redis', { host: 'redis' }],
    ['redis://redis/', { host: 'redis' }],
    ['REDIS://redis:7000', { host: 'redis', port: 7000 }],
    ['rediss://redis/15', { host: 'redis', db: 15, tls: {} }],
    ['redis://:p%40ss%3Aword@redis', { host: 'redis', password: 'p@ss:word' }],
    ['redis://ad%61:pw@redis', { host: 'redis', username: 'ada', password: 'pw' }],
    ['redis://ada@redis', { host: 'redis', username: 'ada' }],
    ['redis://:@redis', { host: 'redis' }],
    ['redis://[::1]:7000/1', { host: '::1', port: 7000, db: 1 }],
    ['redis://10.0.0.1', { host: '10.0.0.1' }],
    ['redis://r%C3%A9dis', { host: 'rédis' }],
  ])('%s is understood', (url, connection) => {
    const expected = { ...TCP, ...connection };

    expect(resolve({ options: { url } }).connection).toEqual(expected);
    expect(resolve({ namespace: { url } }).connection).toEqual(expected);
    expect(resolve({ variables: { URL: url } }).connection).toEqual(expected);
  });

  it.each([
    ['http://redis', 'another scheme'],
    ['redis', 'a string that is no URL'],
    ['redis://', 'no host that can be used'],
    ['redis:///0', 'no host that can be used'],
    ['redis://%zz', 'no host that can be used'],
    ['redis://a%2', 'no host that can be used'],
    ['redis://redis:0', 'port 0'],
    ['redis://redis:65536', 'a string that is no URL'],
    ['redis://redis/cache', 'a path that is no index of a database'],
    ['redis://redis/0/1', 'a path that is no index of a database'],
    ['redis://redis/99999999999999999999', 'a path that is no index of a database'],
    ['redis://redis?db=1', 'a query or a fragment in it'],
    ['redis://redis#1', 'a query or a fragment in it'],
    [' redis://redis', 'white space or a control character in it'],
    ['redis://:100%@redis', 'a user or password with a stray % in it'],
    ['redis://%:pw@redis', 'a user or password with a stray % in it'],
  ])('%s is refused: %s', (url, found) => {
    const [problem, ...others] = problemsOf({ variables: { URL: url } });

    expect(problem).toMatch(/^SPAKKY_REDIS__URL expects redis:\/\/\[user\]/);
    expect(problem?.endsWith(`but found ${found}`)).toBe(true);
    expect(others).toEqual([]);
  });
});

describe('conflicts', () => {
  const url = 'redis://redis';
  const sentinels = [{ host: 'a' }];
  const cluster = [{ host: 'a' }];

  it.each([
    [{ url, host: 'a', port: 1 }, 'url', ['host', 'port']],
    [{ url, db: 1, username: 'a', password: 'a' }, 'url', ['db', 'username', 'password']],
    [{ url, useSsl: false }, 'url', ['useSsl']],
    [{ url, path: '/s' }, 'url', ['path']],
    [{ path: '/s', host: 'a', port: 1 }, 'path', ['host', 'port']],
    [{ path: '/s', useSsl: true }, 'path', ['useSsl']],
    [{ path: '/s', tls: {} }, 'path', ['tls']],
    [{ client: CLIENT, host: 'a', port: 1, db: 1 }, 'client', ['host', 'port', 'db']],
    [
      { client: CLIENT, username: 'a', password: 'a', useSsl: true, tls: {} },
      'client',
      ['username', 'password', 'useSsl', 'tls'],
    ],
    [{ client: CLIENT, url }, 'client', ['url']],
    [{ client: CLIENT, path: '/s' }, 'client', ['path']],
    [{ client: CLIENT, sentinels, sentinelName: 'main' }, 'client', ['sentinels', 'sentinelName']],
    [{ client: CLIENT, sentinelPassword: 'pw' }, 'client', ['sentinelPassword']],
    [{ client: CLIENT, cluster }, 'client', ['cluster']],
    [{ url, sentinels, sentinelName: 'main' }, 'url', ['sentinels', 'sentinelName']],
    [{ url, sentinelName: 'main' }, 'url', ['sentinelName']],
    [{ url, cluster }, 'url', ['cluster']],
    [{ path: '/s', sentinels, sentinelName: 'main' }, 'path', ['sentinels', 'sentinelName']],
    [{ path: '/s', cluster }, 'path', ['cluster']],
    [{ cluster, host: 'a', port: 1 }, 'cluster', ['host', 'port']],
    [{ cluster, sentinels, sentinelName: 'main' }, 'cluster', ['sentinels', 'sentinelName']],
    [{ cluster, sentinelPassword: 'pw' }, 'cluster', ['sentinelPassword']],
    [{ sentinels, sentinelName: 'main', host: 'a', port: 1 }, 'sentinels', ['host', 'port']],
    [{ sentinels, sentinelName: 'main', useSsl: false, tls: {} }, 'tls', ['useSsl']],
    [{ useSsl: false, tls: {} }, 'tls', ['useSsl']],
    [{ url, tls: {} }, 'tls', ['url']],
  ])('within a layer are refused (%#)', (options, way, others) => {
    for (const [given, label] of [
      [{ options }, (name: string) => `options.${name}`],
      [{ namespace: options }, (name: string) => `SPAKKY_REDIS.${name} (ConfigService)`],
    ] as const) {
      const problems = problemsOf(given);

      expect(problems).toHaveLength(1);
      expect(problems[0]?.startsWith(`${label(way)} expects `)).toBe(true);
      for (const other of others) expect(problems[0]).toContain(label(other));
    }
  });

  it('between variables are refused by their names', () => {
    expect(problemsOf({ variables: { URL: url, HOST: 'a', PASSWORD: 'b' } })).toEqual([
      'SPAKKY_REDIS__URL expects nothing else about how to connect, ' +
        'but found SPAKKY_REDIS__HOST, SPAKKY_REDIS__PASSWORD beside it',
    ]);
    expect(problemsOf({ variables: { PATH: '/s', USE_SSL: 'yes' } })).toHaveLength(1);
  });

  it('are seen although one of the two is wrong in itself', () => {
    expect(problemsOf({ options: { url: 'nonsense', host: 'a' } })).toHaveLength(2);
  });

  it('between layers are no conflicts: the higher one wins', () => {
    expect(() =>
      resolve({ options: { url }, namespace: { path: '/s' }, variables: { HOST: 'a' } }),
    ).not.toThrow();
  });

  it('are reported where a near tier meets a client, which has no connection to hear of changes on', () => {
    const told = 'expects connections of its own to hear of changes on, but found';

    expect(problemsOf({ options: { near: true, client: CLIENT } })).toEqual([
      `options.near ${told} options.client`,
    ]);
    expect(problemsOf({ options: { near: {} }, namespace: { client: CLIENT } })).toEqual([
      `options.near ${told} SPAKKY_REDIS.client (ConfigService)`,
    ]);
    expect(problemsOf({ options: { client: CLIENT }, namespace: { near: true } })).toEqual([
      `SPAKKY_REDIS.near (ConfigService) ${told} options.client`,
    ]);
    const off = resolve({ options: { near: false }, namespace: { client: CLIENT, near: true } });
    expect(off).toMatchObject({ near: undefined, connection: { kind: 'client' } });
  });

  it('are reported where a higher layer asks what the socket or the client below cannot do', () => {
    expect(problemsOf({ options: { useSsl: true }, variables: { PATH: '/s' } })).toEqual([
      expect.stringMatching(/^options\.useSsl .*SPAKKY_REDIS__PATH/),
    ]);
    expect(problemsOf({ options: { tls: {} }, variables: { PATH: '/s' } })).toEqual([
      expect.stringMatching(/^options\.tls .*SPAKKY_REDIS__PATH/),
    ]);
    expect(problemsOf({ options: { db: 1, password: 'pw' }, namespace: { client: CLIENT } })).toEqual([
      expect.stringMatching(/^options\.db .*SPAKKY_REDIS\.client \(ConfigService\)/),
      expect.stringMatching(/^options\.password .*SPAKKY_REDIS\.client \(ConfigService\)/),
    ]);
    expect(() => resolve({ options: { useSsl: false }, variables: { PATH: '/s' } })).not.toThrow();
  });
});

function addressesOf({ connection }: ResolvedRedisCacheOptions): readonly ResolvedAddress[] | undefined {
  if (connection.kind === 'sentinel') return connection.sentinels;
  return connection.kind === 'cluster' ? connection.nodes : undefined;
}

const LISTS = [
  ['sentinels', 'SENTINELS', 26_379, { sentinelName: 'main' }, { SENTINEL_NAME: 'main' }],
  ['cluster', 'CLUSTER', 6_379, {}, {}],
] as const;

describe.each(LISTS)('the list of %s', (option, variable, defaultPort, beside, variablesBeside) => {
  const objectSources = [
    ['code', `options.${option}`, ''],
    ['the namespace', `SPAKKY_REDIS.${option}`, ' (ConfigService)'],
  ] as const;

  function inObject(source: 'code' | 'the namespace', value: unknown): Given {
    const written = { ...beside, [option]: value };
    return source === 'code' ? { options: written } : { namespace: written };
  }

  function inVariable(value: unknown): Given {
    return { variables: { ...variablesBeside, [variable]: value } };
  }

  it.each([
    ['a', [{ host: 'a' }]],
    ['a:1', [{ host: 'a', port: 1 }]],
    ['a:1,b.example:65535,c', [{ host: 'a', port: 1 }, { host: 'b.example', port: 65_535 }, { host: 'c' }]],
    [' a:1 ,\tb\n', [{ host: 'a', port: 1 }, { host: 'b' }]],
    ['[::1]', [{ host: '::1' }]],
    [
      '[fe80::1]:7000,10.0.0.1:7000',
      [
        { host: 'fe80::1', port: 7_000 },
        { host: '10.0.0.1', port: 7_000 },
      ],
    ],
    ['a:0007', [{ host: 'a', port: 7 }]],
    [
      ['a:1', 'b'],
      [{ host: 'a', port: 1 }, { host: 'b' }],
    ],
    [
      [{ host: 'a', port: 1 }, 'b'],
      [{ host: 'a', port: 1 }, { host: 'b' }],
    ],
  ])('is understood as a variable: %j', (value, addresses) => {
    const expected = addresses.map((address) => ({ port: defaultPort, ...address }));

    expect(addressesOf(resolve(inVariable(value)))).toStrictEqual(expected);
  });

  it.each([
    ['a,', '[1] expects host:port', 'nothing'],
    ['a,,b', '[1] expects host:port', 'nothing'],
    ['a:', '[0] expects', 'another port'],
    ['a:0', '[0] expects', 'another port'],
    ['a:65536', '[0] expects', 'another port'],
    ['a:-1', '[0] expects', 'another port'],
    ['a:1e3', '[0] expects', 'another port'],
    ['a:0x10', '[0] expects', 'another port'],
    ['a: 1', '[0] expects', 'another port'],
    [`a:${'9'.repeat(400)}`, '[0] expects', 'another port'],
    ['b,a:redis', '[1] expects', 'another port'],
    [':1', '[0] expects', 'no host that can be used'],
    ['::1', '[0] expects', 'no host that can be used'],
    ['a:1:2', '[0] expects', 'no host that can be used'],
    ['[]:1', '[0] expects', 'no host that can be used'],
    ['[a]:1', '[0] expects', 'no host that can be used'],
    ['[10.0.0.1]:1', '[0] expects', 'no host that can be used'],
    ['[::1', '[0] expects', 'no host that can be used'],
    ['[::1]1', '[0] expects', 'no host that can be used'],
    ['[[::1]]:1', '[0] expects', 'no host that can be used'],
    ['a b:1', '[0] expects', 'no host that can be used'],
    ['a:1;b:2', '[0] expects', 'no host that can be used'],
    ['redis://a:1', '[0] expects', 'no host that can be used'],
    ['a\0:1', '[0] expects', 'no host that can be used'],
    [26_379, ' expects host:port,host:port', 'a number'],
    [true, ' expects host:port,host:port', 'a boolean'],
    [{ host: 'a' }, ' expects host:port,host:port', 'an object'],
    [[], ' expects host:port,host:port', 'an empty list'],
    [[5], '[0] expects', 'a number'],
    [[null], '[0] expects', 'null'],
    [[['a']], '[0] expects', 'an array'],
    [['a', ''], '[1] expects', 'nothing'],
    ['a,'.repeat(1_000), ' expects host:port,host:port, with at most 1000 entries', '1001 entries'],
  ])('is refused as a variable: %j', (value, begin, found) => {
    const [problem, ...others] = problemsOf(inVariable(value));

    expect(problem?.startsWith(`SPAKKY_REDIS__${variable}${begin}`)).toBe(true);
    expect(problem?.endsWith(`but found ${found}`)).toBe(true);
    expect(others).toEqual([]);
  });

  describe.each(objectSources)('in %s', (source, label, suffix) => {
    it('takes hosts and ports, and keeps its own copy', () => {
      const written = [
        { host: 'a' },
        { host: '::1', port: 1 },
        { host: 'b', port: undefined, note: undefined },
      ];
      const resolved = resolve(inObject(source, written));
      written.splice(0, 3, { host: 'other' });

      expect(addressesOf(resolved)).toStrictEqual([
        { host: 'a', port: defaultPort },
        { host: '::1', port: 1 },
        { host: 'b', port: defaultPort },
      ]);
      expect(Object.isFrozen(addressesOf(resolved))).toBe(true);
      expect(addressesOf(resolved)?.every((address) => Object.isFrozen(address))).toBe(true);
    });

    it.each([
      ['a:1', '', 'a string'],
      [{ host: 'a' }, '', 'an object'],
      [null, '', 'null'],
      [[], '', 'an empty list'],
      [new Set([{ host: 'a' }]), '', 'an object'],
      // Were they all looked at, this would take hours.
      [Object.assign([], { length: 2 ** 32 - 1 }), '', '4294967295 entries'],
      [['a:1'], '[0]', 'a string'],
      [[null], '[0]', 'null'],
      [[undefined], '[0]', 'undefined'],
      [[{}], '[0].host', 'undefined'],
      [[{ host: '' }], '[0].host', 'an empty string'],
      [[{ host: 5 }], '[0].host', 'a number'],
      [[{ host: 'a' }, { host: 'a:1' }], '[1].host', 'a string'],
      [[{ host: '[::1]' }], '[0].host', 'a string'],
      [[{ host: 'a', port: 0 }], '[0].port', '0'],
      [[{ host: 'a', port: 65_536 }], '[0].port', '65536'],
      [[{ host: 'a', port: NaN }], '[0].port', 'NaN'],
      [[{ host: 'a', port: '1' }], '[0].port', 'a string'],
      [[{ host: 'a', port: null }], '[0].port', 'null'],
      [[{ host: 'a', password: 'pw' }], '[0]', '"password" in it'],
      [[{ host: 'a', 'redis://:pw@b': 1 }], '[0]', 'a string that may hold credentials in it'],
      [[{ host: 'a' }, revoked()], '', 'one that throws'],
      [revoked(), '', 'one that throws'],
    ])('refuses what is no list of addresses (%#)', (value, part, found) => {
      const [problem, ...others] = problemsOf(inObject(source, value));

      expect(problem?.startsWith(`${label}${part}${suffix} expects `)).toBe(true);
      expect(problem?.endsWith(`but found ${found}`)).toBe(true);
      expect(others).toEqual([]);
    });

    it('refuses one whose accessors throw, and does not show what they throw', () => {
      const lists = [
        [Object.defineProperty({}, 'host', { get: fail, enumerable: true })],
        [Object.defineProperty({ host: 'a' }, 'port', { get: fail, enumerable: true })],
        [new Proxy({}, { ownKeys: fail })],
        new Proxy([{ host: 'a' }], { get: fail }),
        Object.defineProperty([], '0', { get: fail }),
      ];
      for (const list of lists) {
        const error = errorOf(inObject(source, list));

        expect(error.problems).toEqual([
          `${label}${suffix} expects a value that can be read, but found one that throws`,
        ]);
        expect(everythingSaidBy(error)).not.toContain('hunter2');
      }
    });

    it('refuses an address that is named twice', () => {
      const written = [
        { host: 'a' },
        { host: 'b' },
        { host: 'A', port: defaultPort },
        { host: 'a', port: 1 },
      ];

      expect(problemsOf(inObject(source, written))).toEqual([
        `${label}[2]${suffix} expects another address, but found that of [0] again`,
      ]);
    });
  });

  it('refuses an address that is named twice in a variable', () => {
    expect(problemsOf(inVariable(`a,b:1,a:${defaultPort},[::1]:5,[::1]:5`))).toEqual([
      `SPAKKY_REDIS__${variable}[2] expects another address, but found that of [0] again`,
      `SPAKKY_REDIS__${variable}[4] expects another address, but found that of [3] again`,
    ]);
  });

  it('may have 1,000 entries', () => {
    const addresses = Array.from({ length: 1_000 }, (_, index) => ({ host: `node-${index}`, port: 7_000 }));
    const text = addresses.map(({ host, port }) => `${host}:${port}`).join(',');

    expect(addressesOf(resolve({ options: { ...beside, [option]: addresses } }))).toStrictEqual(addresses);
    expect(addressesOf(resolve(inVariable(text)))).toStrictEqual(addresses);
  });

  it('with 1,000 wrong entries says so in a few sentences', () => {
    const wrong = [inVariable('a:,'.repeat(999) + 'a:'), inVariable(Array(1_000).fill('a'))];
    for (const problems of wrong.map(problemsOf)) {
      expect(problems).toHaveLength(4);
      expect(problems.join('').length).toBeLessThan(800);
      expect(problems[3]).toMatch(/ expects entries that fit, but found 99[67] more that do not$/);
    }
  });

  it('is hidden by nothing but a higher place', () => {
    const given = { options: { ...beside, [option]: [{ host: 'a' }] }, ...inVariable('b') };

    expect(addressesOf(resolve(given))).toEqual([{ host: 'a', port: defaultPort }]);
    expect(addressesOf(resolve({ ...inVariable('b'), options: { keyPrefix: 'shop:' } }))).toEqual([
      { host: 'b', port: defaultPort },
    ]);
  });

  it('hides everything below about the server', () => {
    const variables = { HOST: 'c', PORT: '3', DB: '3', USERNAME: 'c', PASSWORD: 'c', USE_SSL: 'yes' };

    expect(resolve({ ...inObject('code', [{ host: 'a' }]), variables }).connection).toMatchObject({
      username: undefined,
      password: undefined,
      tls: false,
    });
  });

  it('gives way to a host, a URL, a socket or a client above it', () => {
    const below = inVariable('b');

    expect(resolve({ ...below, options: { host: 'a' } }).connection).toEqual({ ...TCP, host: 'a' });
    expect(resolve({ ...below, options: { url: 'redis://a' } }).connection).toEqual({ ...TCP, host: 'a' });
    expect(resolve({ ...below, options: { path: '/s' } }).connection.kind).toBe('unix');
    expect(resolve({ ...below, namespace: { client: CLIENT } }).connection.kind).toBe('client');
  });

  it('has TLS, credentials and a function for them as one server has', () => {
    const login = { username: 'ada', password };

    expect(resolve({ ...inVariable('b'), options: { ...login, useSsl: true } }).connection).toMatchObject({
      ...login,
      tls: {},
    });
    expect(
      resolve({ options: { ...beside, [option]: [{ host: 'a' }], ...login, tls: { ca: 'pem' } } }).connection,
    ).toMatchObject({ ...login, tls: { ca: 'pem' } });
  });
});

describe('sentinels', () => {
  const sentinels = [{ host: 'a', port: 26_379 }];

  it('are resolved with everything that belongs to them', () => {
    const sentinelPassword = password;
    const options = {
      sentinels,
      sentinelName: 'main',
      sentinelPassword,
      db: 2,
      username: 'ada',
      password: 'pw',
    };
    const { connection } = resolve({ options });

    expect(connection).toStrictEqual({
      kind: 'sentinel',
      sentinels,
      sentinelName: 'main',
      sentinelPassword,
      db: 2,
      username: 'ada',
      password: 'pw',
      tls: false,
    });
    expect(Object.isFrozen(connection)).toBe(true);
  });

  it('are returned by the environment as options', () => {
    const variables = {
      SENTINELS: 'a,[::1]:7',
      SENTINEL_NAME: 'main',
      SENTINEL_PASSWORD: ' theirs ',
      DB: '2',
      USERNAME: 'ada',
      PASSWORD: 'pw',
      USE_SSL: 'yes',
    };

    expect(readEnvironment(lookUp(variables))).toStrictEqual({
      options: {
        sentinels: [
          { host: 'a', port: 26_379 },
          { host: '::1', port: 7 },
        ],
        sentinelName: 'main',
        sentinelPassword: ' theirs ',
        db: 2,
        username: 'ada',
        password: 'pw',
        useSsl: true,
      },
      problems: [],
    });
  });

  it('take a login from above, and nothing of the sentinels from elsewhere', () => {
    const variables = {
      SENTINELS: 'b',
      SENTINEL_NAME: 'low',
      SENTINEL_PASSWORD: 'low',
      DB: '3',
      PASSWORD: 'low',
    };

    expect(resolve({ options: { db: 5, password }, variables }).connection).toMatchObject({
      db: 5,
      password,
      sentinelPassword: 'low',
    });
    expect(resolve({ options: { sentinels, sentinelName: 'high' }, variables }).connection).toMatchObject({
      sentinels,
      sentinelName: 'high',
      sentinelPassword: undefined,
      password: undefined,
      db: 0,
    });
  });

  it.each([
    [{ sentinels }, 'sentinels', 'sentinelName'],
    [{ sentinelName: 'main' }, 'sentinelName', 'sentinels'],
    [{ sentinelPassword: 'pw' }, 'sentinelPassword', 'sentinels'],
    [{ sentinelName: 'main', host: 'a' }, 'sentinelName', 'sentinels'],
  ])('are refused in part (%#)', (written, named, missing) => {
    expect(problemsOf({ options: written })).toEqual([
      `options.${named} expects options.${missing} beside it, but found none`,
    ]);
    // What a lower place says is of other sentinels.
    const below = { SENTINELS: 'b', SENTINEL_NAME: 'low', SENTINEL_PASSWORD: 'low' };
    expect(problemsOf({ options: written, variables: below })).toHaveLength(1);
  });

  it('are refused in part by the names of the variables', () => {
    expect(problemsOf({ variables: { SENTINELS: 'a' } })).toEqual([
      'SPAKKY_REDIS__SENTINELS expects SPAKKY_REDIS__SENTINEL_NAME beside it, but found none',
    ]);
    expect(problemsOf({ variables: { SENTINEL_NAME: 'main', SENTINEL_PASSWORD: 'pw' } })).toEqual([
      'SPAKKY_REDIS__SENTINEL_NAME expects SPAKKY_REDIS__SENTINELS beside it, but found none',
      'SPAKKY_REDIS__SENTINEL_PASSWORD expects SPAKKY_REDIS__SENTINELS beside it, but found none',
    ]);
  });

  it.each([
    ['sentinelName', '', 'an empty string'],
    ['sentinelName', 'two words', '"two words"'],
    ['sentinelName', 5, '5'],
    ['sentinelName', null, 'null'],
    ['sentinelPassword', '', 'an empty string'],
    ['sentinelPassword', ['pw'], 'an array'],
    ['sentinelPassword', null, 'null'],
  ])('%s refuses what does not fit (%#)', (option, value, found) => {
    const [problem, ...others] = problemsOf({
      options: { sentinels, sentinelName: 'main', [option]: value },
    });

    expect(problem?.startsWith(`options.${option} expects `)).toBe(true);
    expect(problem?.endsWith(`but found ${found}`)).toBe(true);
    expect(others).toEqual([]);
  });

  it.each([
    ['SENTINEL_NAME', 42, '42'],
    ['SENTINEL_PASSWORD', 42, 'a number'],
    ['SENTINEL_PASSWORD', () => 'pw', 'a function'],
  ])('%s refuses what ConfigService made of it (%#)', (name, value, found) => {
    const variables = { SENTINELS: 'a', SENTINEL_NAME: 'main', [name]: value };

    expect(problemsOf({ variables })).toEqual([
      expect.stringMatching(new RegExp(`^SPAKKY_REDIS__${name} expects .*but found ${found}$`)),
    ]);
  });
});

describe('a cluster', () => {
  const cluster = [{ host: 'a', port: 6_379 }];

  it('is resolved without a database', () => {
    const { connection } = resolve({ options: { cluster, db: 0, username: 'ada', password } });

    expect(connection).toStrictEqual({
      kind: 'cluster',
      nodes: cluster,
      username: 'ada',
      password,
      tls: false,
    });
    expect(Object.isFrozen(connection)).toBe(true);
  });

  it('is returned by the environment as options', () => {
    const variables = { CLUSTER: 'a', DB: '0', USERNAME: 'ada', PASSWORD: 'pw', USE_SSL: 'no' };

    expect(readEnvironment(lookUp(variables))).toStrictEqual({
      options: { cluster, username: 'ada', password: 'pw', useSsl: false },
      problems: [],
    });
  });

  it('refuses another database beside it or above it, and hides one below it', () => {
    expect(problemsOf({ options: { cluster, db: 1 } })).toEqual([
      'options.db expects 0, the only database of a cluster, but found 1 with options.cluster',
    ]);
    expect(problemsOf({ variables: { CLUSTER: 'a', DB: '1' } })).toEqual([
      'SPAKKY_REDIS__DB expects 0, the only database of a cluster, but found 1 with SPAKKY_REDIS__CLUSTER',
    ]);
    expect(problemsOf({ options: { db: 1 }, namespace: { cluster } })).toEqual([
      'options.db expects 0, the only database of a cluster, but found 1 with SPAKKY_REDIS.cluster (ConfigService)',
    ]);
    expect(resolve({ options: { cluster }, variables: { DB: '1' } }).connection.kind).toBe('cluster');
    expect(resolve({ options: { db: 0 }, namespace: { cluster } }).connection.kind).toBe('cluster');
  });
});

describe("the application's own client", () => {
  it('is accepted when it was created as it should be', () => {
    const client = new Redis({ lazyConnect: true, ...SAFE });
    const { connection } = resolve({ options: { client } });

    expect(connection.kind === 'client' && connection.client).toBe(client);
    client.disconnect();
  });

  it('is refused with every remedy at once when it was created with the defaults and a prefix', () => {
    const client = new Redis({ lazyConnect: true, keyPrefix: 'app:', password: 'marker' });
    const error = errorOf({ options: { client } });
    client.disconnect();

    expect(error.problems).toEqual([
      expect.stringMatching(/without keyPrefix.*found keyPrefix: "app:"$/),
      expect.stringContaining('enableOfflineQueue: false'),
      expect.stringContaining('autoResendUnfulfilledCommands: false'),
    ]);
    expect(everythingSaidBy(error)).not.toContain('marker');
  });

  it('is refused when it does not say how it was created', () => {
    expect(problemsOf({ options: { client: { status: 'ready', options: {} } } })).toHaveLength(2);
  });
});

describe('the error', () => {
  it('A12 names every variable that is wrong at once', () => {
    const error = errorOf({ variables: { DB: 'abc', PORT: '0', SOCKET_TIMEOUT: '-1' } });

    expect(error.problems).toHaveLength(3);
    expect(error.code).toBe('CACHE_CONFIGURATION');
    for (const name of ['SPAKKY_REDIS__DB', 'SPAKKY_REDIS__PORT', 'SPAKKY_REDIS__SOCKET_TIMEOUT']) {
      expect(error.message).toContain(`${name} expects`);
    }
  });

  it('A29 an empty key prefix is refused in code, in the namespace and in the environment', () => {
    expect(
      problemsOf({ options: { keyPrefix: '' }, namespace: { keyPrefix: '' }, variables: { KEY_PREFIX: '' } }),
    ).toEqual([
      expect.stringMatching(/^options\.keyPrefix expects .*found an empty string$/),
      expect.stringMatching(/^SPAKKY_REDIS\.keyPrefix \(ConfigService\) expects .*found an empty string$/),
      expect.stringMatching(/^SPAKKY_REDIS__KEY_PREFIX expects .*found an empty string$/),
    ]);
  });

  it('names what is wrong in all layers, also where a higher one overrides it', () => {
    const problems = problemsOf({
      options: { port: 1, ttl: 0, keyprefix: 'x' },
      namespace: { port: 0, url: 'http://redis' },
      variables: { PORT: 'x', PATH: '/s' },
    });

    expect(problems.map((problem) => problem.split(' expects')[0])).toEqual([
      'options.ttl',
      'options.keyprefix is not an option: did you mean options.keyPrefix?',
      'SPAKKY_REDIS.port (ConfigService)',
      'SPAKKY_REDIS.url (ConfigService)',
      'SPAKKY_REDIS.url (ConfigService)',
      'SPAKKY_REDIS__PORT',
      'SPAKKY_REDIS__PATH',
    ]);
  });
});

describe('a secret', () => {
  const marker = 'hunter2';
  const urls = [
    `http://ada:${marker}@redis`,
    `redis://ada:${marker}@redis:99999`,
    `redis://ada:${marker}@redis/x`,
    `redis://${marker}:pw@redis/x`,
    `redis://ada:${marker}%@redis`,
    `redis://ada:${marker}/@redis`,
    `redis://ada:${marker}#@redis`,
    `redis://ada:${marker}?@redis`,
    `redis://ada:${marker} @redis`,
    `redis://redis?password=${marker}`,
    `redis//ada:${marker}@redis`,
    `${marker}:ada@redis`,
    marker,
  ];
  const options: readonly Record<string, unknown>[] = [
    ...urls.map((url) => ({ url })),
    ...urls
      .slice(0, -1)
      .flatMap((url) => [{ host: url }, { path: `${url}\0` }, { client: url }, { serializer: url }]),
    { host: `redis:6379,password=${marker},ssl=True` },
    { password: [marker] },
    { password: { marker } },
    { username: [marker] },
    { tls: marker },
    { tls: { passphrase: marker }, useSsl: false },
    { url: 'redis://redis', password: marker, username: marker },
    { client: CLIENT, password: marker, url: `redis://:${marker}@redis` },
    { password: marker, port: 0, db: -1, keyPrefix: '', unknown: marker },
    { [`redis://:${marker}@redis`]: true },
    ...urls.flatMap((url) => [
      { sentinels: url },
      { cluster: [url] },
      { cluster: [{ host: 'a', port: url }] },
    ]),
    ...urls.slice(0, -1).map((url) => ({ cluster: [{ host: url }] })),
    { cluster: [{ host: 'a', password: marker }] },
    { cluster: [{ host: 'a', [`:${marker}@redis`]: true }] },
    { sentinelPassword: marker },
    { sentinelPassword: [marker], sentinels: [{ host: 'a' }] },
    { sentinelPassword: marker, cluster: [{ host: 'a' }], password: marker },
  ];

  it.each(options.map((each) => [each]))('is never shown, wherever it stands in options (%#)', (each) => {
    expect(everythingSaidBy(errorOf({ options: each }))).not.toContain(marker);
    expect(everythingSaidBy(errorOf({ namespace: each }))).not.toContain(marker);
  });

  it.each(urls.map((url) => [url]))('is never shown, wherever it stands in the environment (%#)', (url) => {
    expect(everythingSaidBy(errorOf({ variables: { URL: url } }))).not.toContain(marker);
    expect(everythingSaidBy(errorOf({ variables: { URL: url, PASSWORD: marker } }))).not.toContain(marker);
    expect(
      everythingSaidBy(errorOf({ variables: { HOST: `@${url}`, PORT: `@${url}`, PASSWORD: [marker] } })),
    ).not.toContain(marker);
  });

  it.each(urls.map((url) => [url]))('is never shown, wherever it stands in a list of hosts (%#)', (url) => {
    const texts = [
      `${url},`,
      `a,${url},a`,
      `a:${url}`,
      `[${url}]:1`,
      `a:1;${url}`,
      url.replace('redis://', '') + ',',
    ];
    for (const text of [...texts, ...texts.map((each) => [each]), texts.join(',')]) {
      const variables = { SENTINELS: text, SENTINEL_PASSWORD: [marker], CLUSTER: text, PASSWORD: marker };

      expect(everythingSaidBy(errorOf({ variables }))).not.toContain(marker);
    }
  });

  it('is never shown where a whole layer is no object', () => {
    expect(everythingSaidBy(errorOf({ namespace: marker }))).not.toContain(marker);
    expect(everythingSaidBy(errorOf({ options: [marker] }))).not.toContain(marker);
  });
});

function resolvesOrRefuses(given: Given): void {
  try {
    expect(Object.isFrozen(resolve(given))).toBe(true);
  } catch (error) {
    expect(error).toBeInstanceOf(CacheConfigurationError);
  }
}

describe('garbage', () => {
  const ways = [
    'host',
    'port',
    'url',
    'path',
    'sentinels',
    'sentinelName',
    'sentinelPassword',
    'cluster',
    'client',
  ];
  const names = [...ways, 'db', 'username', 'password', 'useSsl', 'tls'];
  const settings = [
    'keyPrefix',
    'ttl',
    'socketTimeout',
    'lazy',
    'serializer',
    'near',
    'onWriteError',
    '__proto__',
    'constructor',
    'nonsense',
  ];
  const unreadable: object = new Proxy(
    {},
    {
      get() {
        throw new Error('boom');
      },
      ownKeys() {
        throw new Error('boom');
      },
    },
  );
  const odd = fc.constantFrom<unknown>(
    Symbol('s'),
    10n ** 100n,
    () => 'pw',
    unreadable,
    CLIENT,
    Object.create(null),
    {
      get seconds() {
        throw new Error('boom');
      },
    },
    {
      toString() {
        throw new Error('boom');
      },
    },
    {
      status: 'ready',
      get options() {
        throw new Error('boom');
      },
    },
    { status: 'ready', options: { keyPrefix: Symbol('s') } },
    [{ host: 'a' }, unreadable],
    [{ host: 'a', port: 5n }, { host: Symbol('s') }],
    new Proxy([], {}),
  );
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
  const plausible = fc.constantFrom<unknown>(
    'redis',
    'redis://redis',
    '/s',
    1,
    '1',
    true,
    'yes',
    null,
    '5s',
    {},
    'a:1,b',
    'a:1,a:1',
    [{ host: 'a' }, { host: 'b', port: 1 }],
    ['a:1', '[::1]'],
    '/dev/null',
  );
  const garbage = fc.oneof(anything, odd, plausible, fc.string({ unit: 'binary' }), fc.webUrl());
  const object = fc.dictionary(fc.oneof(fc.constantFrom(...names, ...settings), fc.string()), garbage, {
    maxKeys: 6,
  });
  const variables = fc.dictionary(
    fc.constantFrom(...CONFIGURATION_VARIABLES.map((each) => each.name.replace('SPAKKY_REDIS__', ''))),
    garbage,
    { maxKeys: 5 },
  );

  it('in any layer gives a configuration or a CacheConfigurationError, and never another error', () => {
    fc.assert(
      fc.property(
        fc.option(object),
        fc.oneof(object, anything),
        variables,
        (options, namespace, environment) => {
          resolvesOrRefuses({ options: options ?? undefined, namespace, variables: environment });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('that throws in each of its accessors is told by the name of the option, and the error is not shown', () => {
    const accessors = Object.fromEntries(names.map((name) => [name, { get: fail, enumerable: true }]));
    const error = errorOf({ namespace: Object.defineProperties({}, accessors), options: unreadable });
    const inCode = 'options expects a value that can be read, but found one that throws';

    expect(error.problems).toEqual(
      expect.arrayContaining([
        inCode,
        ...names.map(
          (name) =>
            `SPAKKY_REDIS.${name} (ConfigService) expects a value that can be read, but found one that throws`,
        ),
      ]),
    );
    expect(everythingSaidBy(error)).not.toContain('hunter2');
    expect(problemsOf({ options: revoked() })).toEqual([inCode]);
  });

  it('that throws when it is asked for a variable is told by the name of every variable', () => {
    const { options, problems } = readEnvironment(fail);

    expect(options).toStrictEqual({});
    for (const { name } of CONFIGURATION_VARIABLES) {
      expect(problems).toContain(`${name} expects a value that can be read, but found one that throws`);
    }
    expect(problems.join('')).not.toContain('hunter2');
  });

  it('in one option gives a configuration or a CacheConfigurationError that names it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names, ...settings.slice(0, 6)), garbage, (name, value) => {
        resolvesOrRefuses({ options: { [name]: value } });
        resolvesOrRefuses({ namespace: { [name]: value } });
      }),
      { numRuns: 500 },
    );
  });

  it('in an environment that resolves is resolved alike through the namespace', () => {
    fc.assert(
      fc.property(variables, (environment) => {
        const { options, problems } = readEnvironment(lookUp(environment));
        if (problems.length > 0) return;
        expect(resolve({ namespace: options, variables: environment })).toEqual(
          resolve({ variables: environment }),
        );
        expect(resolve({ options })).toEqual(resolve({ variables: environment }));
      }),
      { numRuns: 500 },
    );
  });
});
