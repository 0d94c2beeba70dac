require('reflect-metadata');
const { NestFactory } = require('@nestjs/core');
const cache = require('@spakky/nestjs-redis-cache');
const shop = require('./cjs/shop.js');
const exercise = require('./exercise.cjs');
const exerciseShop = require('./exercise-shop.cjs');

async function main() {
  await exercise({ NestFactory, ...cache });
  await exerciseShop({ NestFactory, ...shop });
  // One process never holds two copies: instanceof and the module's own state would be split.
  const { CacheHit } = await import('@spakky/nestjs-redis-cache');
  if (CacheHit !== cache.CacheHit) throw new Error('require() and import() lead to different copies');
}

void main();
