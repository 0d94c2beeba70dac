// Decides once per run where its Redis servers come from, and opens the folder that collects them.
import { mkdtemp } from 'node:fs/promises';
import { register } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default async function setUp() {
  register('./typescript-loader.mjs', import.meta.url);
  const { getRedisSource } = await import('./redis-server-source.ts');
  await getRedisSource();
  process.env.SPAKKY_TEST_RUN_FOLDER = await mkdtemp(join(tmpdir(), 'spakky-test-'));
}
