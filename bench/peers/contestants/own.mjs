// This package, as it was built: plain, and with a near tier in front.
import process from 'node:process';
import { TTL_MS } from '../cases.mjs';

const { CacheConfigurationError, RedisCache } = await import(process.env.SPAKKY_BENCH_PACKAGE);
const NEAR = { maxEntries: 100_000, maxBytes: 2 ** 28 };
const TTL = { ttl: TTL_MS };

function connect({ host, port, name }, near) {
  const options = { host, port, keyPrefix: `${name}:` };
  return new RedisCache(near === undefined ? options : { ...options, near: { ...NEAR, values: near } });
}

async function openOwn(place, near) {
  const cache = connect(place, near);
  await cache.ping();
  return {
    isHit: (result) => result.hit,
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, TTL),
    getMany: (keys) => cache.getMany(keys),
    getOrSet: (key, factory) => cache.getOrSet(key, factory, TTL),
    unwrap: (result) => result.value,
    close: () => cache.close(),
  };
}

/** A build without a near tier refuses the option. */
async function openNear(place, near) {
  try {
    return await openOwn(place, near);
  } catch (error) {
    if (error instanceof CacheConfigurationError) return { missing: error.message };
    throw error;
  }
}

export const open = {
  own: (place) => openOwn(place),
  'own-copied': (place) => openNear(place, 'copied'),
  'own-frozen': (place) => openNear(place, 'frozen'),
};
