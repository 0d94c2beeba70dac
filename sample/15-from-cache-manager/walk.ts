import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const REQUESTS = [
  ['GET', '/products/1'],
  ['GET', '/products/1'],
  ['GET', '/names'],
  ['GET', '/names'],
  ['GET', '/count'],
  ['GET', '/count'],
  ['PUT', '/products/1/Stool'],
  ['GET', '/products/1'],
  ['GET', '/names'],
  ['DELETE', '/cache'],
  ['GET', '/count'],
  ['DELETE', '/cache'],
] as const;

/** Starts an application, asks it one thing after the other, and says what it answers. */
export async function walk(module: Type): Promise<void> {
  const app = await NestFactory.create(module, { logger: ['warn', 'error'] });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  for (const [method, path] of REQUESTS) {
    const response = await fetch(`${url}${path}`, { method });
    console.log(`${method} ${path} → ${(await response.text()) || response.status}`);
  }
  await app.close();
}
