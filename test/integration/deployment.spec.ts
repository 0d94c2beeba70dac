import { ConsoleLogger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RedisCacheModule } from '../../lib/module/redis-cache.module.js';
import { withPeer } from '../support/fake-peer.js';
import { useRedisServer } from '../support/redis-fixture.js';

const redis = useRedisServer({ maxmemory: '100mb', maxmemoryPolicy: 'allkeys-lru' });

afterEach(async () => {
  await redis.raw.call('FLUSHALL');
});

describe('The look at the server', () => {
  it('finds nothing to say about a server of its own', async () => {
    const cache = redis.newCache();
    await cache.set('key', 1);
    expect(await cache.inspectDeployment()).toEqual([]);
  });

  it('finds a memory policy that lets the cache push keys of others out', async () => {
    await redis.raw.set('session:42', 'precious');
    const [finding, ...others] = await redis.newCache().inspectDeployment();
    expect(finding).toContain('maxmemory-policy allkeys-lru');
    expect(others).toEqual([]);
  });

  it('finds nothing wrong with keys of others while nothing of theirs is evicted', async () => {
    await redis.raw.set('session:42', 'precious');
    await redis.raw.config('SET', 'maxmemory-policy', 'volatile-ttl');
    expect(await redis.newCache().inspectDeployment()).toEqual([]);
    await redis.raw.config('SET', 'maxmemory-policy', 'allkeys-lru');
  });

  it('finds values under the prefix that no cache of ours wrote, of any type', async () => {
    const keyPrefix = redis.newPrefix();
    for (const write of [
      () => redis.raw.set(`${keyPrefix}keyv`, '{"value":1}'),
      () => redis.raw.lpush(`${keyPrefix}list`, 'x'),
    ]) {
      await write();
      const [finding, ...others] = await redis.newCache({ keyPrefix }).inspectDeployment();
      expect(finding).toContain(
        `Under the prefix "${keyPrefix}" there are values that this cache did not write`,
      );
      expect(others).toEqual([]);
      await redis.raw.call('FLUSHALL');
    }
  });

  it('finds entries of another version of the wire format, and names both', async () => {
    const keyPrefix = redis.newPrefix();
    const cache = redis.newCache({ keyPrefix });
    await cache.set('key', 1);
    await redis.raw.setrange(`${keyPrefix}key`, 2, '\u0007');
    const [finding, ...others] = await cache.inspectDeployment();
    expect(finding).toMatch(/version 7 of the wire format.*writes version 1/);
    expect(others).toEqual([]);
  });

  it('finds a server that is older than any that is tested', async () => {
    const info = 'redis_version:6.0.16\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n';
    const replies: Readonly<Record<string, string>> = {
      ping: '+PONG\r\n',
      info: `$${info.length}\r\n${info}\r\n`,
      scan: '*2\r\n$1\r\n0\r\n*0\r\n',
    };
    await withPeer({ answer: (command) => replies[command] }, async (port) => {
      const cache = redis.newCacheAt({ host: '127.0.0.1', port, socketTimeout: 500 });
      expect(await cache.inspectDeployment()).toEqual([
        'The server is of version 6.0.16; 6.2 is the oldest that is tested',
      ]);
    });
  });

  it('leaves out what the server does not let one look at', async () => {
    await redis.raw.call('ACL', 'SETUSER', 'least', 'on', '>secret', '~least:*', '+ping', '+get', '+set');
    await redis.raw.set('least:foreign', 'x');
    const login = { username: 'least', password: 'secret', keyPrefix: 'least:' };
    const cache = redis.newCacheAt({ ...redis.address, ...login });
    expect(await cache.inspectDeployment()).toEqual([]);
  });

  it('is taken by the module when it starts, and told once through the Nest logger', async () => {
    await redis.raw.set('session:42', 'precious');
    const warnings: unknown[] = [];
    const logger = new ConsoleLogger({ logLevels: ['warn'] });
    logger.warn = (...line: unknown[]) => void warnings.push(line);
    const imports = [RedisCacheModule.forRoot({ ...redis.address, name: 'prices' })];
    const testing = await Test.createTestingModule({ imports }).setLogger(logger).compile();
    const app = await testing.init();
    await app.close();
    expect(warnings).toEqual([[expect.stringContaining('maxmemory-policy'), "RedisCacheModule 'prices'"]]);
  });
});
