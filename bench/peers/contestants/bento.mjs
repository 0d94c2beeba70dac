// BentoCache: only its second level, which is Redis, or both.
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { TTL_MS } from '../cases.mjs';

const MAX_ITEMS = 100_000;

function openBento({ host, port, name }, isNear) {
  const connection = { host, port };
  const l2 = redisDriver({ connection });
  const store = isNear
    ? bentostore()
        .useL1Layer(memoryDriver({ maxItems: MAX_ITEMS }))
        .useL2Layer(l2)
        .useBus(redisBusDriver({ connection }))
    : bentostore().useL2Layer(l2);
  const bento = new BentoCache({ default: 'bench', prefix: name, ttl: TTL_MS, stores: { bench: store } });
  return {
    isHit: (value) => value !== undefined,
    get: (key) => bento.get({ key }),
    set: (key, value) => bento.set({ key, value }),
    getMany: (keys) => Promise.all(keys.map((key) => bento.get({ key }))),
    getOrSet: (key, factory) => bento.getOrSet({ key, factory }),
    close: () => bento.disconnectAll(),
  };
}

export const open = {
  bento: async (place) => openBento(place, false),
  'bento-near': async (place) => openBento(place, true),
};
