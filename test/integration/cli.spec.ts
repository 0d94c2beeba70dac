import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Variables } from '../../lib/cli/variables.js';
import { HeldCall } from '../../lib/testing/held-call.js';
import { USAGE } from '../../lib/cli/usage.js';
import { readAclRule } from '../support/acl-rule.js';
import { callCli, type CliPlace, type CliRun } from '../support/cli-call.js';
import { getFreePort } from '../support/free-port.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { secretsIn } from '../support/secret-search.js';
import { useCluster, useSentinels } from '../support/topology-fixtures.js';
import { timed } from '../support/waiting.js';

const redis = useRedisServer();

afterEach(async () => {
  await redis.server.resume();
});

/** What leads the tool to a server. */
function variablesOf({ host, port }: { readonly host: string; readonly port: number }): Variables {
  return { SPAKKY_REDIS__HOST: host, SPAKKY_REDIS__PORT: String(port) };
}

/** Calls the tool with a prefix that the arguments or the environment tell. */
function call(argv: readonly string[], { env, ...place }: CliPlace = {}): Promise<CliRun> {
  return callCli(argv, { ...place, env: { ...variablesOf(redis.address), ...env } });
}

/** A call that must have gone well, and the one line of JSON that it has printed. */
async function callForJson(argv: readonly string[], place?: CliPlace): Promise<unknown> {
  const { code, stdout, stderr } = await call(['--json', ...argv], place);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^.+\n$/);
  return JSON.parse(stdout);
}

/** Lines of two columns by their first one. */
function rowsOf({ stdout }: CliRun): Readonly<Record<string, string>> {
  const rows = stdout.trimEnd().split('\n');
  return Object.fromEntries(
    rows.map((row) => {
      const [, name = '', text = ''] = /^ *(.*?)(?: {2,}(.*))?$/.exec(row) ?? [];
      return [name, text];
    }),
  );
}

describe('spakky-cache explain', () => {
  it('tells of an entry how long it stays, how large it is, and which tags still match', async () => {
    const cache = redis.newCache();
    const { prefix } = cache.location;
    await cache.set('menu', 'S3CRET soup', { ttl: '252s', tags: ['kitchen', 'day'] });
    await cache.evictTags('day');
    const run = await call(['explain', 'menu', '--prefix', prefix]);
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(rowsOf(run)).toEqual({
      key: 'menu',
      'in Redis': `${prefix}menu`,
      state: 'entry: a miss, as a tag was evicted',
      'time to live': expect.stringMatching(/^4m 1[12]s$/),
      'gone in': expect.stringMatching(/^4m 1[12]s$/),
      size: '17 bytes',
      codec: 'text',
      tags: 'kitchen: matches',
      'day: evicted': '',
    });
    expect(secretsIn([run], ['S3CRET'])).toEqual([]);
  });

  it('tells of an entry without an end, and without tags', async () => {
    const cache = redis.newCache({ serializer: { compression: { algorithm: 'gzip', above: 1 } } });
    await cache.set('menu', 'x'.repeat(100_000));
    expect(rowsOf(await call(['explain', 'menu', '--prefix', cache.location.prefix]))).toMatchObject({
      state: 'entry: a hit',
      'time to live': 'without end',
      'gone in': 'without end',
      size: expect.stringMatching(/^\d+ bytes$/),
      codec: 'text, gzip',
      tags: 'none',
    });
  });

  it('tells who loads a value, and of a stale one who refreshes it or that nobody may', async () => {
    const cache = redis.newCache();
    const stale = { ttl: 20, staleFor: '1m', pauseFor: '1m' } as const;
    const explain = async () => rowsOf(await call(['explain', 'key', '--prefix', cache.location.prefix]));
    const lease = expect.stringMatching(/^of [0-9a-f]{8}, ends in [\d.]+m?s$/);

    const loads = [new HeldCall(), new HeldCall()] as const;
    const loading = cache.getOrSet('key', loads[0].call, stale);
    await loads[0].begun;
    expect(await explain()).toMatchObject({ state: 'lease: somebody is loading the value', lease });
    loads[0].answer('loaded');
    await loading;
    await delay(40);
    const refreshing = cache.getOrSet('key', loads[1].call, stale);
    await loads[1].begun;
    const state = expect.stringMatching(/^stale: its time to live ended [\d.]+m?s ago$/);
    expect(await explain()).toMatchObject({ state, lease, 'load time': expect.any(String) });
    loads[1].fail(new Error('the origin is down'));
    await refreshing;
    expect(await explain()).toMatchObject({ state, 'paused for': expect.stringMatching(/^5\d\.\ds$/) });
  });

  it('tells that a key holds nothing, and that this is no failure', async () => {
    const run = await call(['explain', 'nothing']);
    expect(run.code).toBe(0);
    expect(rowsOf(run)).toEqual({
      key: 'nothing',
      'in Redis': 'spakky:cache:nothing',
      state: 'absent: the key holds nothing',
    });
  });

  it('tells why a value cannot be read, and none of it', async () => {
    const prefix = redis.newPrefix();
    await redis.raw.set(`${prefix}foreign`, 'S3CRET of somebody else');
    const run = await call(['explain', 'foreign', '--prefix', prefix]);
    expect(run.code).toBe(0);
    expect(rowsOf(run)).toMatchObject({ state: 'unreadable: CACHE_PAYLOAD_FOREIGN' });
    expect(secretsIn([run], ['S3CRET'])).toEqual([]);
  });

  it('prints what explain() answers as one line of JSON', async () => {
    const cache = redis.newCache();
    const { prefix } = cache.location;
    await cache.set('menu', 'soup', { tags: ['kitchen'] });
    const passing = { ttl: expect.any(Number), goneIn: expect.any(Number) };
    const explained = await callForJson(['explain', 'menu', '--prefix', prefix]);
    expect(explained).toEqual({ ...(await cache.explain('menu')), ...passing });
    const absent = await callForJson(['explain', 'nothing', '--prefix', prefix]);
    expect(absent).toEqual(await cache.explain('nothing'));
  });

  it('takes keys that look like options or hold what a terminal would obey', async () => {
    expect(await callForJson(['explain', '--prefix', 'p:', '--', '--key'])).toMatchObject({
      physicalKey: 'p:--key',
    });
    const { stdout } = await call(['explain', '\u001B[2J']);
    expect(stdout).toContain(String.raw`spakky:cache:\u{1b}[2J`);
    expect(stdout).not.toContain('\u001B');
  });

  it('fails for what is no key', async () => {
    const { code, stdout, stderr } = await call(['explain', '']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^CACHE_KEY_INVALID: .+\n$/);
  });
});

describe('The cache that spakky-cache means', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spakky-cli-'));
    const { host, port } = redis.address;
    const address = `SPAKKY_REDIS__HOST=${host}\nSPAKKY_REDIS__PORT="${port}"\n`;
    await writeFile(join(folder, '.env'), `\uFEFFSPAKKY_REDIS__KEY_PREFIX=file:\n# more\n${address}`);
    await writeFile(join(folder, 'other.env'), `export SPAKKY_REDIS__KEY_PREFIX='other:'\n`);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function physicalKey(argv: readonly string[], env: Variables = {}, cwd = folder): Promise<unknown> {
    const { code, stdout, stderr } = await callCli(['explain', 'key', '--json', ...argv], { env, cwd });
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout).physicalKey;
  }

  it('is told by .env of the folder, before that by the process, and before all by --prefix', async () => {
    expect(await physicalKey([])).toBe('file:key');
    const process = { SPAKKY_REDIS__KEY_PREFIX: 'process:' };
    expect(await physicalKey([], process)).toBe('process:key');
    expect(await physicalKey(['--prefix', 'argument:'], process)).toBe('argument:key');
    expect(await physicalKey(['--name', 'prices', '--prefix', 'argument:'])).toBe('argument:key');
  });

  it('is told by another file where that is named, and by .env no more', async () => {
    const env = variablesOf(redis.address);
    expect(await physicalKey(['--env-file', 'other.env'], env)).toBe('other:key');
    expect(await physicalKey(['--env-file', join(folder, 'other.env')], env, 'test')).toBe('other:key');
  });

  it('has the prefix of its name, unless a variable says otherwise, as in an application', async () => {
    const env = variablesOf(redis.address);
    expect(await physicalKey([], env, 'test')).toBe('spakky:cache:key');
    expect(await physicalKey(['--name', 'prices'], env, 'test')).toBe('spakky:prices:key');
    expect(await physicalKey(['--name', 'prices'])).toBe('file:key');
  });

  it('is not guessed where a file cannot be read', async () => {
    const missing = await callCli(['stats', '--env-file', 'missing.env'], { cwd: folder });
    expect([missing.code, missing.stdout]).toEqual([2, '']);
    expect(missing.stderr).toContain(`Cannot read the variables in ${join(folder, 'missing.env')} (ENOENT)`);
    expect(missing.stderr).toContain(USAGE);
    await mkdir(join(folder, 'strange/.env'), { recursive: true });
    const strange = await callCli(['stats'], { cwd: join(folder, 'strange') });
    expect([strange.code, strange.stderr]).toEqual([2, expect.stringContaining('EISDIR')]);
  });

  it('may be a scope, by its whole prefix', async () => {
    const cache = redis.newCache<string>();
    const menus = cache.scope<string>('menus:');
    const prefix = `${cache.location.prefix}menus:`;
    await cache.set('other', 'stays', { tags: ['day'] });
    await menus.set('lunch', 'soup', { tags: ['day'] });
    await menus.set('dinner', 'stew');
    expect(await callForJson(['explain', 'lunch', '--prefix', prefix])).toMatchObject({ hit: true });
    expect(await callForJson(['stats', '--prefix', prefix])).toMatchObject({ keys: { entries: 2 } });
    await call(['evict', 'day', '--prefix', prefix]);
    expect((await menus.get('lunch')).hit).toBe(false);
    await call(['clear', '--yes', '--prefix', prefix]);
    expect((await menus.get('dinner')).hit).toBe(false);
    expect((await cache.get('other')).hit).toBe(true);
  });
});

describe('spakky-cache stats', () => {
  it('tells where the cache is, how the server does, and what is under the prefix by its state', async () => {
    const cache = redis.newCache();
    const { prefix } = cache.location;
    const factory = new HeldCall();
    await cache.set('endless', 'S3CRET');
    await cache.set('tagged', 'value', { ttl: '1m', tags: ['tag'] });
    await cache.set('evicted', 'value', { ttl: '1m', tags: ['gone'] });
    await cache.getOrSet('fresh', () => 'value', { ttl: '1m', staleFor: '1m' });
    await cache.getOrSet('stale', () => 'value', { ttl: 1, staleFor: '1m' });
    const loading = cache.getOrSet('loading', factory.call, { ttl: '1m' });
    await factory.begun;
    await redis.raw.set(`${prefix}foreign`, 'S3CRET of somebody else');
    await redis.raw.lpush(`${prefix}list`, 'S3CRET item');
    const keys = (await redis.raw.keys(`${prefix}*`)).filter((key) => !key.endsWith('list'));
    const tags = keys.filter((key) => /\uFFFD/.test(key)).length;
    const own = keys.filter((key) => !/\uFFFD/.test(key));
    const lengths = await Promise.all(own.map((key) => redis.raw.strlen(key)));

    const run = await call(['stats', '--prefix', prefix]);
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(secretsIn([run], ['S3CRET'])).toEqual([]);
    const { host, port } = redis.address;
    expect(rowsOf(run)).toEqual({
      address: `${host}:${port}`,
      database: '0',
      prefix,
      TLS: 'no',
      server: expect.stringMatching(new RegExp(`^${host}:${port}, (Redis|Valkey) \\d+\\.\\d+\\.\\d+$`)),
      ping: expect.stringMatching(/^\d+\.\d\dms$/),
      memory: expect.stringMatching(/^\d+\.\d MiB, no limit, noeviction$/),
      entries: '4, 1 of them without end',
      stale: '1',
      leases: '1',
      tags: String(tags),
      unreadable: '2',
      values: `${lengths.reduce((sum, length) => sum + length, 0)} bytes`,
      finding: expect.stringContaining('values that this cache did not write'),
    });
    const told = await callForJson(['stats', '--prefix', prefix]);
    expect(told).toEqual({
      location: { address: `${host}:${port}`, host, port, db: 0, prefix, ssl: false },
      servers: [
        {
          address: `${host}:${port}`,
          latency: expect.any(Number),
          software: expect.any(String),
          usedMemory: expect.any(Number),
          maxMemory: 0,
          maxMemoryPolicy: 'noeviction',
        },
      ],
      keys: { ...(await cache.survey()).keys, entries: 4, withoutEnd: 1, tags },
      findings: [expect.any(String)],
    });
    factory.answer('loaded');
    await loading;
  });

  it('leaves out what the ACL of the README does not let it ask for', async () => {
    const rule = readAclRule();
    await redis.raw.call('ACL', rule.argumentsWithout());
    const { user, password, prefix } = rule;
    const env = {
      SPAKKY_REDIS__USERNAME: user,
      SPAKKY_REDIS__PASSWORD: password,
      SPAKKY_REDIS__KEY_PREFIX: prefix,
    };
    const cache = redis.newCache({ keyPrefix: prefix });
    await cache.set('key', 'value', { tags: ['tag'] });
    await redis.raw.call('ACL', 'LOG', 'RESET');
    expect(await callForJson(['explain', 'key'], { env })).toMatchObject({ hit: true });
    const { servers, keys } = { servers: [], keys: {}, ...Object(await callForJson(['stats'], { env })) };
    expect(servers).toEqual([{ address: expect.any(String), latency: expect.any(Number) }]);
    expect(keys).toMatchObject({ entries: 1, unreadable: 0 });
    expect(keys).not.toHaveProperty('bytes');
    expect(rowsOf(await call(['stats'], { env }))).not.toHaveProperty('values');
    expect((await call(['evict', 'tag'], { env })).code).toBe(0);
    expect((await cache.get('key')).hit).toBe(false);
    expect((await call(['clear', '--yes'], { env })).code).toBe(0);
    const log = await redis.raw.call('ACL', 'LOG');
    const refused = Array.isArray(log) ? log.map((entry: string[]) => entry[7] ?? '') : [];
    expect([...new Set(refused)].sort()).toEqual(['info', 'strlen']);

    await redis.raw.call('ACL', 'SETUSER', user, '+info', '+strlen');
    expect(await callForJson(['stats'], { env })).toMatchObject({
      servers: [{ software: expect.any(String), usedMemory: expect.any(Number) }],
      keys: { entries: 0, bytes: 0 },
    });
    await redis.raw.call('ACL', 'DELUSER', user);
  });
});

describe('spakky-cache evict', () => {
  it('evicts tags, and says so', async () => {
    const cache = redis.newCache();
    const { prefix, address } = cache.location;
    await cache.set('one', 1, { tags: ['a'] });
    await cache.set('two', 2, { tags: ['b c'] });
    await cache.set('three', 3, { tags: ['d'] });
    expect(await call(['evict', 'a', 'b c', '--prefix', prefix])).toEqual({
      code: 0,
      stdout: `Evicted "a", "b c" under "${prefix}" (${address}, db 0).\n`,
      stderr: '',
    });
    const hits = await Promise.all(['one', 'two', 'three'].map(async (key) => (await cache.get(key)).hit));
    expect(hits).toEqual([false, false, true]);
    expect(await callForJson(['evict', 'd', '--prefix', prefix])).toMatchObject({
      evicted: ['d'],
      location: { prefix },
    });
    expect((await cache.get('three')).hit).toBe(false);
  });
});

/** A cache with an entry, and how the tool speaks of it. */
async function filled() {
  const cache = redis.newCache();
  await cache.set('key', 'value');
  const { prefix, address } = cache.location;
  const place = `${address}, db 0`;
  return { cache, prefix, place, question: `${place}\nRemove every entry under "${prefix}"? (y/N) ` };
}

describe('spakky-cache clear', () => {
  it.each(['y\n', 'Yes\n', ' y \r\n', 'y'])('removes everything after a yes (%j)', async (typed) => {
    const { cache, prefix, place, question } = await filled();
    expect(await call(['clear', '--prefix', prefix], { typed })).toEqual({
      code: 0,
      stdout: `Removed every entry under "${prefix}" (${place}).\n`,
      stderr: question,
    });
    expect((await cache.get('key')).hit).toBe(false);
  });

  it.each([
    ['n\n', ''],
    ['\n', ''],
    ['', '\n'],
    ['yikes\n', ''],
    ['no\ny\n', ''],
  ])('removes nothing after %j', async (typed, end) => {
    const { cache, prefix, question } = await filled();
    const run = await call(['clear', '--prefix', prefix], { typed });
    expect(run).toEqual({ code: 0, stdout: 'Nothing was removed.\n', stderr: `${question}${end}` });
    expect((await cache.get('key')).hit).toBe(true);
    const json = await call(['clear', '--prefix', prefix, '--json'], { typed });
    expect(JSON.parse(json.stdout)).toMatchObject({ cleared: false });
  });

  it('asks nobody with --yes', async () => {
    const { cache, prefix, place } = await filled();
    const stdout = `Removed every entry under "${prefix}" (${place}).\n`;
    expect(await call(['clear', '--yes', '--prefix', prefix])).toEqual({ code: 0, stdout, stderr: '' });
    expect((await cache.get('key')).hit).toBe(false);
    expect(await callForJson(['clear', '--yes', '--prefix', prefix])).toMatchObject({ cleared: true });
  });

  it('refuses where nobody can be asked', async () => {
    const { cache, prefix } = await filled();
    const run = await call(['clear', '--prefix', prefix]);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain('clear needs --yes');
    expect((await cache.get('key')).hit).toBe(true);
  });
});

describe('spakky-cache, when the cache fails,', () => {
  const tasks = [['explain', 'key'], ['stats'], ['evict', 'tag'], ['clear', '--yes']];

  it.each(tasks)('tells the code and the message, and no stack (%s)', async (...argv) => {
    const env = { SPAKKY_REDIS__PORT: String(await getFreePort()) };
    const { code, stdout, stderr } = await call(argv, { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^REDIS_UNREACHABLE: Cannot .+ \(127\.0\.0\.1:\d+, db 0, prefix "spakky:cache:"\).+\n$/,
    );
    const json = await call([...argv, '--json'], { env });
    expect([json.code, json.stdout]).toEqual([1, '']);
    const told = JSON.parse(json.stderr);
    expect(Object.keys(told)).toEqual(['code', 'message']);
    expect(told.code).toBe('REDIS_UNREACHABLE');
  });

  it.each(tasks)('tells within the socket timeout that the server is frozen (%s)', async (...argv) => {
    await redis.server.freeze();
    const { outcome, milliseconds } = await timed(() =>
      call(argv, { env: { SPAKKY_REDIS__SOCKET_TIMEOUT: '500ms' } }),
    );
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^REDIS_\w+: /) });
    expect(milliseconds).toBeLessThan(1_500);
  });

  it('tells everything that is wrong with its configuration', async () => {
    const env = { SPAKKY_REDIS__PORT: 'many', SPAKKY_REDIS__DB: 'main' };
    const { code, stderr } = await call(['stats', '--prefix', ''], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^CACHE_CONFIGURATION: /);
    for (const name of ['SPAKKY_REDIS__PORT', 'SPAKKY_REDIS__DB', 'keyPrefix'])
      expect(stderr).toContain(name);
  });

  it.each(tasks)('never prints a password (%s)', async (...argv) => {
    const { host, port } = redis.address;
    await redis.raw.call('ACL', 'SETUSER', 'ada', 'on', '>r1ght-p4ss', '~*', '+@all');
    const ways = [
      { SPAKKY_REDIS__URL: `redis://ada:wr0ng-p4ss@${host}:${port}` },
      { SPAKKY_REDIS__URL: `redis://ada:r1ght-p4ss@${host}:${port}` },
      { SPAKKY_REDIS__URL: `redis://ada:wr0ng-p4ss@${host}:${port}/x?y` },
      { SPAKKY_REDIS__URL: `redis://ada:wr0ng-p4ss@${host}:${await getFreePort()}` },
      { ...variablesOf(redis.address), SPAKKY_REDIS__USERNAME: 'ada', SPAKKY_REDIS__PASSWORD: 'wr0ng-p4ss' },
    ];
    const codes = [];
    for (const env of ways) {
      for (const format of [[], ['--json']]) {
        const run = await callCli([...argv, ...format], { env });
        expect(secretsIn([run], ['wr0ng-p4ss', 'r1ght-p4ss'])).toEqual([]);
        codes.push(/(?:CACHE|REDIS)_[A-Z]+/.exec(run.stderr)?.[0] ?? run.code);
      }
    }
    const expected = [
      'REDIS_CREDENTIALS',
      0,
      'CACHE_CONFIGURATION',
      'REDIS_UNREACHABLE',
      'REDIS_CREDENTIALS',
    ];
    expect(codes).toEqual(expected.flatMap((code) => [code, code]));
  });
});

describe('spakky-cache, with a cluster,', () => {
  const cluster = useCluster({ password: 'of-the-nodes' });

  it('looks at every master, and reaches every key', async () => {
    const cache = cluster.newCache();
    const place = { env: cluster.variables };
    const argument = ['--prefix', cache.location.prefix];
    const keys = Array.from({ length: 300 }, (_, index) => `key:${index}`);
    await cache.setMany(new Map(keys.map((key) => [key, key])), { ttl: '1m' });
    await cache.set('tagged', 'value', { tags: ['tag'] });

    const stats = await callCli(['stats', '--json', ...argument], place);
    const { servers, keys: counted } = JSON.parse(stats.stdout);
    expect(counted).toMatchObject({ entries: 301, unreadable: 0, leases: 0 });
    const masters = await cluster.servers.masters();
    const addresses = servers.map(({ address }: { address: string }) => address);
    expect(addresses.toSorted()).toEqual(masters.map(({ host, port }) => `${host}:${port}`).toSorted());
    const table = await callCli(['stats', ...argument], place);
    expect(table.stdout.match(/^ {2}ping /gm)).toHaveLength(3);

    expect((await callCli(['evict', 'tag', ...argument], place)).code).toBe(0);
    const explained = await callCli(['explain', 'tagged', '--json', ...argument], place);
    expect(JSON.parse(explained.stdout)).toMatchObject({ state: 'entry', hit: false });
    expect((await callCli(['clear', '--yes', ...argument], place)).code).toBe(0);
    expect((await cache.survey()).keys).toMatchObject({ entries: 0, tags: 0, bytes: 0 });
    expect(secretsIn([stats, table], ['of-the-nodes'])).toEqual([]);
  }, 60_000);
});

describe('spakky-cache, with Sentinel,', () => {
  const sentinels = useSentinels();

  it('finds the master, and says which it is', async () => {
    const cache = sentinels.newCache();
    await cache.set('key', 'value');
    const argv = ['stats', '--json', '--prefix', cache.location.prefix];
    const { stdout } = await callCli(argv, { env: sentinels.variables });
    expect(JSON.parse(stdout)).toMatchObject({
      servers: [{ address: expect.stringMatching(/^127\.0\.0\.1:\d+, master "/) }],
      keys: { entries: 1 },
    });
  }, 60_000);
});
