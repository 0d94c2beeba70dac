// The least that an application needs: the module, an injected cache, and `result.hit` to tell a hit from a miss.
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
await app.listen(0, '127.0.0.1');
const url = `${await app.getUrl()}/profiles/42`;

for (const method of ['GET', 'GET', 'DELETE']) {
  const response = await fetch(url, { method });
  console.log(`${method} /profiles/42 → ${await response.text()}`);
}

await app.close();
