// The application behind `npm start`: which of the world's cities are nearest to here?
// The answer takes a while to compute, so it is computed once for all processes that share the Redis.
import { NestFactory } from '@nestjs/core';
import { startRedisServer } from '../../test/support/redis-server.js';
import { configureRedis, isRedisConfigured, isRedisThere } from './choose-redis.js';
import { WorldCitiesModule } from './world-cities.module.js';

const PORT = Number(process.env['PORT'] ?? 3000);

if (!isRedisConfigured() && !(await isRedisThere())) {
  console.log(
    'No Redis is configured, and none listens at localhost:6379: starting one that ends with this program.',
  );
  configureRedis(await startRedisServer());
}

const app = await NestFactory.create(WorldCitiesModule);
app.enableShutdownHooks();
await app.listen(PORT, '127.0.0.1');

const url = await app.getUrl();
console.log(`
Try, the second time faster than the first ("hit" tells):
  curl '${url}/cities/nearest?latitude=52.3731&longitude=4.8926'
Keep an answer for two seconds only:
  curl '${url}/cities/nearest?latitude=37.566&longitude=126.9784&keepFor=2'
Forget every answer:
  curl -X DELETE ${url}/cities/nearest
Ctrl-C ends it.
`);
