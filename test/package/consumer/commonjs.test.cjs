// A CommonJS Jest cannot load ES modules: this is what the second build is for.
require('reflect-metadata');
const { randomUUID } = require('node:crypto');
const { NestFactory } = require('@nestjs/core');
const cache = require('@spakky/nestjs-redis-cache');
const { describeCacheContract } = require('@spakky/nestjs-redis-cache/testing');
const exercise = require('./exercise.cjs');

it('boots, caches and closes', () => exercise({ NestFactory, ...cache }));

const createCache = () => new cache.RedisCache({ keyPrefix: `${randomUUID()}:` });
describeCacheContract({ describe, it, createCache });
