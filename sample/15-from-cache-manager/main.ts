// One application twice, over @nestjs/cache-manager and over this package: the same requests, the same answers.
// In brackets is what the database says when it is asked. Then come calls of which the answers differ.
import KeyvRedis from '@keyv/redis';
import { RedisCache } from '@spakky/nestjs-redis-cache';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { ShopModule as AfterModule } from './after/shop.module.js';
import { ShopModule as BeforeModule } from './before/shop.module.js';
import { type Difference, DIFFERENCES, OUTAGE, outcomeOf } from './differences.js';
import { walk } from './walk.js';

const { SPAKKY_REDIS__HOST: host = 'localhost', SPAKKY_REDIS__PORT: port = '6379' } = process.env;
const nobody = { host: '127.0.0.1', port: 1 };

console.log('before, with @nestjs/cache-manager');
await walk(BeforeModule);
console.log('after, with @spakky/nestjs-redis-cache');
await walk(AfterModule);

console.log('what differs');
await compare({ host, port: Number(port) }, DIFFERENCES);
await compare(nobody, [OUTAGE]);

async function compare(
  address: { readonly host: string; readonly port: number },
  differences: readonly Difference[],
): Promise<void> {
  const store = new KeyvRedis(`redis://${address.host}:${address.port}`);
  const before = createCache({ stores: [new Keyv({ store, namespace: 'differences' })], ttl: 5_000 });
  await using after = new RedisCache({ ...address, keyPrefix: 'differences:cache:', ttl: '5s' });
  for (const { what, ...ask } of differences) {
    console.log(
      `${what}: before ${await outcomeOf(ask.before(before))}; after ${await outcomeOf(ask.after(after))}`,
    );
  }
  // Without force it would wait for the answers that are still owed.
  await store.disconnect(true);
}
