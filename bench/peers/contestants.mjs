// Who is measured, each set up as its own documentation recommends for speed. This file only says who there is:
// each contestant's module is loaded in that contestant's own process.

/**
 * `tier` tells what a read may be answered from: Redis, or a copy in the process.
 * `how` is what the report says of the set-up. `packages` are those whose versions it names.
 */
export const CONTESTANTS = {
  ioredis: {
    title: 'ioredis',
    tier: 'redis',
    packages: ['ioredis-6'],
    how: '`get` and `set` with `PX`, values by `JSON.parse` and `JSON.stringify`, a Buffer as it is by `getBuffer`; `getMany` is one `MGET`, `getOrSet` a `get`, then the factory and a `set`',
  },
  'ioredis-auto': {
    title: 'ioredis, auto-pipelining',
    tier: 'redis',
    packages: ['ioredis-6'],
    how: 'the same with `enableAutoPipelining: true`',
  },
  'node-redis': {
    title: 'node-redis',
    tier: 'redis',
    packages: ['redis'],
    how: 'as ioredis; it pipelines what is sent in one tick by itself; RESP3, its default; `commandOptions: { timeout: 0 }`; a Buffer by `withTypeMapping`',
  },
  'node-redis-timer': {
    title: 'node-redis, timer',
    tier: 'redis',
    packages: ['redis'],
    how: 'the same without that option: by default it sets a timer of five seconds for each command',
  },
  'node-redis-near': {
    title: 'node-redis, client-side cache',
    tier: 'near',
    packages: ['redis'],
    how: 'as node-redis, and `clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: "LRU" }`: it keeps replies, so that a hit is still a `JSON.parse`',
  },
  keyv: {
    title: 'Keyv, @keyv/redis',
    tier: 'redis',
    packages: ['keyv', '@keyv/redis'],
    how: '`createKeyv(url, { namespace })`, its own serializer; `getOrSet` is a `get`, then the factory and a `set`',
  },
  'cache-manager': {
    title: 'cache-manager',
    tier: 'redis',
    packages: ['cache-manager', 'keyv', '@keyv/redis'],
    how: '`createCache({ stores: [createKeyv(url, { namespace })] })`; `getMany` is `mget`, `getOrSet` is `wrap`',
  },
  bento: {
    title: 'BentoCache, L2',
    tier: 'redis',
    packages: ['bentocache', 'ioredis'],
    how: '`bentostore().useL2Layer(redisDriver(…))`; it has no `getMany`: all `get`s at once',
  },
  'bento-near': {
    title: 'BentoCache, L1 + L2',
    tier: 'near',
    packages: ['bentocache', 'ioredis'],
    how: '`useL1Layer(memoryDriver({ maxItems }))`, the L2 as above, and `useBus(redisBusDriver(…))`, as several processes need; its L1 keeps JSON, its default. (With `serialize: false` it would hand out shared objects, but in this version a second `get` of what another process wrote throws a `TypeError` then.)',
  },
  'async-cache-dedupe': {
    title: 'async-cache-dedupe',
    tier: 'redis',
    packages: ['async-cache-dedupe', 'ioredis-6'],
    how: '`storage: { type: "redis", options: { client } }` with an ioredis client; `getOrSet` is a function that it defines; it has no `getMany`: all `get`s at once',
  },
  own: {
    title: 'this package',
    tier: 'redis',
    own: true,
    packages: ['@spakky/nestjs-redis-cache'],
    how: '`new RedisCache({ host, port, keyPrefix })`, nothing else',
  },
  'own-copied': {
    title: 'this package, near copied',
    tier: 'near',
    own: true,
    packages: ['@spakky/nestjs-redis-cache'],
    how: '`near: { values: "copied" }`: each caller gets a copy of its own',
  },
  'own-frozen': {
    title: 'this package, near frozen',
    tier: 'near',
    own: true,
    packages: ['@spakky/nestjs-redis-cache'],
    how: '`near: { values: "frozen" }`: one deeply frozen object for all callers',
  },
  'lru-cache': {
    title: 'lru-cache alone',
    tier: 'memory',
    cases: ['get'],
    packages: ['lru-cache'],
    how: '`async (key) => cache.get(key)` over an `LRUCache`: no Redis, nobody else sees a write; a reference, no contestant',
  },
};

const MODULES = {
  ioredis: 'clients',
  'ioredis-auto': 'clients',
  'node-redis': 'clients',
  'node-redis-timer': 'clients',
  'node-redis-near': 'clients',
  keyv: 'keyv',
  'cache-manager': 'keyv',
  bento: 'bento',
  'bento-near': 'bento',
  'async-cache-dedupe': 'async-cache-dedupe',
  own: 'own',
  'own-copied': 'own',
  'own-frozen': 'own',
  'lru-cache': 'lru-cache',
};

/**
 * Opens a contestant. It answers the methods that it has of `get`, `set`, `getOrSet` and `getMany`, what is a hit
 * among the answers of `get`, and `close`; or `missing`, the reason why it cannot take part yet.
 */
export async function openContestant(name, place) {
  const { open } = await import(`./contestants/${MODULES[name]}.mjs`);
  return open[name](place);
}
