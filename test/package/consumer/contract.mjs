// The published contract suite, run by a test runner that is not ours.
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { RedisCache } from '@spakky/nestjs-redis-cache';
import { describeCacheContract } from '@spakky/nestjs-redis-cache/testing';

describeCacheContract({ describe, it, createCache: () => new RedisCache({ keyPrefix: `${randomUUID()}:` }) });
