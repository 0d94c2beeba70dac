import { Logger } from '@nestjs/common';

/** The logger of a cache: its lines name the cache that they are about. */
export function loggerOf(name: string | undefined): Logger {
  return new Logger(name === undefined ? 'RedisCacheModule' : `RedisCacheModule '${name}'`);
}
