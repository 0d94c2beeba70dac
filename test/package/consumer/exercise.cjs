// What an application does with the package, whichever way it was loaded: boot, use the cache, close, end.
const assert = require('node:assert/strict');

class AppModule {}

module.exports = async function exercise({ NestFactory, RedisCacheModule, CACHE, CacheClosedError }) {
  const root = { module: AppModule, imports: [RedisCacheModule.forRoot({ sync: true })] };
  const app = await NestFactory.createApplicationContext(root, {
    logger: ['warn', 'error'],
    abortOnError: false,
  });
  const cache = app.get(CACHE);
  const profile = { name: 'Ada', born: new Date(0) };

  assert.equal((await cache.get('profile')).hit, false);
  await cache.set('profile', profile, { ttl: { minutes: 1 } });
  assert.deepEqual((await cache.get('profile')).value, profile);
  assert.equal(await cache.delete('profile'), true);

  // A thread loads the package a second time: also from a CommonJS Jest, and from the build that is imported.
  cache.setSync('profile', profile, { ttl: { minutes: 1 } });
  assert.deepEqual(cache.getSync('profile').value, profile);
  assert.deepEqual((await cache.get('profile')).value, profile);
  assert.equal(cache.deleteSync('profile'), true);

  await app.close();
  await assert.rejects(cache.get('profile'), CacheClosedError);
};
