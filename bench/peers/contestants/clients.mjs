// The two clients with what an application writes around them: JSON, or the bytes of a Buffer as they are.
import { Redis } from 'ioredis-6';
import { createClient, RESP_TYPES } from 'redis';
import { TTL_MS } from '../cases.mjs';

const isHit = (value) => value !== undefined;
const fromJson = (text) => (text === null ? undefined : JSON.parse(text));
const fromBytes = (bytes) => bytes ?? undefined;

function getOrSetWith(get, set) {
  return async (key, factory) => {
    const found = await get(key);
    if (found !== undefined) return found;
    const value = await factory();
    await set(key, value);
    return value;
  };
}

async function openIoredis({ host, port, name, value }, options) {
  const client = new Redis({ host, port, lazyConnect: true, ...options });
  await client.connect();
  const isBinary = value === 'buffer';
  const get = isBinary
    ? async (key) => fromBytes(await client.getBuffer(key))
    : async (key) => fromJson(await client.get(key));
  const set = isBinary
    ? (key, bytes) => client.set(key, bytes, 'PX', TTL_MS)
    : (key, plain) => client.set(key, JSON.stringify(plain), 'PX', TTL_MS);
  const getMany = isBinary
    ? async (keys) => (await client.mgetBuffer(keys)).map(fromBytes)
    : async (keys) => (await client.mget(keys)).map(fromJson);
  return {
    prefix: `${name}:`,
    isHit,
    get,
    set,
    getMany,
    getOrSet: getOrSetWith(get, set),
    close: () => client.quit(),
  };
}

async function openNodeRedis({ host, port, name, value }, options) {
  const isBinary = value === 'buffer';
  const text = createClient({
    socket: { host, port },
    RESP: 3,
    ...options,
  });
  text.on('error', (error) => console.error(error));
  await text.connect();
  const client = isBinary ? text.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) : text;
  const decode = isBinary ? fromBytes : fromJson;
  const expiration = { type: 'PX', value: TTL_MS };
  const get = async (key) => decode(await client.get(key));
  const set = isBinary
    ? (key, bytes) => client.set(key, bytes, { expiration })
    : (key, plain) => client.set(key, JSON.stringify(plain), { expiration });
  const getMany = async (keys) => (await client.mGet(keys)).map(decode);
  return {
    prefix: `${name}:`,
    isHit,
    get,
    set,
    getMany,
    getOrSet: getOrSetWith(get, set),
    close: () => text.close(),
  };
}

/** Its default, a timer for each command, takes two thirds of the processor time of a get. */
const NO_TIMER = { commandOptions: { timeout: 0 } };

export const open = {
  ioredis: (place) => openIoredis(place),
  'ioredis-auto': (place) => openIoredis(place, { enableAutoPipelining: true }),
  'node-redis': (place) => openNodeRedis(place, NO_TIMER),
  'node-redis-timer': (place) => openNodeRedis(place),
  'node-redis-near': (place) =>
    openNodeRedis(place, { ...NO_TIMER, clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' } }),
};
