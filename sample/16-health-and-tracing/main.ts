// Spans and metrics of what the cache does for a request, and a health check that tells whether Redis can be used.
// The trace of each request is printed before its answer.
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { startTelemetry } from './telemetry.js';

interface Details {
  readonly [name: string]: { readonly status: string; readonly code?: string };
}

const stopTelemetry = startTelemetry();
const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();

for (const path of ['/profiles/42', '/profiles/42']) {
  const response = await fetch(url + path);
  console.log(`${path} → ${await response.text()}`);
}
for (const path of ['/health', '/health/archive']) {
  const response = await fetch(url + path);
  const { details }: { details: Details } = JSON.parse(await response.text());
  const caches = Object.entries(details).map(([name, { status, code }]) =>
    [name, status, code].join(' ').trim(),
  );
  console.log(`${path} → ${response.status}: ${caches.join(', ')}`);
}

await app.close();
await stopTelemetry();
