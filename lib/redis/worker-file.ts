import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CacheConfigurationError } from '../contract/errors.js';
import { folder } from './worker-place.cjs';

/**
 * The program of the thread that talks to Redis while the caller's blocks: the one of the CommonJS build, whichever
 * build, or source, this is.
 *
 * @throws CacheConfigurationError when it is not there
 */
export function findWorkerFile(): string {
  const builds = basename(dirname(folder)) === 'lib' ? join(folder, '../../dist') : join(folder, '../..');
  const file = join(builds, 'cjs/redis/sync-worker.js');
  if (existsSync(file)) return file;
  throw new CacheConfigurationError([
    `sync expects the files of this package where it was installed, but there is no ${file}: a bundler has to leave the package out ("external")`,
  ]);
}
