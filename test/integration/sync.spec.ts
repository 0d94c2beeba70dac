import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CacheMiss } from '../../lib/contract/cache-result.js';
import {
  CacheBackendCapabilityError,
  CacheClosedError,
  CacheConfigurationError,
  SpakkyCacheError,
} from '../../lib/contract/errors.js';
import { RedisCacheConnectionError, RedisCacheTimeoutError } from '../../lib/contract/redis-errors.js';
import { requireCapability } from '../../lib/contract/require-capability.js';
import type { Duration } from '../../lib/contract/duration.js';
import type { CoreCache } from '../../lib/core/core-cache.js';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';
import { WorkerBridge, type WorkerBridgeParts } from '../../lib/sync/worker-bridge.js';
import { run } from '../package/packed.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { rejection, thrownBy } from '../support/rejection.js';

const redis = useRedisServer();

/** All that a program sees of an error. */
function partsOf(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof SpakkyCacheError)) throw new Error('It is no error of the cache', { cause: error });
  const { name, code, message, key, cause } = error;
  return {
    name,
    class: error.constructor,
    code,
    message,
    key,
    cause: cause instanceof Error && cause.message,
  };
}

/** What a cache has counted, its near tier left out, that was used so. */
async function countsOf(cache: CoreCache, use: (cache: CoreCache) => Promise<void>): Promise<unknown> {
  await use(cache);
  return { ...cache.metrics(), near: undefined };
}

/** The threads that this process starts meanwhile. */
async function threadsStartedBy(act: () => void): Promise<readonly Worker[]> {
  const threads: Worker[] = [];
  const note = (message: unknown): void => {
    const worker: unknown = Reflect.get(Object(message), 'worker');
    if (worker instanceof Worker) threads.push(worker);
  };
  subscribe('worker_threads', note);
  act();
  unsubscribe('worker_threads', note);
  return threads;
}

/** Answers HTTP to whatever it is asked, and tells its port. */
const NO_REDIS = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\\r\\n\\r\\n'));
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** The connection was given up, and is dialled again. */
async function expectToComeBack(call: () => unknown): Promise<void> {
  const end = performance.now() + 3_000;
  for (;;) {
    try {
      call();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await delay(20);
    }
  }
}

/** Sets the key; the time of the first call may be too short for its thread to start in. */
function setFirst(cache: CoreCache, value: unknown): void {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      cache.setSync('key', value);
      return;
    } catch (error) {
      expect(error).toMatchObject({ code: 'REDIS_TIMEOUT' });
    }
  }
  throw new Error('The thread does not start');
}

/** In milliseconds; the event loop has no turn meanwhile. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** What a thread answers whose store does a deed of its own. */
function ask(bridge: WorkerBridge<object>, deed: string): unknown {
  return bridge.execute({ op: 'read', prefix: deed, keys: ['key'] });
}

/** The time of a command may be too short for a thread to start in. */
function waitUntilStarted(bridge: WorkerBridge<object>): void {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      ask(bridge, 'answer');
      return;
    } catch (error) {
      expect(error).toMatchObject({ message: 'unsent' });
    }
  }
  throw new Error('The thread does not start');
}

interface Backend {
  readonly name: string;
  readonly newCache: (settings?: { readonly ttl?: Duration }) => CoreCache;
}

const backends: readonly Backend[] = [
  { name: 'in memory', newCache: (settings) => new InMemoryCache(settings) },
  { name: 'over Redis', newCache: (settings) => redis.newCache({ sync: true, ...settings }) },
  {
    name: 'over Redis, with a near tier',
    newCache: (settings) => redis.newCache({ sync: true, near: true, ...settings }),
  },
];

describe.each(backends)('A blocking cache $name', ({ newCache }) => {
  it('writes, finds and removes what the awaited calls find and write', async () => {
    const cache = newCache();
    expect(cache.getSync('key')).toBe(CacheMiss.instance);
    cache.setSync('key', 'blocking');
    expect(await cache.get('key')).toMatchObject({ hit: true, value: 'blocking' });
    await cache.set('key', 'awaited');
    expect(cache.getSync('key')).toMatchObject({ hit: true, value: 'awaited' });
    expect(cache.deleteSync('key')).toBe(true);
    expect(cache.deleteSync('key')).toBe(false);
    expect((await cache.get('key')).hit).toBe(false);
  });

  it.each([
    [undefined],
    [null],
    [0],
    ['text with \u{1f600} and é'],
    [new Map([[new Date(0), new Set([1n])]])],
    [Buffer.from([0, 255, 10])],
    ['x'.repeat(300_000)],
    [{ nested: [{ list: [1, 2, 3] }] }],
  ])('gives back what it was given (%#)', async (value) => {
    const cache = newCache();
    cache.setSync('key', value);
    expect(cache.getSync('key')).toEqual({ hit: true, value });
    expect(await cache.get('key')).toEqual({ hit: true, value });
  });

  it('lets an entry live as long as it is told to', async () => {
    const cache = newCache({ ttl: 80 });
    cache.setSync('by default', 1);
    cache.setSync('shortly', 1, { ttl: '80ms' });
    cache.setSync('for ever', 1, { ttl: null });
    expect(cache.getSync('by default').hit).toBe(true);
    expect(cache.getSync('shortly').hit).toBe(true);
    await delay(120);
    expect(cache.getSync('by default').hit).toBe(false);
    expect(cache.getSync('shortly').hit).toBe(false);
    expect(cache.getSync('for ever').hit).toBe(true);
  });

  it('judges a tagged entry by its tags', async () => {
    const cache = newCache();
    await cache.set('awaited', 1, { tags: ['one', 'two'] });
    cache.setSync('blocking', 2, { tags: ['two'] });
    cache.setSync('other', 3, { tags: ['three'] });
    expect(cache.getSync('awaited')).toMatchObject({ value: 1 });
    expect(cache.getSync('blocking')).toMatchObject({ value: 2 });
    expect(await cache.get('blocking')).toMatchObject({ value: 2 });
    await cache.evictTags('two');
    expect(cache.getSync('awaited').hit).toBe(false);
    expect(cache.getSync('blocking').hit).toBe(false);
    expect((await cache.get('blocking')).hit).toBe(false);
    expect(cache.getSync('other').hit).toBe(true);
  });

  it('clears what is its own, and a scope what is the scope’s', async () => {
    const cache = newCache();
    const scope = requireCapability(cache.scope<number>('scope:'), 'sync');
    cache.setSync('key', 1);
    scope.setSync('key', 2);
    expect(cache.getSync('scope:key')).toMatchObject({ value: 2 });
    scope.clearSync();
    expect(scope.getSync('key').hit).toBe(false);
    expect(cache.getSync('key').hit).toBe(true);
    cache.clearSync();
    expect((await cache.get('key')).hit).toBe(false);
  });

  it('wins over a load that is under way', async () => {
    const cache = newCache();
    const loading = cache.getOrSet('key', () => delay(100, 'loaded'));
    await delay(50);
    expect(cache.getSync('key').hit).toBe(false);
    cache.setSync('key', 'set meanwhile');
    await loading;
    expect(cache.getSync('key')).toMatchObject({ value: 'set meanwhile' });
  });

  it('counts as the awaited calls do', async () => {
    const blocking = await countsOf(newCache(), async (cache) => {
      cache.setSync('key', 'value');
      cache.getSync('key');
      cache.getSync('nothing');
      cache.deleteSync('key');
      cache.clearSync();
      thrownBy(() => cache.getSync(''));
    });
    const awaited = await countsOf(newCache(), async (cache) => {
      await cache.set('key', 'value');
      await cache.get('key');
      await cache.get('nothing');
      await cache.delete('key');
      await cache.clear();
      await rejection(cache.get(''));
    });
    expect(blocking).toEqual(awaited);
    expect(blocking).toMatchObject({ hits: 1, misses: 1, writes: 1, deletes: 1, clears: 1 });
  });

  it('refuses what the awaited calls refuse, in the same words', async () => {
    const cache = newCache();
    const pairs: readonly (readonly [() => unknown, () => Promise<unknown>])[] = [
      [() => cache.getSync(''), () => cache.get('')],
      [() => cache.setSync('\ud800', 1), () => cache.set('\ud800', 1)],
      [() => cache.setSync('key', 1, { ttl: 0 }), () => cache.set('key', 1, { ttl: 0 })],
      [() => cache.setSync('key', Symbol('no value')), () => cache.set('key', Symbol('no value'))],
    ];
    for (const [blocking, awaited] of pairs) {
      expect(partsOf(thrownBy(blocking))).toEqual(partsOf(await rejection(awaited())));
    }
  });

  it('refuses everything once it is closed', async () => {
    const cache = newCache();
    cache.setSync('key', 1);
    await cache.close();
    for (const call of [
      () => cache.getSync('key'),
      () => cache.setSync('key', 1),
      () => cache.deleteSync('key'),
      () => cache.clearSync(),
    ]) {
      expect(thrownBy(call)).toBeInstanceOf(CacheClosedError);
    }
  });
});

describe('A blocking cache over Redis', () => {
  it('fails as the awaited calls do for what a key holds', async () => {
    const cache = redis.newCache({ sync: true });
    const { prefix } = cache.location;
    await redis.raw.lpush(`${prefix}list`, 'item');
    await redis.raw.set(`${prefix}foreign`, 'not ours');
    for (const key of ['list', 'foreign']) {
      expect(partsOf(thrownBy(() => cache.getSync(key)))).toEqual(partsOf(await rejection(cache.get(key))));
      expect(partsOf(thrownBy(() => cache.deleteSync(key)))).toEqual(
        partsOf(await rejection(cache.delete(key))),
      );
    }
  });

  it('fails as the awaited calls do when nobody listens', async () => {
    const cache = redis.newCacheAt({ host: '127.0.0.1', port: 1, sync: true });
    const awaited = partsOf(await rejection(cache.get('key')));
    expect(partsOf(thrownBy(() => cache.getSync('key')))).toEqual(awaited);
    expect(awaited).toMatchObject({ class: RedisCacheConnectionError, code: 'REDIS_UNREACHABLE' });
  });

  it('fails as the awaited calls do when what answers is no Redis', async () => {
    // In a thread of its own: it has to answer while this one is blocked.
    const peer = new Worker(NO_REDIS, { eval: true });
    const port: unknown = (await once(peer, 'message'))[0];
    const cache = redis.newCacheAt({ host: '127.0.0.1', port: Number(port), sync: true });
    const explained = partsOf(await rejection(cache.explain('key')));
    expect(partsOf(thrownBy(() => cache.getSync('key')))).toEqual(partsOf(await rejection(cache.get('key'))));
    expect(explained).toMatchObject({ code: 'REDIS_PROTOCOL' });
    await cache.close();
    await peer.terminate();
  });

  it('comes after what was called before in the same turn, though nobody awaited it', async () => {
    const cache = redis.newCache({ sync: true });
    await cache.ping();
    cache.getSync('key');
    for (let round = 0; round < 50; round += 1) {
      const setting = cache.set('key', 'before');
      cache.setSync('key', round);
      await setting;
      expect(await cache.get('key')).toMatchObject({ value: round });
      const deleting = cache.delete('key');
      cache.setSync('key', round);
      await deleting;
      expect(await cache.get('key')).toMatchObject({ value: round });
      const again = cache.set('key', 'awaited');
      expect(cache.getSync('key')).toMatchObject({ value: 'awaited' });
      await again;
    }
  });

  it('clears what takes several steps', async () => {
    const cache = redis.newCache({ sync: true });
    await cache.setMany(Array.from({ length: 3_000 }, (_, index) => [`key ${index}`, index] as const));
    cache.clearSync();
    expect(await redis.raw.keys(`${cache.location.prefix}*`)).toEqual([]);
  });

  it('cannot block without the option, and says which', () => {
    const cache = redis.newCache();
    for (const asked of [cache, cache.scope('scope:')]) {
      const error = thrownBy(() => asked.getSync('key'));
      expect(error).toBeInstanceOf(CacheBackendCapabilityError);
      expect(partsOf(error)).toMatchObject({ key: 'key', message: expect.stringContaining('sync: true') });
      expect(() => requireCapability(asked, 'sync')).toThrow(/'sync'.*sync: true/);
      expect(requireCapability(asked, 'tags')).toBe(asked);
    }
  });

  it('refuses a client that it cannot copy to the thread', () => {
    const client = redis.newClient();
    expect(() => redis.newCacheAt({ client, sync: true })).toThrow(CacheConfigurationError);
  });

  it('answers from the near tier what that may serve, and drops what it changes', async () => {
    const cache = redis.newCache({ sync: true, near: true });
    await cache.ping();
    await cache.set('key', 'first');
    await cache.get('key');
    const before = cache.metrics().near?.hits ?? 0;
    expect(cache.getSync('key')).toMatchObject({ value: 'first' });
    expect(cache.metrics().near?.hits).toBe(before + 1);
    cache.setSync('key', 'second');
    expect(cache.getSync('key')).toMatchObject({ value: 'second' });
    expect(await cache.get('key')).toMatchObject({ value: 'second' });
    cache.clearSync();
    expect((await cache.get('key')).hit).toBe(false);
  });

  it('fails as the awaited calls do where Redis refuses what a near tier takes', async () => {
    const user = { username: 'nearless', password: 'P4SSW0RD' };
    const rules = ['on', `>${user.password}`, '~*', '&*', '+@all', '-client|tracking'];
    await redis.raw.call('ACL', 'SETUSER', user.username, ...rules);
    const options = { ...redis.address, ...user, keyPrefix: redis.newPrefix() };
    const cache = redis.newCacheAt({ ...options, sync: true, near: true });
    await rejection(cache.ping());
    const awaited = partsOf(await rejection(cache.get('key')));
    expect(awaited).toMatchObject({ code: 'CACHE_CONFIGURATION' });
    for (const call of [() => cache.getSync('key'), () => cache.setSync('key', 1)]) {
      expect(partsOf(thrownBy(call))).toEqual(awaited);
    }
  });

  it('serves nothing near that is older than the bound, though no message can arrive meanwhile', async () => {
    const keyPrefix = redis.newPrefix();
    const cache = redis.newCache({ sync: true, near: true, keyPrefix });
    const other = redis.newCache({ sync: true, keyPrefix });
    await cache.ping();
    await cache.set('key', 'old');
    await cache.get('key');
    const nearHits = () => cache.metrics().near?.hits ?? 0;
    const before = nearHits();
    other.setSync('key', 'new');
    const changedAt = performance.now();
    for (;;) {
      const found = cache.getSync('key');
      const age = performance.now() - changedAt;
      if (found.hit && found.value === 'new') break;
      expect(age).toBeLessThan(1_050);
    }
    expect(nearHits()).toBeGreaterThan(before);
  });
});

describe('A blocking cache that logs in', () => {
  const guarded = useRedisServer({ password: 'P4SSW0RD', tls: true, unixSocket: true });

  it.each(['over TLS', 'over a socket'])('does so a second time %s', async (way) => {
    const { server, address } = guarded;
    const login = { password: server.password, keyPrefix: guarded.newPrefix(), sync: true };
    const tls = { ca: Buffer.from(server.certificates?.ca ?? '') };
    const cache =
      way === 'over TLS'
        ? guarded.newCacheAt({ ...address, ...login, tls })
        : guarded.newCacheAt({ path: server.path ?? '', ...login });
    const setting = cache.set('key', 0);
    cache.setSync('other', 1);
    await setting;
    expect(cache.getSync('key')).toMatchObject({ value: 0 });
    expect(await cache.get('other')).toMatchObject({ value: 1 });
  });

  it('fails as the awaited calls do with a wrong password, and does not show it', async () => {
    const cache = guarded.newCacheAt({ path: guarded.server.path ?? '', password: 'wr0ng-one', sync: true });
    const error = thrownBy(() => cache.getSync('key'));
    expect(partsOf(error)).toEqual(partsOf(await rejection(cache.get('key'))));
    expect(partsOf(error)).toMatchObject({ code: 'REDIS_CREDENTIALS' });
    expect(JSON.stringify(partsOf(error))).not.toContain('wr0ng-one');
  });
});

describe('The thread of a blocking cache', () => {
  const timeout = 300;
  const bound = timeout + 50 + 150;

  it('A40 tells in time that the server is frozen, the event loop goes on, and so does the cache', async () => {
    const cache = redis.newCache({ sync: true, socketTimeout: timeout });
    const writer = redis.newCache({ sync: true, socketTimeout: timeout });
    setFirst(cache, 'before');
    setFirst(writer, 'before');
    await redis.server.freeze();
    try {
      const begun = performance.now();
      const reading = thrownBy(() => cache.getSync('key'));
      expect(performance.now() - begun).toBeLessThan(bound);
      expect(reading).toBeInstanceOf(RedisCacheTimeoutError);
      expect(partsOf(reading)).toMatchObject({ code: 'REDIS_TIMEOUT', key: 'key' });
      const writingBegun = performance.now();
      const writing = thrownBy(() => writer.setSync('key', 'during'));
      expect(performance.now() - writingBegun).toBeLessThan(bound);
      expect(partsOf(writing)).toMatchObject({ code: 'REDIS_OUTCOME_UNKNOWN_TIMEOUT', key: 'key' });
      const turning = performance.now();
      await delay(20);
      expect(performance.now() - turning).toBeLessThan(100);
    } finally {
      await redis.server.resume();
    }
    await expectToComeBack(() => cache.setSync('key', 'after'));
    expect(cache.getSync('key')).toMatchObject({ value: 'after' });
  });

  it('A40 tells in time that it was killed, and the next call has another one', async () => {
    const cache = redis.newCache({ sync: true, socketTimeout: timeout });
    const [thread] = await threadsStartedBy(() => setFirst(cache, 1));
    if (thread === undefined) throw new Error('No thread was started');
    void thread.terminate();
    const begun = performance.now();
    const error = thrownBy(() => cache.getSync('key'));
    expect(performance.now() - begun).toBeLessThan(bound);
    expect([RedisCacheTimeoutError, RedisCacheConnectionError]).toContain(partsOf(error)['class']);
    await expectToComeBack(() => cache.getSync('key'));
    expect(cache.getSync('key')).toMatchObject({ value: 1 });
  });

  it('A40 is replaced unnoticed when it was killed between two calls', async () => {
    const cache = redis.newCache({ sync: true });
    const [thread] = await threadsStartedBy(() => setFirst(cache, 1));
    await thread?.terminate();
    const others = await threadsStartedBy(() => expect(cache.getSync('key')).toMatchObject({ value: 1 }));
    expect(others).toHaveLength(1);
  });

  it('is replaced when it was killed, though the event loop has no turn to hear of it', async () => {
    const cache = redis.newCache({ sync: true, socketTimeout: 1_500 });
    const [thread] = await threadsStartedBy(() => setFirst(cache, 1));
    void thread?.terminate();
    sleep(200);
    expect(thrownBy(() => cache.getSync('key'))).toBeInstanceOf(RedisCacheTimeoutError);
    expect(cache.getSync('key')).toMatchObject({ value: 1 });
  });

  it('starts with the first call, and serves all that follow, and those of scopes', async () => {
    const cache = redis.newCache({ sync: true });
    expect(await threadsStartedBy(() => void cache.metrics())).toEqual([]);
    const threads = await threadsStartedBy(() => {
      for (let call = 0; call < 10; call += 1) cache.scope('scope:').getSync('key');
    });
    expect(threads).toHaveLength(1);
    await cache.close();
    expect(threads[0]?.threadId).toBe(-1);
  });
});

describe('A bridge to a thread', () => {
  const bridges: WorkerBridge<object>[] = [];
  afterEach(() => Promise.all(bridges.splice(0).map((bridge) => bridge.close())));

  function newBridge(parts: Partial<WorkerBridgeParts<object>>): WorkerBridge<object> {
    const file = resolve('test/support/sync-worker.cjs');
    const bridge = new WorkerBridge<object>({
      file,
      settings: { startsAfter: 0 },
      timeout: 200,
      explain: (_command, end) => new Error(end),
      ...parts,
    });
    bridges.push(bridge);
    return bridge;
  }

  it.each([
    ['hang', 'sent'],
    ['spin', 'sent'],
    ['exit', 'gone'],
  ])('tells of a thread that does not answer (%s), and starts another', (deed, end) => {
    const bridge = newBridge({});
    waitUntilStarted(bridge);
    const begun = performance.now();
    expect(() => ask(bridge, deed)).toThrow(end);
    expect(performance.now() - begun).toBeLessThan(400);
    waitUntilStarted(bridge);
    expect(ask(bridge, 'answer')).toEqual(['anything']);
  });

  it('ends in time also where a test has stopped the clock', () => {
    const bridge = newBridge({});
    waitUntilStarted(bridge);
    jest.useFakeTimers();
    try {
      expect(() => ask(bridge, 'hang')).toThrow('sent');
    } finally {
      jest.useRealTimers();
    }
  });

  it('tells the error that nobody has foreseen', () => {
    expect(() => ask(newBridge({ timeout: 2_000 }), 'fail')).toThrow('a bug');
  });

  it('takes no late answer for that of a later question', async () => {
    const bridge = newBridge({ timeout: 200, settings: { startsAfter: 0, milliseconds: 400 } });
    waitUntilStarted(bridge);
    expect(() => ask(bridge, 'takeLong')).toThrow('sent');
    await delay(500);
    expect(ask(bridge, 'answer')).toEqual(['anything']);
  });

  it('withdraws a command that a thread has not begun, and keeps the thread', async () => {
    const bridge = newBridge({ timeout: 1, settings: { startsAfter: 300 } });
    expect(() => ask(bridge, 'exit')).toThrow('unsent');
    await delay(800);
    expect(ask(bridge, 'answer')).toEqual(['anything']);
  });

  it('waits for as many steps as a clear takes', () => {
    const bridge = newBridge({ timeout: 150, settings: { startsAfter: 0, milliseconds: 700 } });
    const clear = () => bridge.execute({ op: 'clear', prefix: 'takeLong' });
    waitUntilStarted(bridge);
    expect(clear).not.toThrow();
    expect(() => bridge.execute({ op: 'clear', prefix: 'spin' })).toThrow('sent');
  });
});

/** A program that works with a cache, and has made it. */
function program(body: string): string {
  const options = JSON.stringify({ ...redis.address, sync: true, keyPrefix: redis.newPrefix() });
  return `const cache = new RedisCache(${options});
    ${body}`;
}

describe('A script that blocks', () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  async function newFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'spakky-sync-'));
    folders.push(folder);
    return folder;
  }

  const scripts = {
    'script.mjs': (body: string) => `import { RedisCache } from '${resolve('dist/esm/index.js')}';\n${body}`,
    'script.cjs': (body: string) =>
      `const { RedisCache } = require('${resolve('dist/cjs/index.js')}');\nvoid (async () => {${body}})();`,
  };

  const work = `cache.setSync('key', { n: 1 });
      console.log(cache.getSync('key').value.n, cache.deleteSync('key'));`;

  it.each(
    Object.entries(scripts).flatMap(([file, wrap]) => [
      [file, 'closes', wrap, 'await cache.close();'] as const,
      [file, 'does not close', wrap, ''] as const,
    ]),
  )('ends by itself: %s %s', async (file, _how, wrap, end) => {
    const path = join(await newFolder(), file);
    await writeFile(path, wrap(program(`${work}\n${end}`)));
    expect(await run(process.execPath, [path], { seconds: 10 })).toBe('1 true\n');
  });

  it('is not disturbed by what the process preloads, which is not for the thread', async () => {
    const folder = await newFolder();
    const [path, preload] = [join(folder, 'script.cjs'), join(folder, 'preload.cjs')];
    await writeFile(path, scripts['script.cjs'](program(work)));
    await writeFile(
      preload,
      "if (!require('node:worker_threads').isMainThread) throw new Error('not here');",
    );
    const env = { NODE_OPTIONS: `--dns-result-order=ipv4first --require ${preload}` };
    expect(await run(process.execPath, [path], { env, seconds: 10 })).toBe('1 true\n');
  });

  it('is told that no thread may be started, and what would allow it', async () => {
    const path = join(await newFolder(), 'script.cjs');
    const body = `try { cache.getSync('key'); } catch (error) { console.log(error.code, error.message); }`;
    await writeFile(path, scripts['script.cjs'](program(body)));
    const [major = 0] = process.versions.node.split('.').map(Number);
    const permission = major < 23 ? '--experimental-permission' : '--permission';
    const told = await run(process.execPath, [permission, '--allow-fs-read=*', path], { seconds: 10 });
    expect(told).toMatch(/^CACHE_CONFIGURATION .*sync.*ERR_ACCESS_DENIED.*--allow-worker/);
  });
});
