// What a visitor of the shop sees, whichever way it was compiled: methods that are called once, and a healthy cache.
const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');

const answers = {
  '/page/1': ['page 1', 'page'],
  '/list/2': ['chairs of page 2', 'list'],
  '/price/chair': ['5', 'find'],
  '/watch/chair': ['5', 'watch'],
  '/visit/Ada': ['Ada by GET', 'greet'],
};

module.exports = async function exerciseShop({ NestFactory, ShopModule, Prices, called }) {
  const root = ShopModule.under(`${randomUUID()}:`);
  const app = await NestFactory.create(root, { logger: ['warn', 'error'], abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const ask = async (path) => {
    const response = await fetch((await app.getUrl()) + path, { headers: { connection: 'close' } });
    return { status: response.status, body: await response.text() };
  };

  for (const [path, [body, method]] of Object.entries(answers)) {
    called.length = 0;
    assert.deepEqual(await ask(path), { status: 200, body });
    assert.deepEqual(await ask(path), { status: 200, body });
    assert.deepEqual(called, [method]);
  }

  const prices = app.get(Prices);
  await prices.change('chair', 12);
  assert.equal((await ask('/price/chair')).body, '12');
  await prices.forget('chair');
  assert.equal((await ask('/price/chair')).body, '5');

  const { status, body } = await ask('/health');
  assert.equal(status, 200);
  assert.equal(JSON.parse(body).details.cache.status, 'up');
  await app.close();
};
